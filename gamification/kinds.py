"""The kinds of achievements: which criteria are valid, and their words on pages. Pure code, no database.

Criteria look like {"type": "practice_count", "value": 10}. Some kinds can be narrowed to one hack or one category:
{"type": "practice_count", "value": 10, "hack": "energy-ball"}. The files sql/achievements_by_*.sql count the kinds. One
file counts all kinds that read the same rows.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

MAX_CRITERION_VALUE = 99_999


class Kind(NamedTuple):
    label: str
    """The name in the admin."""
    counted_by: str
    """The SQL file that counts the kind: achievements_by_<counted_by>.sql."""
    units: tuple[str, str]
    """The unit in the singular and the plural, as in "12 of 30 days"."""
    text_for_one: str
    """The task if the value is 1."""
    text_for_many: str
    """The task if the value is greater than 1."""
    any_hack: str = ""
    """The replacement for {hack} if the criteria name no hack."""
    narrowed_by: frozenset[str] = frozenset()
    min_value: int = 1
    max_value: int = MAX_CRITERION_VALUE
    source: str = ""
    """The source of the counted awards, if the kind is counted from the XP ledger."""
    next_step: tuple[str, str] | None = None
    """A URL name and the text of the link; None if the product has no page for the activity yet."""


HACK, CATEGORY = "hack", "category"
PRACTISE_STEP = ("practice:today", "Practise today")
VERIFICATION_URL = "community:verification-list"

KINDS: dict[str, Kind] = {
    "streak": Kind(
        label="Days in a row with a check-in",
        counted_by="streak",
        units=("day", "days"),
        text_for_one="Check in for the first time",
        text_for_many="Check in on {n} days in a row",
        next_step=("practice:checkin", "Check in"),
    ),
    "practice_count": Kind(
        label="Practices",
        counted_by="practice",
        units=("practice", "practices"),
        text_for_one="Practise{hack} once{category}",
        text_for_many="Practise{hack} {n} times{category}",
        narrowed_by=frozenset({HACK, CATEGORY}),
        next_step=PRACTISE_STEP,
    ),
    "practice_minutes": Kind(
        label="Minutes of practice",
        counted_by="practice",
        units=("minute", "minutes"),
        text_for_one="Practise{hack} for a minute{category}",
        text_for_many="Practise{hack} for {n} minutes{category}",
        narrowed_by=frozenset({HACK, CATEGORY}),
        next_step=PRACTISE_STEP,
    ),
    "hacks_tried": Kind(
        label="Different hacks practised",
        counted_by="practice",
        units=("hack", "hacks"),
        text_for_one="Try a hack{category}",
        text_for_many="Try {n} different hacks{category}",
        narrowed_by=frozenset({CATEGORY}),
        next_step=("hacks:hack-list", "Find a hack"),
    ),
    "days_active": Kind(
        label="Different days with practice",
        counted_by="days",
        units=("day", "days"),
        text_for_one="Practise on one day",
        text_for_many="Practise on {n} different days",
        next_step=PRACTISE_STEP,
    ),
    "verification": Kind(
        label="Hacks verified by peers",
        counted_by="awards",
        units=("hack", "hacks"),
        text_for_one="Get{hack} verified by your peers",
        text_for_many="Get {n} hacks verified by your peers",
        any_hack=" a hack",
        narrowed_by=frozenset({HACK}),
        source="verification",
        next_step=(VERIFICATION_URL, "Go to verification"),
    ),
    "reviews_given": Kind(
        label="Reviews given",
        counted_by="awards",
        units=("review", "reviews"),
        text_for_one="Review a peer's submission",
        text_for_many="Review {n} submissions",
        source="review",
        next_step=(VERIFICATION_URL, "Find a submission to review"),
    ),
    "validations": Kind(
        label="Validations given",
        counted_by="awards",
        units=("validation", "validations"),
        text_for_one="Validate a shared practice",
        text_for_many="Validate {n} shared practices",
        source="validation",
    ),
    "teaching": Kind(
        label="Practices taught",
        counted_by="awards",
        units=("time", "times"),
        text_for_one="Teach someone a practice",
        text_for_many="Teach {n} times",
        source="teaching",
    ),
    "group": Kind(
        label="Group sessions",
        counted_by="awards",
        units=("group session", "group sessions"),
        text_for_one="Join a group session",
        text_for_many="Join {n} group sessions",
        source="group",
    ),
    "referral": Kind(
        label="Invited friends who practise",
        counted_by="awards",
        units=("friend", "friends"),
        text_for_one="Invite a friend who then practises",
        text_for_many="Invite {n} friends who then practise",
        source="referral",
    ),
    "level": Kind(
        label="Level reached",
        counted_by="level",
        units=("level", "levels"),
        text_for_one="Reach level {n}{category}",
        text_for_many="Reach level {n}{category}",
        narrowed_by=frozenset({CATEGORY}),
        # Each member starts at level 1.
        min_value=2,
        next_step=("gamification:xp-rules", "See how to earn XP"),
    ),
    "challenge": Kind(
        label="Challenges completed",
        counted_by="awards",
        units=("challenge", "challenges"),
        text_for_one="Complete a challenge",
        text_for_many="Complete {n} challenges",
        source="challenge",
        next_step=("gamification:challenge-list", "See challenges"),
    ),
    "graduation": Kind(
        label="Graduation",
        counted_by="awards",
        units=("graduation", "graduations"),
        text_for_one="Graduate",
        text_for_many="Graduate",
        max_value=1,
        source="graduation",
    ),
}

# The ledger's source for each kind that achievements_by_awards.sql counts.
XP_SOURCES = {name: kind.source for name, kind in KINDS.items() if kind.source}

# The kinds by the SQL file that counts them, in the order of evaluation.
KINDS_BY_FILE: dict[str, list[str]] = {}
for _name, _kind in KINDS.items():
    KINDS_BY_FILE.setdefault(_kind.counted_by, []).append(_name)


def validate_criteria(criteria: Any, kinds: Mapping[str, Kind] = KINDS) -> None:
    """Raise ValidationError if the criteria can't be counted.

    The form checks that a named hack or category exists.
    """
    if not isinstance(criteria, dict):
        raise ValidationError('Enter an object like {"type": "streak", "value": 7}.', code="shape")
    kind = kinds.get(str(criteria.get("type")))
    if kind is None:
        raise ValidationError(f"Choose a type: {', '.join(kinds)}.", code="type")
    _validate_value(criteria.get("value"), kind)
    narrowed = criteria.keys() - {"type", "value"}
    if unknown := narrowed - kind.narrowed_by:
        raise ValidationError(f"“{kind.label}” can't be narrowed by: {', '.join(sorted(unknown))}.", code="option")
    if len(narrowed) > 1:
        raise ValidationError("Choose a hack or a category, not both.", code="both")
    if not all(isinstance(criteria[name], str) and criteria[name] for name in narrowed):
        raise ValidationError("Use the slug of the hack, or the name of the category.", code="name")
    if criteria["type"] == "verification" and narrowed and criteria["value"] != 1:
        raise ValidationError("Enter 1: a hack is verified only once.", code="value")


def _validate_value(value: Any, kind: Kind) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if is_whole and kind.min_value <= value <= kind.max_value:
        return
    if kind.min_value == kind.max_value:
        raise ValidationError(f"Enter {kind.min_value} as the value of “{kind.label}”.", code="value")
    raise ValidationError(f"Enter a whole number from {kind.min_value} to {kind.max_value}.", code="value")


def describe_criteria(
    criteria: Mapping[str, Any], *, hack: str = "", category: str = "", kinds: Mapping[str, Kind] = KINDS
) -> str:
    """Return the task that the criteria set, as a sentence. `hack` and `category` are the names shown to members."""
    kind, number = kinds[criteria["type"]], criteria["value"]
    return (kind.text_for_one if number == 1 else kind.text_for_many).format(
        n=f"{number:,}",
        hack=f" {hack}" if hack else kind.any_hack,
        category=f" in {category}" if category else "",
    )


class Progress(NamedTuple):
    """A member's progress, as in "12 of 30 days"."""

    done: int
    needed: int
    unit: str

    @property
    def share(self) -> float:
        return self.done / self.needed


def progress_towards(criteria: Mapping[str, Any], value: int, kinds: Mapping[str, Kind] = KINDS) -> Progress:
    """Return the progress towards the criteria, capped at the value that they need."""
    kind, needed = kinds[criteria["type"]], criteria["value"]
    # For a kind with the minimum 2 (level), each member has at least 1.
    return Progress(min(max(value, kind.min_value - 1), needed), needed, kind.units[needed > 1])
