"""Fields that several forms of the practice share."""

from django import forms

from practice.models import PracticeSession

MAX_NOTE_LENGTH = 5000


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
