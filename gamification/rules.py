"""The rules of XP: the amounts, the daily limits and the curve of levels.

docs/decisions/xp.md gives the reasons. The SQL function app.xp_due receives the rules for practice and check-ins as a
parameter. app.level_of in SQL has the same curve, and a test compares both.
"""

from math import isqrt
from typing import NamedTuple

MIN_COUNTED_SECONDS = 60
# A practice brings XP only if it is logged within this many days.
LOGGING_DEADLINE_DAYS = 7
LEVEL_STEP = 100


class XpRule(NamedTuple):
    """The XP for one source of awards. `label` and `plural_label` name the activity on pages."""

    label: str
    plural_label: str
    amount: int | None  # None if each award has an amount of its own (an achievement's points, a challenge's reward).
    per_minute: int = 0
    max_minutes: int = 0
    daily_limit: int | None = None  # Awards beyond it on a member's local day are written with 0 XP.
    limit_text: str = ""  # The limit on the page, if there is no daily limit.
    is_offered: bool = True  # False hides the rule from pages while the product lacks the activity.


# By XpEntry.Source.
XP_RULES: dict[str, XpRule] = {
    "session": XpRule("Practice of a minute or longer", "Practices", 10, per_minute=1, max_minutes=30, daily_limit=5),
    "checkin": XpRule("Check-in", "Check-ins", 5, daily_limit=1),
    "review": XpRule("Review of a peer's submission", "Reviews", 15, daily_limit=4),
    "verification": XpRule("Verified hack", "Verified hacks", 100, limit_text="Once per hack"),
    "achievement": XpRule("Achievement", "Achievements", None, limit_text="Once each"),
    "challenge": XpRule("Challenge with an XP reward", "Challenges", None, limit_text="Once each"),
    "validation": XpRule("Validation of a shared practice", "Validations", 5, daily_limit=5, is_offered=False),
    "teaching": XpRule("Practice taught", "Practices taught", 40, daily_limit=2, is_offered=False),
    "group": XpRule("Group session", "Group sessions", 20, daily_limit=2, is_offered=False),
    "referral": XpRule("Invited friend who practises", "Invited friends", 50, daily_limit=2, is_offered=False),
    "graduation": XpRule("Graduation", "Graduations", 500, is_offered=False),
}


def level_of(xp: int) -> int:
    """Return the level of an amount of XP (0 or more): the highest n with xp_for_level(n) <= xp."""
    return (1 + isqrt(1 + 8 * xp // LEVEL_STEP)) // 2


def xp_for_level(level: int) -> int:
    """Return the XP at which a level begins: 0, 100, 300, 600, 1000. Each level takes LEVEL_STEP more than the last."""
    return LEVEL_STEP * level * (level - 1) // 2
