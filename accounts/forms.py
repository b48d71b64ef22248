"""What people type about themselves."""

from itertools import groupby

from allauth.account.forms import LoginForm as AllauthLoginForm
from django import forms
from django.urls import reverse_lazy
from django.utils.html import format_html

from accounts import rules
from accounts.models import Member, Profile

USERNAME_TAKEN = "This username is taken. Please choose another."

PATH_CHOICES = [
    (
        Profile.Path.ENERGY_AWARENESS,
        "Energy awareness",
        "Notice what gives you energy and what takes it. A good place to begin.",
    ),
    (
        Profile.Path.PROTECTION,
        "Protection",
        "Stay calm and keep your own ground when the day or other people press on you.",
    ),
    (
        Profile.Path.FLOW_MASTER,
        "Flow master",
        "Gather your attention, direct it, and find your way into flow.",
    ),
]


def timezone_choices(*kept: str) -> list:
    """The zones by region, for a select; `kept` are names that must be offered although they are aliases."""
    names = rules.known_timezones()
    extra = [name for name in dict.fromkeys(kept) if name and name not in names]
    choices: list = [(name, name) for name in [*extra, names[0]]]
    for region, members in groupby(names[1:], key=lambda name: name.partition("/")[0]):
        choices.append((region, [(name, _place(name)) for name in members]))
    return choices


def _place(zone: str) -> str:
    """“America/Argentina/Buenos_Aires” as “Argentina, Buenos Aires”."""
    return zone.partition("/")[2].replace("/", ", ").replace("_", " ")


class LoginForm(AllauthLoginForm):
    """Keeps people logged in unless they say that the device isn't theirs."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["remember"].label = "Keep me logged in on this device"
        self.fields["remember"].initial = True


class UsernameForm(forms.Form):
    username = forms.CharField(
        max_length=rules.USERNAME_MAX_LENGTH,
        validators=rules.USERNAME_VALIDATORS,
        help_text="Three to thirty letters, digits and underscores. Others find you by it.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "hx-get": reverse_lazy("accounts:username-check"),
                "hx-trigger": "input changed delay:400ms",
                "hx-target": "#username-status",
                # A login page in place of the answer, after a session has ended, must not land beside the field.
                "hx-select": "#username-status",
                "hx-swap": "outerHTML",
                "hx-sync": "this:replace",
            }
        ),
    )

    def __init__(self, *args, member: Member, **kwargs) -> None:
        self.member = member
        super().__init__(*args, **kwargs)

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if Member.objects.named(username).exclude(pk=self.member.pk).exists():
            raise forms.ValidationError(USERNAME_TAKEN, code="taken")
        return username


class OnboardingForm(UsernameForm):
    display_name = forms.CharField(
        max_length=60,
        label="Display name",
        help_text="What others call you. It may have spaces and any letters.",
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    timezone = forms.CharField(
        max_length=64,
        label="Time zone",
        help_text="Your day begins and ends by it.",
        validators=[rules.validate_timezone],
        widget=forms.Select,
    )
    selected_path = forms.ChoiceField(
        label="What draws you?",
        help_text="It decides where you begin; every hack stays open to you.",
        choices=[
            (path, format_html('<strong>{}</strong><br><span class="option__text">{}</span>', title, text))
            for path, title, text in PATH_CHOICES
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose where you would like to begin."},
    )
    leaderboard_visible = forms.BooleanField(required=False, label="Show my totals on leaderboards")
    profile_public = forms.BooleanField(required=False, label="Let everybody see my profile")

    def __init__(self, *args, member: Member, **kwargs) -> None:
        profile = member.profile
        if profile.onboarding_completed:
            kwargs["initial"] = {
                "username": member.username,
                "display_name": member.display_name,
                "selected_path": profile.selected_path,
                **member.privacy_settings,
            }
        super().__init__(*args, member=member, **kwargs)
        zone = self.fields["timezone"]
        zone.initial = profile.timezone
        zone.widget.choices = timezone_choices(profile.timezone)
        if not self.is_bound and not profile.onboarding_completed:
            # onboarding.js puts the browser's zone in; a choice once made is never overridden.
            zone.widget.attrs["data-propose-zone"] = ""
