"""Fields that several forms of the practice share."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django import forms

from practice.models import PracticeSession

MAX_NOTE_LENGTH = 5000


def hack_choices(hacks: Iterable[tuple[str, Any, str]], *, empty: str) -> list[tuple[str, Any]]:
    """Return the choices of a hack's field, by category. `hacks` are titles of categories, ids and names, in order."""
    groups = groupby(hacks, key=lambda hack: hack[0])
    return [("", empty), *((title, [(str(pk), name) for _, pk, name in group]) for title, group in groups)]


def feedback_field() -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label="How was it?",
        choices=PracticeSession.Feedback,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )


def note_field(*, rows: int = 3, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label="Note",
        required=False,
        max_length=MAX_NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": rows}),
        help_text=help_text,
    )
