"""What challenges count and what they bring, and how pages put it; pure, no database.

How it is counted stands in sql/score_challenges.sql.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError

from gamification import kinds
from gamification.kinds import CATEGORY, HACK, KINDS, Kind

# What was practised offline, or is still running when a challenge ends, has this long to arrive: a timer runs for six
# hours at most, and a forgotten one is finished after twelve.
GRACE = timedelta(hours=24)
MOST_XP = 9_999

# What can be counted within some days, by the criteria's type.
AIMS: dict[str, Kind] = {
    "practice_count": KINDS["practice_count"],
    "practice_minutes": KINDS["practice_minutes"],
    "days_active": KINDS["days_active"]._replace(
        once="Practise{hack} on one day{category}",
        often="Practise{hack} on {n} different days{category}",
        narrowed_by=frozenset({HACK, CATEGORY}),
    ),
    "hacks_tried": KINDS["hacks_tried"],
    "checkins": Kind(
        label="Check-ins",
        counted_by="checkins",
        units=("check-in", "check-ins"),
        once="Check in once",
        often="Check in {n} times",
        next_step=("practice:checkin", "Check in"),
    ),
}
# What is said beside the aim: which practices are not of it.
COUNTED = {
    "checkins": "A check-in counts if you make it during the challenge, but not for a day that was over before.",
    "": "A practice counts if it begins during the challenge and lasts a minute or longer. Log it within a week, "
    "and no later than a day after the end.",
}

asked_for = partial(kinds.asked_for, kinds=AIMS)
progress_towards = partial(kinds.progress_towards, kinds=AIMS)


def validate_aim(criteria: Any) -> None:
    kinds.validate_criteria(criteria, AIMS)


def unit_of(criteria: Mapping[str, Any], number: int) -> str:
    return AIMS[criteria["type"]].units[number != 1]


def counted_words(criteria: Mapping[str, Any]) -> str:
    return COUNTED.get(criteria["type"], COUNTED[""])


def validate_reward(kind: str, value: Any) -> None:
    """Refuse a reward that says too little or too much: {"xp": 100}, {"achievement": "a-slug"}, or nothing."""
    match kind, value:
        case "xp", {"xp": int(amount)} if len(value) == 1 and not isinstance(amount, bool) and 1 <= amount <= MOST_XP:
            return
        case "achievement", {"achievement": str(slug)} if len(value) == 1 and slug:
            return
        case (("" | "rest_day"), {}) if not value:
            return
        case "xp", {"achievement": _}:
            raise ValidationError("Leave the achievement empty: this reward is XP.", code="reward")
        case "achievement", {"xp": _}:
            raise ValidationError("Leave the XP empty: this reward is an achievement.", code="reward")
    words = {
        "xp": f"Say how much XP: a whole number from 1 to {MOST_XP:,}.",
        "achievement": "Choose the achievement.",
    }
    raise ValidationError(words.get(kind, "Leave both empty: this reward has no value."), code="reward")


def time_until(moment: datetime, now: datetime) -> str:
    """How long it is, as people count: "3 days", "5 hours", "less than an hour"; rounded down."""
    seconds = max((moment - now).total_seconds(), 0)
    for unit, size in (("day", 86400), ("hour", 3600)):
        if number := int(seconds // size):
            # One and a half days are more than "1 day", which would be taken for the last.
            if unit == "day" and number == 1:
                continue
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "less than an hour"


def ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
