"""The rules of XP: what each deed brings, what a day can bring, and the curve of levels.

docs/decisions/xp.md says why. The amounts of practice and check-ins go from here to app.xp_due in sql/xp.sql; the curve
is there too (app.level_of), and a test holds the two together.
"""

from math import isqrt
from typing import NamedTuple

LEAST_SECONDS = 60
LATEST_LOGGED_DAYS = 7
LEVEL_STEP = 100


class XpRule(NamedTuple):
    """What a deed brings; `deed` says it to learners, `deeds` names what a day has of them."""

    deed: str
    deeds: str
    amount: int | None  # None: each brings its own (an achievement's points, a challenge's reward).
    per_minute: int = 0
    most_minutes: int = 0
    a_day: int | None = None  # How many bring XP a local day; those beyond it are deeds all the same.
    limit: str = ""  # What is said where a day has no limit.
    is_offered: bool = True  # Off where the product does not have the deed yet: no page promises it.


# By XpEntry.Source.
XP_RULES: dict[str, XpRule] = {
    "session": XpRule("A practice of a minute or longer", "Practices", 10, per_minute=1, most_minutes=30, a_day=5),
    "checkin": XpRule("A check-in", "Check-ins", 5, a_day=1),
    "review": XpRule("A review of somebody's verification", "Reviews", 15, a_day=4),
    "verification": XpRule("A hack that your peers, or staff, verified", "Verified hacks", 100, limit="Once a hack"),
    "achievement": XpRule("An achievement", "Achievements", None, limit="Once each"),
    "challenge": XpRule("A challenge with XP as its reward", "Challenges", None, limit="Once each"),
    "validation": XpRule(
        "A practice of somebody else's that you validated", "Validations", 5, a_day=5, is_offered=False
    ),
    "teaching": XpRule("A practice that you taught", "Practices taught", 40, a_day=2, is_offered=False),
    "group": XpRule("A practice in a group", "Group practices", 20, a_day=2, is_offered=False),
    "referral": XpRule("A friend who practises because of you", "Friends", 50, a_day=2, is_offered=False),
    "graduation": XpRule("Graduation", "Graduation", 500, is_offered=False),
}


def level_of(xp: int) -> int:
    """The level that an amount of XP, not negative, has reached: the highest n with xp_for_level(n) <= xp."""
    return (1 + isqrt(1 + 8 * xp // LEVEL_STEP)) // 2


def xp_for_level(level: int) -> int:
    """Where a level begins: 0, 100, 300, 600, 1000; each takes LEVEL_STEP more than the one before."""
    return LEVEL_STEP * level * (level - 1) // 2
