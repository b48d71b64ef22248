"""The hacks that the catalogue shows for a set of filters, and their order."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import F, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.models import Member
from hacks.models import Hack, HackQuerySet

LENGTHS = [
    ("5", "Up to 5 minutes"),
    ("10", "Up to 10 minutes"),
    ("20", "Up to 20 minutes"),
    ("longer", "More than 20 minutes"),
]
DIFFICULTIES = [
    ("1", "1 · Very easy"),
    ("2", "2 · Easy"),
    ("3", "3 · Moderate"),
    ("4", "4 · Demanding"),
    ("5", "5 · Advanced"),
]
STATES = [
    ("unlocked", "Unlocked"),
    ("locked", "Locked"),
    ("favourite", "Favourites"),
    ("tried", "Practised"),
]
SORTS = [("name", "Name"), ("shortest", "Shortest first"), ("difficulty", "Easiest first")]

# The recommended order goes through the categories, and in each from easy to hard.
RECOMMENDED = ("category__sort_order", "category__name", "position", "difficulty_level", "name", "pk")
ORDERS: dict[str, tuple[str, ...]] = {
    "name": ("name", "pk"),
    "shortest": ("duration_minutes", *RECOMMENDED),
    "difficulty": ("difficulty_level", *RECOMMENDED),
}

STATE_CONDITIONS = {
    "unlocked": Q(is_open=True),
    "locked": Q(is_open=False),
    "favourite": Q(is_favourite=True),
    "tried": Q(practice_count__gt=0),
}
FILTERS: dict[str, Callable[[HackQuerySet, Any], HackQuerySet]] = {
    "category": lambda hacks, name: hacks.filter(category__name=name),
    "difficulty": lambda hacks, level: hacks.filter(difficulty_level=level),
    "length": lambda hacks, length: (
        hacks.filter(duration_minutes__gt=20) if length == "longer" else hacks.filter(duration_minutes__lte=length)
    ),
    "gateway": lambda hacks, _: hacks.filter(is_gateway=True),
    "state": lambda hacks, state: hacks.filter(STATE_CONDITIONS[state]),
    "q": lambda hacks, text: hacks.matching(text),
}


def find_hacks(member: Member | None, filters: Mapping[str, Any]) -> HackQuerySet:
    """Return the published hacks that pass every filter, annotated with the member's progress.

    `filters` maps keys of `FILTERS`, and "sort", to values. All are optional. A search without "sort" puts the best
    match first.
    """
    hacks = Hack.objects.published().with_progress_of(member)
    for name, narrow in FILTERS.items():
        if name in filters:
            hacks = narrow(hacks, filters[name])
    if "q" in filters and "sort" not in filters:
        return hacks.order_by(F("relevance").desc(), *RECOMMENDED)
    return hacks.order_by(*ORDERS.get(filters.get("sort", ""), RECOMMENDED))


class HackCard(NamedTuple):
    """A hack in the catalogue as one member or a visitor sees it."""

    name: str
    slug: str
    short_description: str
    duration_minutes: int
    difficulty_level: int
    is_gateway: bool
    category: str
    category_title: str
    icon: str
    is_open: bool
    is_favourite: bool
    practice_count: int
    is_for_member: bool

    @property
    def url(self) -> str:
        return reverse("hacks:hack-detail", args=[self.slug])

    @property
    def state(self) -> str:
        if self.practice_count:
            return "practised"
        # Visitors can read every guide, so nothing is locked for them.
        return "open" if self.is_open or not self.is_for_member else "locked"

    @property
    def html(self) -> SafeString:
        return _render_card(self)


CARD_FIELDS = (
    "name", "slug", "short_description", "duration_minutes", "difficulty_level", "is_gateway",
    "category__name", "category__title", "category__icon_url", "is_open", "is_favourite", "practice_count",
)  # fmt: skip


# The cache key holds everything that a card shows, so an edited hack gets a new entry and needs no invalidation.
@lru_cache(maxsize=4096)
def _render_card(card: HackCard) -> SafeString:
    return SafeString(render_to_string("hacks/_card.html", {"card": card}))
