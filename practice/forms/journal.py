"""The journal's filter form, and the forms that edit an entry."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from django import forms
from django.utils.functional import cached_property
from django.utils.http import urlencode

from hacks.forms import Select
from practice.forms.checkins import MOODS
from practice.forms.fields import feedback_field, note_field
from practice.journal import CHECKIN, SESSION, Hacks
from practice.models import PracticeSession

KINDS = [("", "Everything"), (SESSION, "Practice"), (CHECKIN, "Check-ins")]
MAX_WORDS = 8
# Fields whose options depend on the member's journal.
MEMBER_SELECT_FIELDS = ("hack", "category")
SELECT_FIELDS = ("type", "feedback", "mood_from", "mood_to")
DAY_FIELDS = ("since", "until")


class JournalFilterBar(NamedTuple):
    """The filter bar without the search words, hacks and categories of a member; the template caches it."""

    kind: str
    kinds: tuple[tuple[str, str], ...]
    selects: tuple[Select, ...]
    days: tuple[tuple[str, str, str], ...]  # name, label, date or ""
    is_unfolded: bool


def members_selects(hacks: Hacks, given: Mapping[str, Any]) -> list[Select]:
    """Return the selects for the hacks in the member's journal and for their categories."""
    labels = {name: JournalForm.base_fields[name].label for name in MEMBER_SELECT_FIELDS}
    options = _members_options(hacks)
    return [Select(name, labels[name], options[name], given.get(name, "")) for name in MEMBER_SELECT_FIELDS]


def _members_options(hacks: Hacks) -> dict[str, tuple[tuple[str, str], ...]]:
    rows = hacks.values()
    categories = sorted({(row["category_order"], row["category_title"], row["category_name"]) for row in rows})
    return {
        "hack": (("", "Any hack"), *((row["slug"], row["name"]) for row in rows)),
        "category": (("", "Any category"), *((name, title) for _, title, name in categories)),
    }


def _day_field(label: str) -> forms.DateField:
    return forms.DateField(label=label, required=False, input_formats=["%Y-%m-%d"])


def _mood_field(label: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, required=False, choices=[("", "Any"), *MOODS], coerce=int, empty_value=None
    )


def _scale_field(label: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, required=False, choices=MOODS, coerce=int, empty_value=None, widget=forms.RadioSelect
    )


class JournalForm(forms.Form):
    """The journal's filters, read from the query string.

    Invalid values are ignored, and the two ends of a range may be swapped.
    """

    q = forms.CharField(label="Search your notes", max_length=100, required=False)
    kind = forms.ChoiceField(required=False, choices=KINDS)
    hack = forms.ChoiceField(label="Hack", required=False)
    category = forms.ChoiceField(label="Category", required=False)
    type = forms.ChoiceField(label="How", required=False, choices=[("", "Any way"), *PracticeSession.Type.choices])
    feedback = forms.TypedChoiceField(
        label="Feedback",
        required=False,
        choices=[("", "Any feedback"), *PracticeSession.Feedback.choices],
        coerce=int,
        empty_value=None,
    )
    mood_from = _mood_field("Mood from")
    mood_to = _mood_field("Mood to")
    since = _day_field("From")
    until = _day_field("To")

    def __init__(self, data, *, hacks: Hacks) -> None:
        """Offer `hacks`, as returned by `hacks_of`, and their categories."""
        super().__init__(data)
        self.hacks = hacks
        for name, options in _members_options(hacks).items():
            self.fields[name].choices = options

    @cached_property
    def bar(self) -> JournalFilterBar:
        given = self.given
        return JournalFilterBar(
            kind=given.get("kind", ""),
            kinds=tuple(KINDS),
            selects=tuple(self._select(name) for name in SELECT_FIELDS),
            days=tuple((name, self.fields[name].label, str(given.get(name, ""))) for name in DAY_FIELDS),
            is_unfolded=bool(given.keys() & {*MEMBER_SELECT_FIELDS, *SELECT_FIELDS, *DAY_FIELDS}),
        )

    def _select(self, name: str) -> Select:
        field = self.fields[name]
        options = tuple((str(value), label) for value, label in field.choices)
        return Select(name, field.label, options, str(self.given.get(name, "")))

    @cached_property
    def given(self) -> dict[str, Any]:
        """The filters that are set, by field name; empty and invalid values are left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    @property
    def words(self) -> list[str]:
        return list(dict.fromkeys(self.given.get("q", "").split()))[:MAX_WORDS]

    @cached_property
    def filters(self) -> dict[str, Any]:
        """The filters as `find_entries` takes them."""
        filters = {name: self.given[name] for name in ("kind", "type", "feedback") if name in self.given}
        if "hack" in self.given or "category" in self.given:
            filters["hacks"] = [key for key, row in self.hacks.items() if self._is_selected(row)]
        if self.words:
            filters["words"] = self.words
        if "mood_from" in self.given or "mood_to" in self.given:
            filters["moods"] = self._moods()
        return filters | self._days()

    @property
    def address(self) -> str:
        """The shortest query string for these filters."""
        return urlencode(self.given)

    def _is_selected(self, hack: Mapping[str, Any]) -> bool:
        names = {"hack": hack["slug"], "category": hack["category_name"]}
        return all(self.given.get(field, name) == name for field, name in names.items())

    def _moods(self) -> tuple[int, int]:
        lowest, highest = self.given.get("mood_from", 1), self.given.get("mood_to", 10)
        return min(lowest, highest), max(lowest, highest)

    def _days(self) -> dict[str, date]:
        days = {name: self.given[name] for name in ("since", "until") if name in self.given}
        if len(days) == 2 and days["since"] > days["until"]:
            return {"since": days["until"], "until": days["since"]}
        return days


@cache
def _blank_form() -> JournalForm:
    form = JournalForm({}, hacks={})
    # Compute the cached properties before threads share the form.
    _ = form.given, form.filters, form.bar
    return form


def journal_form(data, hacks: Hacks) -> JournalForm:
    """Return the form for a query string. Without one, which is the common case, all members share one form."""
    return JournalForm(data, hacks=hacks) if data else _blank_form()


class SessionNoteForm(forms.Form):
    """Feedback and note of a practice, edited in the journal; the other fields have a separate page."""

    feedback_score = feedback_field()
    notes = note_field()


class CheckinNoteForm(forms.Form):
    """Moods and note of a check-in on any day; its date and chosen hack stay unchanged."""

    mood_before = _scale_field("Mood before")
    mood_after = _scale_field("Mood after")
    notes = note_field()
