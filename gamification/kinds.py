"""The kinds of achievements: what their criteria may say, and how pages put them; pure, no database.

Criteria are {"type": "practice_count", "value": 10}, narrowed to one hack or one category where the kind allows it:
{"type": "practice_count", "value": 10, "hack": "energy-ball"}. How each kind is counted stands in
sql/achievements_by_*.sql, one file for the kinds that are read from the same rows.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

MOST = 99_999


class Kind(NamedTuple):
    label: str
    """For staff."""
    counted_by: str
    """The end of the name of the file that counts it."""
    units: tuple[str, str]
    """One of what is counted, and several: "12 of 30 days"."""
    once: str
    """What is asked for where the value is 1."""
    often: str
    any_hack: str = ""
    """What stands for {hack} where the criteria name none."""
    narrowed_by: frozenset[str] = frozenset()
    least: int = 1
    most: int = MOST
    source: str = ""
    """Of the awards in the XP ledger that are counted, where it is those."""
    next_step: tuple[str, str] | None = None
    """The name of an address, and what leads there; None where the product has no page for it yet."""


HACK, CATEGORY = "hack", "category"
PRACTISE = ("practice:today", "Practise today")
VERIFICATION = "community:verification-list"

KINDS: dict[str, Kind] = {
    "streak": Kind(
        label="Days in a row with a check-in",
        counted_by="streak",
        units=("day", "days"),
        once="Check in for the first time",
        often="Check in on {n} days in a row",
        next_step=("practice:checkin", "Check in"),
    ),
    "practice_count": Kind(
        label="Practices",
        counted_by="practice",
        units=("practice", "practices"),
        once="Practise{hack} once{category}",
        often="Practise{hack} {n} times{category}",
        narrowed_by=frozenset({HACK, CATEGORY}),
        next_step=PRACTISE,
    ),
    "practice_minutes": Kind(
        label="Minutes of practice",
        counted_by="practice",
        units=("minute", "minutes"),
        once="Practise{hack} for a minute{category}",
        often="Practise{hack} for {n} minutes{category}",
        narrowed_by=frozenset({HACK, CATEGORY}),
        next_step=PRACTISE,
    ),
    "hacks_tried": Kind(
        label="Different hacks practised",
        counted_by="practice",
        units=("hack", "hacks"),
        once="Try a hack{category}",
        often="Try {n} different hacks{category}",
        narrowed_by=frozenset({CATEGORY}),
        next_step=("hacks:hack-list", "Find a hack"),
    ),
    "days_active": Kind(
        label="Different days with practice",
        counted_by="days",
        units=("day", "days"),
        once="Practise on one day",
        often="Practise on {n} different days",
        next_step=PRACTISE,
    ),
    "verification": Kind(
        label="Hacks verified by peers",
        counted_by="deeds",
        units=("hack", "hacks"),
        once="Have your peers verify{hack}",
        often="Have your peers verify {n} hacks",
        any_hack=" a hack",
        narrowed_by=frozenset({HACK}),
        source="verification",
        next_step=(VERIFICATION, "See what can be verified"),
    ),
    "reviews_given": Kind(
        label="Reviews given",
        counted_by="deeds",
        units=("review", "reviews"),
        once="Review what a peer has submitted",
        often="Review {n} submissions of your peers",
        source="review",
        next_step=(VERIFICATION, "See who waits for a review"),
    ),
    "validations": Kind(
        label="Validations given",
        counted_by="deeds",
        units=("validation", "validations"),
        once="Validate a practice that somebody shared",
        often="Validate {n} practices that others shared",
        source="validation",
    ),
    "teaching": Kind(
        label="Practices taught",
        counted_by="deeds",
        units=("time", "times"),
        once="Teach a practice to somebody",
        often="Teach {n} times",
        source="teaching",
    ),
    "group": Kind(
        label="Group sessions",
        counted_by="deeds",
        units=("group session", "group sessions"),
        once="Take part in a group session",
        often="Take part in {n} group sessions",
        source="group",
    ),
    "referral": Kind(
        label="Friends who practise because of them",
        counted_by="deeds",
        units=("friend", "friends"),
        once="Invite a friend who then practises",
        often="Invite {n} friends who then practise",
        source="referral",
    ),
    "level": Kind(
        label="Level reached",
        counted_by="level",
        units=("level", "levels"),
        once="Reach level {n}{category}",
        often="Reach level {n}{category}",
        narrowed_by=frozenset({CATEGORY}),
        # Everybody begins at 1.
        least=2,
        next_step=("gamification:xp-rules", "See what brings XP"),
    ),
    "challenge": Kind(
        label="Challenges completed",
        counted_by="deeds",
        units=("challenge", "challenges"),
        once="Complete a challenge",
        often="Complete {n} challenges",
        source="challenge",
        next_step=("gamification:challenge-list", "See the challenges"),
    ),
    "graduation": Kind(
        label="Graduation",
        counted_by="deeds",
        units=("graduation", "graduations"),
        once="Graduate",
        often="Graduate",
        most=1,
        source="graduation",
    ),
}

# What the statement that counts deeds needs to know: from the kind to the source in the ledger.
SOURCES = {name: kind.source for name, kind in KINDS.items() if kind.source}

# Kinds by the file that counts them, in the order in which they are evaluated.
FAMILIES: dict[str, list[str]] = {}
for _name, _kind in KINDS.items():
    FAMILIES.setdefault(_kind.counted_by, []).append(_name)


def validate_criteria(criteria: Any, kinds: Mapping[str, Kind] = KINDS) -> None:
    """Refuse what could not be counted; whether a named hack or category exists is the form's to say."""
    if not isinstance(criteria, dict):
        raise ValidationError('Write an object such as {"type": "streak", "value": 7}.', code="shape")
    kind = kinds.get(str(criteria.get("type")))
    if kind is None:
        raise ValidationError(f"Choose a type: {', '.join(kinds)}.", code="type")
    _validate_value(criteria.get("value"), kind)
    narrowed = criteria.keys() - {"type", "value"}
    if unknown := narrowed - kind.narrowed_by:
        raise ValidationError(f"“{kind.label}” can't be narrowed by: {', '.join(sorted(unknown))}.", code="option")
    if len(narrowed) > 1:
        raise ValidationError("Narrow it to a hack or to a category, not to both.", code="both")
    if not all(isinstance(criteria[name], str) and criteria[name] for name in narrowed):
        raise ValidationError("Name the hack by its slug, the category by its name.", code="name")
    if criteria["type"] == "verification" and narrowed and criteria["value"] != 1:
        raise ValidationError("One hack is verified once: the value is 1.", code="value")


