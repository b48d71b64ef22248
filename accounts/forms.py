"""What people type about themselves."""

from datetime import time
from functools import cache
from itertools import groupby

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.forms.utils import flatatt
from django.urls import reverse_lazy
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts import rules
from accounts.models import Member, Profile

SELECTED = SafeString(" selected")

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


@cache
def zone_options() -> SafeString:
    """The options of all zones, by region."""
    universal, *names = rules.known_timezones()
    groups = [
        format_html(
            '<optgroup label="{}">{}</optgroup>',
            region,
            format_html_join("", '<option value="{}">{}</option>', ((name, _place(name)) for name in zones)),
        )
        for region, zones in groupby(names, key=lambda name: name.partition("/")[0])
    ]
    return format_html('<option value="{0}">{0}</option>{1}', universal, SafeString("".join(groups)))


def _place(zone: str) -> str:
    """“America/Argentina/Buenos_Aires” as “Argentina, Buenos Aires”."""
    return zone.partition("/")[2].replace("/", ", ").replace("_", " ")


class ZoneSelect(forms.Select):
    """More than 400 options: a template for each, as Django has it, takes longer than the rest of the page."""

    def render(self, name, value, attrs=None, renderer=None):
        options = zone_options()
        plain, selected = (format_html('<option value="{}"{}>', value, mark) for mark in ("", SELECTED))
        if plain in options:
            options = SafeString(options.replace(plain, selected))
        elif value:
            # An alias that a browser or an older database of zones calls the place by.
            options = format_html("{}{}</option>{}", selected, value, options)
        return format_html("<select{}>{}</select>", flatatt({**self.attrs, **(attrs or {}), "name": name}), options)


class LoginForm(AllauthLoginForm):
    """Keeps people logged in unless they say that the device isn't theirs."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["remember"].label = "Keep me logged in on this device"
        self.fields["remember"].initial = True


class AddPasskeyForm(AddWebAuthnForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "So that you know it again, should you have several."
        alone = self.fields["passwordless"]
        alone.label = "Log in with it alone, without a password"
        alone.help_text = "It then asks for your fingerprint, your face or its PIN each time."
        alone.initial = True


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
        if not self.member.may_take(username):
            raise forms.ValidationError(USERNAME_TAKEN, code="taken")
        return username


class CardForm(UsernameForm):
    display_name = forms.CharField(
        max_length=60,
        label="Display name",
        help_text="What others call you. It may have spaces and any letters.",
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )


class ZoneForm(forms.Form):
    timezone = forms.CharField(
        max_length=64,
        label="Time zone",
        help_text="Your day begins and ends by it.",
        validators=[rules.validate_timezone],
        widget=ZoneSelect,
    )


class PathForm(forms.Form):
    selected_path = forms.ChoiceField(
        label="What draws you?",
        help_text="It only decides where you begin.",
        choices=[
            (path, format_html('<strong>{}</strong><br><span class="option__text">{}</span>', title, text))
            for path, title, text in PATH_CHOICES
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose where you would like to begin."},
    )


class SwitchesForm(forms.Form):
    leaderboard_visible = forms.BooleanField(required=False, label="Show my totals on leaderboards")
    profile_public = forms.BooleanField(required=False, label="Let everybody see my profile")


class OnboardingForm(CardForm, ZoneForm, PathForm, SwitchesForm):
    def __init__(self, *args, member: Member, **kwargs) -> None:
        super().__init__(*args, member=member, **kwargs)
        zone = self.fields["timezone"]
        zone.initial = member.profile.timezone
        if not self.is_bound:
            # onboarding.js puts the browser's zone in; a choice once made is never overridden.
            zone.widget.attrs["data-propose-zone"] = ""


class ProfileForm(CardForm, PathForm):
    bio = forms.CharField(
        max_length=1000,
        required=False,
        label="About you",
        help_text="A few words, if you like. They stand on your profile.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args, member: Member, **kwargs) -> None:
        initial = {
            "username": member.username,
            "display_name": member.display_name,
            "bio": member.profile.bio,
            "selected_path": member.profile.selected_path,
        }
        super().__init__(*args, member=member, initial=initial, **kwargs)


class DayForm(ZoneForm):
    day_start = forms.TypedChoiceField(
        label="Your day begins at",
        help_text="What you log before then still belongs to the day before. Good for those who are up late.",
        coerce=time.fromisoformat,
        choices=[
            (f"{hour:02}:{minute:02}",) * 2 for hour in range(7) for minute in (0, 30) if (hour, minute) <= (6, 0)
        ],
    )

    def __init__(self, *args, member: Member, **kwargs) -> None:
        own = f"{member.profile.day_start:%H:%M}"
        super().__init__(*args, initial={"timezone": member.profile.timezone, "day_start": own}, **kwargs)
        day_start = self.fields["day_start"]
        if (own, own) not in day_start.choices:
            # Staff may have set any minute.
            day_start.choices = sorted([*day_start.choices, (own, own)])


class PrivacyForm(SwitchesForm):
    hide_streaks = forms.BooleanField(
        required=False, label="Hide streaks", help_text="Everywhere, from yourself too. They are still kept."
    )

    def __init__(self, *args, member: Member, **kwargs) -> None:
        initial = {**member.privacy_settings, "hide_streaks": member.profile.hide_streaks}
        super().__init__(*args, initial=initial, **kwargs)
        self.fields[
            "profile_public"
        ].help_text = (
            f"Your name, your picture, your words, your path and what you have achieved, at /@{member.username}/."
        )
        self.fields[
            "leaderboard_visible"
        ].help_text = "Also in challenges. Your level and your longest streak then stand on your profile, too."
