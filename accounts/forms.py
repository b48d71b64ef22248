"""Forms about a person: password, name, time zone, path and privacy."""

from datetime import time
from functools import cache
from itertools import groupby

from allauth.account import forms as allauth_forms
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.forms.utils import flatatt
from django.urls import reverse_lazy
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts import rules
from accounts.models import Member, Profile

SELECTED = SafeString(" selected")

USERNAME_TAKEN = "This username is taken. Choose another."

PASSWORD_HELP = f"At least {rules.PASSWORD_MIN_LENGTH} characters, and hard to guess."

PATH_CHOICES = [
    (
        Profile.Path.ENERGY_AWARENESS,
        "Energy awareness",
        "Notice what gives you energy and what drains it. A good place to start.",
    ),
    (
        Profile.Path.PROTECTION,
        "Protection",
        "Stay calm and hold your ground when the day or other people put pressure on you.",
    ),
    (
        Profile.Path.FLOW_MASTER,
        "Flow master",
        "Focus your attention, direct it, and find your way into flow.",
    ),
]


@cache
def zone_options() -> SafeString:
    """Return the options of all zones, grouped by region."""
    universal, *names = rules.known_timezones()
    groups = [
        format_html(
            '<optgroup label="{}">{}</optgroup>',
            region,
            format_html_join("", '<option value="{}">{}</option>', ((name, _place_name(name)) for name in zones)),
        )
        for region, zones in groupby(names, key=lambda name: name.partition("/")[0])
    ]
    return format_html('<option value="{0}">{0}</option>{1}', universal, SafeString("".join(groups)))


def _place_name(zone: str) -> str:
    """Return “Argentina, Buenos Aires” for “America/Argentina/Buenos_Aires”."""
    return zone.partition("/")[2].replace("/", ", ").replace("_", " ")


class ZoneSelect(forms.Select):
    """A select of time zones. Rendering a template for each of over 400 options would be slower than the whole page."""

    def render(self, name, value, attrs=None, renderer=None):
        options = zone_options()
        plain, selected = (format_html('<option value="{}"{}>', value, mark) for mark in ("", SELECTED))
        if plain in options:
            options = SafeString(options.replace(plain, selected))
        elif value:
            # An alias that a browser or an older zone database uses.
            options = format_html("{}{}</option>{}", selected, value, options)
        return format_html("<select{}>{}</select>", flatatt({**self.attrs, **(attrs or {}), "name": name}), options)


class LoginForm(allauth_forms.LoginForm):
    """allauth's form, with “Keep me logged in” ticked by default."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["remember"].label = "Keep me logged in on this device"
        self.fields["remember"].initial = True


class SignupForm(allauth_forms.SignupForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HELP


class NewPasswordMixin:
    """Labels and help for allauth's forms that set a new password."""

    labels = {
        "oldpassword": "Current password",
        "password1": "New password",
        "password2": "New password again",
    }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields.keys() & self.labels.keys():
            self.fields[name].label = self.fields[name].widget.attrs["placeholder"] = self.labels[name]
        self.fields["password1"].help_text = PASSWORD_HELP


class ChangePasswordForm(NewPasswordMixin, allauth_forms.ChangePasswordForm):
    pass


class SetPasswordForm(NewPasswordMixin, allauth_forms.SetPasswordForm):
    pass


class ResetPasswordKeyForm(NewPasswordMixin, allauth_forms.ResetPasswordKeyForm):
    pass


class AddPasskeyForm(AddWebAuthnForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "A name helps you tell your passkeys apart."
        passwordless = self.fields["passwordless"]
        passwordless.label = "Log in with this passkey alone, without a password"
        passwordless.help_text = "Your device will ask for your fingerprint, face or PIN each time."
        passwordless.initial = True


class UsernameForm(forms.Form):
    username = forms.CharField(
        max_length=rules.USERNAME_MAX_LENGTH,
        validators=rules.USERNAME_VALIDATORS,
        help_text="3 to 30 letters, digits or underscores. Others can find you by it.",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "hx-get": reverse_lazy("accounts:username-check"),
                "hx-trigger": "input changed delay:400ms",
                "hx-target": "#username-status",
                # If the session has ended, the response is the login page, which must not appear beside the field.
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
        if not self.member.can_take_username(username):
            raise forms.ValidationError(USERNAME_TAKEN, code="taken")
        return username


class CardForm(UsernameForm):
    display_name = forms.CharField(
        max_length=60,
        label="Display name",
        help_text="The name others see. Spaces and any letters are fine.",
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )


class ZoneForm(forms.Form):
    timezone = forms.CharField(
        max_length=64,
        label="Time zone",
        help_text="Your days start and end in this time zone.",
        validators=[rules.validate_timezone],
        widget=ZoneSelect,
    )


class PathForm(forms.Form):
    selected_path = forms.ChoiceField(
        label="What draws you in?",
        help_text="It only decides which hack we suggest first.",
        choices=[
            (path, format_html('<strong>{}</strong><br><span class="option__text">{}</span>', title, text))
            for path, title, text in PATH_CHOICES
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose where you'd like to start."},
    )


class SwitchesForm(forms.Form):
    leaderboard_visible = forms.BooleanField(required=False, label="Show my totals on leaderboards")
    profile_public = forms.BooleanField(required=False, label="Let everyone see my profile")


class OnboardingForm(CardForm, ZoneForm, PathForm, SwitchesForm):
    def __init__(self, *args, member: Member, **kwargs) -> None:
        super().__init__(*args, member=member, **kwargs)
        zone = self.fields["timezone"]
        zone.initial = member.profile.timezone
        if not self.is_bound:
            # onboarding.js selects the browser's zone, but never overrides a choice that was submitted.
            zone.widget.attrs["data-propose-zone"] = ""


class ProfileForm(CardForm, PathForm):
    bio = forms.CharField(
        max_length=1000,
        required=False,
        label="About you",
        help_text="A few words for your profile, if you like.",
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
        label="Your day starts at",
        help_text="Anything you log before this time counts for the day before. Handy if you're often up late.",
        coerce=time.fromisoformat,
        choices=[
            (f"{hour:02}:{minute:02}",) * 2 for hour in range(7) for minute in (0, 30) if (hour, minute) <= (6, 0)
        ],
    )

    def __init__(self, *args, member: Member, **kwargs) -> None:
        current = f"{member.profile.day_start:%H:%M}"
        super().__init__(*args, initial={"timezone": member.profile.timezone, "day_start": current}, **kwargs)
        day_start = self.fields["day_start"]
        if (current, current) not in day_start.choices:
            # Staff can set any minute in the admin.
            day_start.choices = sorted([*day_start.choices, (current, current)])


class PrivacyForm(SwitchesForm):
    hide_streaks = forms.BooleanField(
        required=False, label="Hide streaks", help_text="Everywhere, even from you. We still keep them."
    )

    def __init__(self, *args, member: Member, **kwargs) -> None:
        initial = {**member.privacy_settings, "hide_streaks": member.profile.hide_streaks}
        super().__init__(*args, initial=initial, **kwargs)
        self.fields[
            "profile_public"
        ].help_text = f"Your name, picture, bio, path and achievements, at /@{member.username}/."
        self.fields[
            "leaderboard_visible"
        ].help_text = "Challenges include them too, and your profile shows your level and longest streak."
