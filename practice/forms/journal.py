"""The journal's filters, and what can be changed of an entry in place."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from html import escape
from typing import Any
from uuid import UUID

from django import forms
from django.core.validators import MaxLengthValidator
from django.forms.utils import flatatt
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from practice.forms.checkins import MOODS
from practice.journal import CHECKIN, SESSION
from practice.models import PracticeSession

KINDS = [("", "Everything"), (SESSION, "Practice"), (CHECKIN, "Check-ins")]
MAX_WORDS = 8
OWN = ("hack", "category")
COMMON = ("type", "feedback", "mood_from", "mood_to", "since", "until")


class QuickSelect(forms.Select):
    """A select whose options are not rendered from a template each."""

    def __init__(self, attrs=None, choices=()) -> None:
        super().__init__({"class": "input", **(attrs or {})}, choices)

    def render(self, name, value, attrs=None, renderer=None):
        options = _options(self.choices, "" if value is None else str(value))
        return format_html("<select{}>{}</select>", flatatt({**self.attrs, **(attrs or {}), "name": name}), options)


def _options(choices: Iterable[tuple[Any, str]], chosen: str) -> SafeString:
    """By hand: a year's journal offers more than a hundred."""
    keys = ((str(key), label) for key, label in choices)
    return SafeString(
        "".join(
            f'<option value="{escape(key)}"{" selected" * (key == chosen)}>{escape(label)}</option>'
            for key, label in keys
        )
    )


def own_options(hacks: Mapping[UUID, Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, SafeString]:
    """The options of the fields that offer what a member's journal mentions."""
    return {name: _options(choices, given.get(name, "")) for name, choices in _own_choices(hacks).items()}


def _own_choices(hacks: Mapping[UUID, Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    rows = hacks.values()
    categories = sorted({(row["category__sort_order"], row["category__title"], row["category__name"]) for row in rows})
    return {
        "hack": [("", "Any hack"), *((row["slug"], row["name"]) for row in rows)],
        "category": [("", "Any category"), *((name, title) for _, title, name in categories)],
    }


def _day_field(label: str) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "input"})
    return forms.DateField(label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"])


def _mood_field(label: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, required=False, choices=[("", "Any"), *MOODS], coerce=int, empty_value=None, widget=QuickSelect
    )


def _scale_field(label: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, required=False, choices=MOODS, coerce=int, empty_value=None, widget=forms.RadioSelect
    )


def _note_field() -> forms.CharField:
    return forms.CharField(
        label="Note",
        required=False,
        validators=[MaxLengthValidator(5000)],
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 5000}),
    )


class JournalForm(forms.Form):
    """Read from the address. A value that is not on offer counts as not given, and a range may be given either way."""

    q = forms.CharField(label="Search your notes", max_length=100, required=False)
    kind = forms.ChoiceField(required=False, choices=KINDS)
    hack = forms.ChoiceField(label="Hack", required=False, widget=QuickSelect)
    category = forms.ChoiceField(label="Category", required=False, widget=QuickSelect)
    type = forms.ChoiceField(
        label="How", required=False, choices=[("", "Any way"), *PracticeSession.Type.choices], widget=QuickSelect
    )
    feedback = forms.TypedChoiceField(
        label="Feedback",
        required=False,
        choices=[("", "Any feedback"), *PracticeSession.Feedback.choices],
        coerce=int,
        empty_value=None,
        widget=QuickSelect,
    )
    mood_from = _mood_field("Mood from")
    mood_to = _mood_field("Mood to")
    since = _day_field("From")
    until = _day_field("To")

    def __init__(self, data, *, hacks: Mapping[UUID, Mapping[str, Any]]) -> None:
        """`hacks` as `hacks_of` gives them: those of the member's journal are on offer, and their categories."""
        super().__init__(data, auto_id="filter_%s")
        self.hacks = hacks
        for name, choices in _own_choices(hacks).items():
            self.fields[name].choices = choices

    @property
    def common_details(self) -> list[forms.BoundField]:
        """Those that offer the same to everybody."""
        return [self[name] for name in COMMON]

    @property
    def looks(self) -> tuple:
        """All that the form on the page depends on, but for what only the member has: their words and their hacks."""
        return self.has_details, *((name, value) for name, value in self.given.items() if name not in ("q", *OWN))

    @property
    def has_details(self) -> bool:
        return bool(self.given.keys() & {*OWN, *COMMON})

    @cached_property
    def given(self) -> dict[str, Any]:
        """What is asked for, by field; whatever is empty or unknown is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    @property
    def words(self) -> list[str]:
        return list(dict.fromkeys(self.given.get("q", "").split()))[:MAX_WORDS]

    @cached_property
    def filters(self) -> dict[str, Any]:
        """The same as conditions of `find_entries`."""
        filters = {name: self.given[name] for name in ("kind", "type", "feedback") if name in self.given}
        if "hack" in self.given or "category" in self.given:
            filters["hacks"] = [key for key, row in self.hacks.items() if self._is_asked_for(row)]
        if self.words:
            filters["words"] = self.words
        if "mood_from" in self.given or "mood_to" in self.given:
            filters["moods"] = self._moods()
        return filters | self._days()

    @property
    def address(self) -> str:
        """The shortest query string that asks for the same."""
        return urlencode(self.given)

    def _is_asked_for(self, hack: Mapping[str, Any]) -> bool:
        names = {"hack": hack["slug"], "category": hack["category__name"]}
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
    # What is read of it without a lock is worked out before it is shared.
    _ = form.given, form.filters
    return form


def journal_form(data, hacks: Mapping[UUID, Mapping[str, Any]]) -> JournalForm:
    """The form of an address. Nearly always it asks for nothing: then it is one and the same for everybody."""
    return JournalForm(data, hacks=hacks) if data else _blank_form()


class SessionNoteForm(forms.Form):
    """What one would say about a practice again; the rest of it has a page of its own."""

    feedback_score = forms.TypedChoiceField(
        label="How was it?",
        choices=PracticeSession.Feedback,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    notes = _note_field()


class CheckinNoteForm(forms.Form):
    """A check-in of any day: its date and what was chosen on it stay."""

    mood_before = _scale_field("Mood before")
    mood_after = _scale_field("Mood after")
    notes = _note_field()
