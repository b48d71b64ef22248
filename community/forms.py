"""The forms of a submission and of a review."""

from collections.abc import Iterable, Sequence
from hashlib import blake2s
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from community.rules import MAX_ANSWER_LENGTH, MAX_COMMENT_LENGTH, Answers
from practice.forms.sessions import OnceForm

YES, NO = "yes", "no"


class _LongText(forms.CharField):
    """A text area with a maximum length. Browsers count a line break as one character but send two."""

    def __init__(self, *, max_length: int, rows: int, **kwargs) -> None:
        widget = forms.Textarea(attrs={"rows": rows, "maxlength": max_length})
        super().__init__(
            widget=widget,
            validators=[MaxLengthValidator(max_length, f"Use at most {max_length:,} characters.")],
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        return super().to_python(value).replace("\r\n", "\n")


class AnswersForm(forms.Form):
    """A field for each question of a hack. With `may_have_gaps`, for drafts, answers may be empty."""

    is_anonymous = forms.BooleanField(
        label="Submit anonymously",
        required=False,
        help_text="Reviewers won't see who you are, so keep your answers free of clues. Our staff can see it. "
        "Your XP arrives within a day or so, and only you see the achievements that it brings.",
    )

    def __init__(
        self,
        *args,
        questions: Sequence[str],
        answers: Iterable[dict[str, str]] = (),
        may_have_gaps: bool = False,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.may_have_gaps = may_have_gaps
        self.questions = questions
        known = {pair["question"]: pair["answer"] for pair in answers}
        for question in questions:
            self.fields[_field_name(question)] = _LongText(
                label=question,
                initial=known.get(question, ""),
                max_length=MAX_ANSWER_LENGTH,
                rows=5,
                error_messages={"required": "Answer this question before you submit."},
            )
        self.order_fields(map(_field_name, questions))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in map(_field_name, self.questions):
            if self.may_have_gaps and self.has_error(name, "required"):
                del self.errors[name]
                cleaned[name] = ""
        return cleaned

    @property
    def answers(self) -> Answers:
        """The answers as the model stores them; the form must be valid."""
        return [
            {"question": question, "answer": self.cleaned_data[_field_name(question)]} for question in self.questions
        ]


def _field_name(question: str) -> str:
    """Return a name that depends on the question's text: an answer stays with its question when staff edit the list."""
    return f"answer_{blake2s(question.encode(), digest_size=6).hexdigest()}"


class ReviewForm(OnceForm):
    # Whether a comment is needed depends on the verdict: see clean().
    use_required_attribute = False

    is_authentic = forms.TypedChoiceField(
        label="What do you think?",
        choices=[(YES, "Authentic: they practise this themselves"), (NO, "Not authentic yet: something is missing")],
        coerce=lambda value: value == YES,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the two answers."},
    )
    comment = _LongText(
        label="Comment",
        max_length=MAX_COMMENT_LENGTH,
        rows=4,
        help_text="Required if it's not authentic yet, welcome if it is. The author reads it without your name.",
        error_messages={"required": "Say what is missing, so the author can learn from it."},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # A comment is required only with the verdict "not authentic".
        if cleaned.get("is_authentic") is not False and self.has_error("comment", "required"):
            del self.errors["comment"]
            cleaned["comment"] = ""
        return cleaned
