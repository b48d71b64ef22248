"""What is asked of an author, of a reviewer, and of staff."""

from collections.abc import Iterable, Sequence
from hashlib import blake2s
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from community.rules import MAX_ANSWER_LENGTH, MAX_COMMENT_LENGTH, Answers
from practice.forms.sessions import OnceForm

YES, NO = "yes", "no"


class _LongText(forms.CharField):
    """Browsers count a line's end as one character and send two."""

    def __init__(self, *, most: int, rows: int, **kwargs) -> None:
        widget = forms.Textarea(attrs={"rows": rows, "maxlength": most})
        super().__init__(
            widget=widget, validators=[MaxLengthValidator(most, f"At most {most:,} characters.")], **kwargs
        )

    def to_python(self, value: Any) -> str:
        return super().to_python(value).replace("\r\n", "\n")


class AnswersForm(forms.Form):
    """A field for each of a hack's questions. A draft may leave some of them empty, a submission may not."""

    is_anonymous = forms.BooleanField(
        label="Submit without my name",
        required=False,
        help_text="No reviewer learns from us who you are; see that your answers don't tell either. "
        "Our staff can see it. Its XP comes within a day or so, and what you achieve by it is shown to you alone.",
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
            self.fields[_name_of(question)] = _LongText(
                label=question,
                initial=known.get(question, ""),
                most=MAX_ANSWER_LENGTH,
                rows=5,
                error_messages={"required": "Answer this one too before you submit."},
            )
        self.order_fields(map(_name_of, questions))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in map(_name_of, self.questions):
            if self.may_have_gaps and self.has_error(name, "required"):
                del self.errors[name]
                cleaned[name] = ""
        return cleaned

    @property
    def answers(self) -> Answers:
        """As they are kept, once the form is valid."""
        return [{"question": question, "answer": self.cleaned_data[_name_of(question)]} for question in self.questions]


def _name_of(question: str) -> str:
    """By its words: what was typed as the answer to one is never taken for that to another, whatever staff change."""
    return f"answer_{blake2s(question.encode(), digest_size=6).hexdigest()}"


class ReviewForm(OnceForm):
    # Whether a comment is needed depends on the verdict: see clean().
    use_required_attribute = False

    is_authentic = forms.TypedChoiceField(
        label="What do you think?",
        choices=[(YES, "Authentic: this is somebody's own practice"), (NO, "Not authentic yet: something is missing")],
        coerce=lambda value: value == YES,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the two."},
    )
    comment = _LongText(
        label="Comment",
        most=MAX_COMMENT_LENGTH,
        rows=4,
        help_text="Needed where it is not authentic; welcome where it is. The author reads it, without your name.",
        error_messages={"required": "Say what is missing: it is what the author can learn from."},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # Without a verdict the verdict alone is asked for.
        if cleaned.get("is_authentic") is not False and self.has_error("comment", "required"):
            del self.errors["comment"]
            cleaned["comment"] = ""
        return cleaned
