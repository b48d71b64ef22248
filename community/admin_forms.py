"""The forms with which staff decide where peers did not, make known cases, and pair buddies."""

from typing import Any

from django import forms
from django.utils import timezone
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from community.forms import NO, YES, AnswersForm
from community.models import HackVerification, PracticeBuddies
from hacks.models import Hack
from practice.forms.sessions import OnceForm


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


class RevokeForm(forms.Form):
    reason = forms.CharField(
        max_length=2000,
        widget=UnfoldAdminTextareaWidget({"rows": 5}),
        help_text="The author reads it. Name no reviewer: they are promised that the author never learns who they are.",
    )


class ChosenHackForm(forms.Form):
    hack = forms.ModelChoiceField(
        Hack.objects.published().filter(requires_verification=True).exclude(verification_questions=[]),
        widget=UnfoldAdminSelectWidget,
        help_text="Its questions come next.",
    )


class KnownCaseForm(AnswersForm, OnceForm):
    """Answers of which staff know what they are; reviewers are given them like anybody's."""

    is_anonymous = None  # type: ignore[assignment]
    known_outcome = _verdict("What it is")

    def __init__(self, *args, hack: Hack, **kwargs) -> None:
        super().__init__(*args, questions=hack.verification_questions, **kwargs)
        self.hack = hack
        for field in self.fields.values():
            if isinstance(field.widget, forms.Textarea):
                field.widget = UnfoldAdminTextareaWidget({"rows": 5})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        same_id = HackVerification.objects.filter(pk=cleaned.get("id"))
        if same_id.exclude(user=None, hack=self.hack).exists():
            self.refuse_id()
        return cleaned

    def save(self) -> tuple[HackVerification, bool]:
        """The case, and whether it is new: the form may be sent twice."""
        return HackVerification.objects.get_or_create(
            pk=self.cleaned_data["id"],
            defaults={
                "user": None,
                "hack": self.hack,
                "verification_questions": self.answers,
                "known_outcome": self.cleaned_data["known_outcome"],
                # Nothing may tell it from a member's who does not want to be known.
                "is_anonymous": True,
                "status": HackVerification.Status.SUBMITTED,
                "submitted_at": timezone.now(),
            },
        )


class PracticeBuddiesForm(forms.ModelForm):
    """In the order that the database keeps, so that a pair is found whichever of the two is named first."""

    class Meta:
        model = PracticeBuddies
        fields = ["user1", "user2", "status", "discord_channel_id"]

    def clean(self) -> None:
        super().clean()
        named = [self.cleaned_data.get(name) for name in ("user1", "user2")]
        if not all(named):
            return
        first, second = sorted(named, key=lambda member: member.pk)
        if first == second:
            self.add_error("user2", "Nobody is their own buddy.")
        elif PracticeBuddies.objects.filter(user1=first, user2=second).exists():
            self.add_error("user2", "These two are a pair already. You can change how it stands with them.")
        else:
            self.cleaned_data |= {"user1": first, "user2": second}
