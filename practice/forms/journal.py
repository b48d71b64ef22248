"""The journal's filters, and what can be changed of an entry in place."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.forms.utils import flatatt
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode

from practice.forms.checkins import MOODS
from practice.journal import CHECKIN, SESSION
from practice.models import PracticeSession

KINDS = [("", "Everything"), (SESSION, "Practice"), (CHECKIN, "Check-ins")]
MAX_WORDS = 8


class QuickSelect(forms.Select):
    """A select whose options are not rendered from a template each: a year's journal offers more than a hundred."""

    def __init__(self, attrs=None, choices=()) -> None:
        super().__init__({"class": "input", **(attrs or {})}, choices)

    def render(self, name, value, attrs=None, renderer=None):
        chosen = "" if value is None else str(value)
        options = format_html_join(
            "",
            "<option{}>{}</option>",
            ((flatatt({"value": str(key), "selected": str(key) == chosen}), label) for key, label in self.choices),
        )
        return format_html("<select{}>{}</select>", flatatt({**self.attrs, **(attrs or {}), "name": name}), options)


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

    def __init__(self, data, *, hacks: Iterable[Mapping[str, Any]]) -> None:
        super().__init__(data, auto_id="filter_%s")
        categories = {row["category__name"]: (row["category__sort_order"], row["category__title"]) for row in hacks}
        by_order = sorted(categories.items(), key=lambda item: item[1])
        self.fields["hack"].choices = [("", "Any hack"), *((row["slug"], row["name"]) for row in hacks)]
        self.fields["category"].choices = [("", "Any category"), *((name, title) for name, (_, title) in by_order)]

    @property
    def details(self) -> list[forms.BoundField]:
        """The fields that are folded away."""
        return [field for field in self if field.name not in ("q", "kind")]

    @property
    def has_details(self) -> bool:
        return any(field.name in self.given for field in self.details)

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
        plain = ("kind", "hack", "category", "type", "feedback")
        filters = {name: self.given[name] for name in plain if name in self.given}
        if self.words:
            filters["words"] = self.words
        moods = [self.given[name] for name in ("mood_from", "mood_to") if name in self.given]
        if moods:
            filters["moods"] = self._moods()
        return filters | self._days()

    @property
    def address(self) -> str:
        """The shortest query string that asks for the same."""
        return urlencode(self.given)

    def _moods(self) -> tuple[int, int]:
        lowest, highest = self.given.get("mood_from", 1), self.given.get("mood_to", 10)
        return min(lowest, highest), max(lowest, highest)

    def _days(self) -> dict[str, date]:
        days = {name: self.given[name] for name in ("since", "until") if name in self.given}
        if len(days) == 2 and days["since"] > days["until"]:
            return {"since": days["until"], "until": days["since"]}
        return days


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
