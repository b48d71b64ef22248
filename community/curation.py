"""The forms with which staff decide where peers did not, and make known cases."""

from django import forms
from django.utils import timezone
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from community.forms import NO, YES, AnswersForm
from community.models import HackVerification
from hacks.models import Hack


def _verdict(label: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        choices=[(YES, "Authentic"), (NO, "Not authentic")],
        coerce=lambda value: value == YES,
        widget=UnfoldAdminRadioSelectWidget,
    )


class DecisionForm(forms.Form):
    is_authentic = _verdict("Decision")
    reason = forms.CharField(
        max_length=2000,
        widget=UnfoldAdminTextareaWidget({"rows": 5}),
        help_text="The author reads it. If it is not authentic, say what is missing.",
    )


class TakeBackForm(forms.Form):
    reason = forms.CharField(
        max_length=2000,
        widget=UnfoldAdminTextareaWidget({"rows": 5}),
        help_text="The author reads it. Name no reviewer: they are promised that nobody learns who they are.",
    )


class ChosenHackForm(forms.Form):
    hack = forms.ModelChoiceField(
        Hack.objects.published().filter(requires_verification=True).exclude(verification_questions=[]),
        widget=UnfoldAdminSelectWidget,
        help_text="Its questions come next.",
    )


class KnownCaseForm(AnswersForm):
    """Answers of which staff know what they are; reviewers are given them like anybody's."""

    is_anonymous = None  # type: ignore[assignment]
    known_outcome = _verdict("What it is")

    def __init__(self, *args, hack: Hack, **kwargs) -> None:
        super().__init__(*args, questions=hack.verification_questions, **kwargs)
        self.hack = hack
        for field in self.fields.values():
            if isinstance(field.widget, forms.Textarea):
                field.widget = UnfoldAdminTextareaWidget({"rows": 5})

    def save(self) -> HackVerification:
        return HackVerification.objects.create(
            user=None,
            hack=self.hack,
            verification_questions=self.answers,
            known_outcome=self.cleaned_data["known_outcome"],
            # Nothing may tell it from a member's who does not want to be known.
            is_anonymous=True,
            status=HackVerification.Status.SUBMITTED,
            submitted_at=timezone.now(),
        )