def _validate_value(value: Any, kind: Kind) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if is_whole and kind.least <= value <= kind.most:
        return
    if kind.least == kind.most:
        raise ValidationError(f"The value of “{kind.label}” is {kind.least}.", code="value")
    raise ValidationError(f"The value must be a whole number from {kind.least} to {kind.most}.", code="value")


def asked_for(
    criteria: Mapping[str, Any], *, hack: str = "", category: str = "", kinds: Mapping[str, Kind] = KINDS
) -> str:
    """What it takes, as an invitation; `hack` and `category` are the names that people know them by."""
    kind, number = kinds[criteria["type"]], criteria["value"]
    return (kind.once if number == 1 else kind.often).format(
        n=f"{number:,}",
        hack=f" {hack}" if hack else kind.any_hack,
        category=f" in {category}" if category else "",
    )


class Progress(NamedTuple):
    """How far somebody has come: "12 of 30 days"."""

    done: int
    needed: int
    unit: str

    @property
    def share(self) -> float:
        return self.done / self.needed


def progress_towards(criteria: Mapping[str, Any], value: int, kinds: Mapping[str, Kind] = KINDS) -> Progress:
    """Never more done than is needed: what counts further belongs to the next achievement."""
    kind, needed = kinds[criteria["type"]], criteria["value"]
    # Where the least to ask for is 2, everybody has 1.
    return Progress(min(max(value, kind.least - 1), needed), needed, kind.units[needed > 1])
