"""The rules of challenges: criteria, rewards and their words on pages. Pure code, no database.

sql/score_challenges.sql counts the scores.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError

from gamification import kinds
from gamification.kinds import CATEGORY, HACK, KINDS, Kind

# The time after the end of a challenge in which late practice still counts. A phone may have been offline. A timer runs
# for up to six hours, and a forgotten one is finished after twelve.
GRACE_PERIOD = timedelta(hours=24)
MAX_REWARD_XP = 9_999

# The kinds that can be counted within a period, by the criteria's type.
CHALLENGE_KINDS: dict[str, Kind] = {
    "practice_count": KINDS["practice_count"],
    "practice_minutes": KINDS["practice_minutes"],
    "days_active": KINDS["days_active"]._replace(
        text_for_one="Practise{hack} on one day{category}",
        text_for_many="Practise{hack} on {n} different days{category}",
        narrowed_by=frozenset({HACK, CATEGORY}),
    ),
    "hacks_tried": KINDS["hacks_tried"],
    "checkins": Kind(
        label="Check-ins",
        counted_by="checkins",
        units=("check-in", "check-ins"),
        text_for_one="Check in once",
        text_for_many="Check in {n} times",
        next_step=("practice:checkin", "Check in"),
    ),
}
# The explanation of what counts, by the criteria's type; "" for all other types.
COUNTING_RULES = {
    "checkins": "Check in during the challenge. A check-in for a day that ended before the start doesn't count.",
    "": "A practice counts if you start it during the challenge and keep going for at least a minute. Log it within a "
    "week, and no later than a day after the challenge ends.",
}

describe_criteria = partial(kinds.describe_criteria, kinds=CHALLENGE_KINDS)
progress_towards = partial(kinds.progress_towards, kinds=CHALLENGE_KINDS)


def validate_challenge_criteria(criteria: Any) -> None:
    kinds.validate_criteria(criteria, CHALLENGE_KINDS)


def unit_of(criteria: Mapping[str, Any], number: int) -> str:
    return CHALLENGE_KINDS[criteria["type"]].units[number != 1]


def counting_rule(criteria: Mapping[str, Any]) -> str:
    return COUNTING_RULES.get(criteria["type"], COUNTING_RULES[""])


def validate_reward(kind: str, value: Any) -> None:
    """Raise ValidationError if the value does not fit the kind of reward.

    Valid values are {"xp": 100} for XP, {"achievement": "a-slug"} for an achievement, and {} for the others.
    """
    match kind, value:
        case "xp", {"xp": int(amount)} if (
            len(value) == 1 and not isinstance(amount, bool) and 1 <= amount <= MAX_REWARD_XP
        ):
            return
        case "achievement", {"achievement": str(slug)} if len(value) == 1 and slug:
            return
        case (("" | "rest_day"), {}) if not value:
            return
        case "xp", {"achievement": _}:
            raise ValidationError("Leave the achievement empty: the reward is XP.", code="reward")
        case "achievement", {"xp": _}:
            raise ValidationError("Leave the XP empty: the reward is an achievement.", code="reward")
    words = {
        "xp": f"Enter the XP as a whole number from 1 to {MAX_REWARD_XP:,}.",
        "achievement": "Choose an achievement.",
    }
    raise ValidationError(words.get(kind, "Leave both fields empty: this reward needs neither."), code="reward")


def time_until(moment: datetime, now: datetime) -> str:
    """Return the time until a moment, rounded down: "3 days", "5 hours", "less than an hour"."""
    seconds = max((moment - now).total_seconds(), 0)
    for unit, size in (("day", 86400), ("hour", 3600)):
        if number := int(seconds // size):
            # Count 24 to 47 hours in hours: "1 day" would read as if the last day had begun.
            if unit == "day" and number == 1:
                continue
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "less than an hour"


def ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
