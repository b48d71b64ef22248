"""Staff's forms: decide or revoke a verification, make a known case, pair practice buddies."""

from typing import Any

from django import forms
from django.utils import timezone
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from community.forms import NO, YES, AnswersForm
from community.models import HackVerification, PracticeBuddies
from hacks.models import Hack
from practice.forms.sessions import OnceForm


def _verdict_field(label: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        choices=[(YES, "Authentic"), (NO, "Not authentic")],
        coerce=lambda value: value == YES,
        widget=UnfoldAdminRadioSelectWidget,
    )


class DecisionForm(forms.Form):
    is_authentic = _verdict_field("Decision")
    reason = forms.CharField(
        max_length=2000,
        widget=UnfoldAdminTextareaWidget({"rows": 5}),
        help_text="The author reads this. If it's not authentic, say what is missing.",
    )


class RevokeForm(forms.Form):
    reason = forms.CharField(
        max_length=2000,
        widget=UnfoldAdminTextareaWidget({"rows": 5}),
        help_text="The author reads this. Don't name reviewers: we promise them that authors never learn who they are.",
    )


class ChosenHackForm(forms.Form):
    hack = forms.ModelChoiceField(
        Hack.objects.published().filter(requires_verification=True).exclude(verification_questions=[]),
        widget=UnfoldAdminSelectWidget,
        help_text="You answer its questions in the next step.",
    )


class KnownCaseForm(AnswersForm, OnceForm):
    """Answers whose right verdict staff know. Reviewers are given them like a member's submission."""

    is_anonymous = None  # type: ignore[assignment]
    known_outcome = _verdict_field("Right verdict")

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
        """Return the case and whether it is new. A second request with the same id changes nothing."""
        return HackVerification.objects.get_or_create(
            pk=self.cleaned_data["id"],
            defaults={
                "user": None,
                "hack": self.hack,
                "verification_questions": self.answers,
                "known_outcome": self.cleaned_data["known_outcome"],
                # Reviewers must not be able to tell a known case from an anonymous submission.
                "is_anonymous": True,
                "status": HackVerification.Status.SUBMITTED,
                "submitted_at": timezone.now(),
            },
        )


class PracticeBuddiesForm(forms.ModelForm):
    """Two members in either order; `clean` sorts them as the database does, so that an existing pair is found."""

    class Meta:
        model = PracticeBuddies
        fields = ["user1", "user2", "status", "discord_channel_id"]

    def clean(self) -> None:
        super().clean()
        members = [self.cleaned_data.get(name) for name in ("user1", "user2")]
        if not all(members):
            return
        first, second = sorted(members, key=lambda member: member.pk)
        if first == second:
            self.add_error("user2", "Choose two different members.")
        elif PracticeBuddies.objects.filter(user1=first, user2=second).exists():
            self.add_error("user2", "These two are a pair already. Change the status of that pair instead.")
        else:
            self.cleaned_data |= {"user1": first, "user2": second}
