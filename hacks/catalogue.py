"""Which hacks the catalogue shows for a set of filters, and in what order."""

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
    ("unlocked", "Open to me"),
    ("locked", "Still locked"),
    ("favourite", "My favourites"),
    ("tried", "Practised before"),
]
SORTS = [("name", "Name"), ("shortest", "Shortest first"), ("difficulty", "Easiest first")]

# The recommended order is the path through the library: a category's hacks from easy to hard.
RECOMMENDED = ("category__sort_order", "category__name", "position", "difficulty_level", "name", "pk")
ORDERS: dict[str, tuple[str, ...]] = {
    "name": ("name", "pk"),
    "shortest": ("duration_minutes", *RECOMMENDED),
    "difficulty": ("difficulty_level", *RECOMMENDED),
}

IN_STATE = {
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
    "state": lambda hacks, state: hacks.filter(IN_STATE[state]),
    "q": lambda hacks, text: hacks.matching(text),
}


def find_hacks(member: Member | None, filters: Mapping[str, Any]) -> HackQuerySet:
    """The published hacks that pass every filter, annotated with the member's progress.

    A search puts what matches best first, unless another order is asked for.
    """
    hacks = Hack.objects.published().with_progress_of(member)
    for name, narrow in FILTERS.items():
        if name in filters:
            hacks = narrow(hacks, filters[name])
    if "q" in filters and "sort" not in filters:
        return hacks.order_by(F("relevance").desc(), *RECOMMENDED)
    return hacks.order_by(*ORDERS.get(filters.get("sort", ""), RECOMMENDED))


class HackCard(NamedTuple):
    """A hack in the catalogue as one member, or a visitor, sees it."""

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
    is_members: bool

    @property
    def url(self) -> str:
        return reverse("hacks:hack-detail", args=[self.slug])

    @property
    def state(self) -> str:
        if self.practice_count:
            return "practised"
        # Nothing is locked for visitors: they read.
        return "open" if self.is_open or not self.is_members else "locked"

    @property
    def html(self) -> SafeString:
        return _render_card(self)


CARD_FIELDS = (
    "name", "slug", "short_description", "duration_minutes", "difficulty_level", "is_gateway",
    "category__name", "category__title", "category__icon_url", "is_open", "is_favourite", "practice_count",
)  # fmt: skip


# All that a card says is its key: a hack that changes is another card, and nothing has to be invalidated.
@lru_cache(maxsize=4096)
def _render_card(card: HackCard) -> SafeString:
    return SafeString(render_to_string("hacks/_card.html", {"card": card}))
