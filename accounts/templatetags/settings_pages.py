from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django import template
from django.conf import settings
from django.urls import reverse

from accounts.models import User

register = template.Library()

# URL name, icon, title, what is found there, and how the names of the other views there begin.
PAGES = (
    ("accounts:settings-profile", "user-round", "Profile", "Your name, your username and a few words about you", ()),
    ("accounts:settings-day", "clock", "Day and time", "Your time zone, and when your day begins", ()),
    ("practice:trips", "map", "Trips", "Times in another zone, without losing a day", ("practice:trip-",)),
    ("accounts:settings-privacy", "eye-off", "Privacy", "Who sees your profile, your totals and your streak", ()),
    ("account_email", "mail", "E-mail", "The address that you log in with", ()),
    ("account_change_password", "key-round", "Password", "A new one, whenever you like", ("account_set_password",)),
    (
        "accounts:security",
        "shield-check",
        "Security",
        "Two-step login, passkeys, connected accounts, and where you are logged in",
        ("mfa_", "socialaccount_", "accounts:logins"),
    ),
    ("account_logout", "log-out", "Log out", "On this device", ()),
)


@register.simple_tag(takes_context=True)
def settings_pages(context) -> list[dict]:
    """The pages of the settings, of all apps."""
    match = context["request"].resolver_match
    view = match.view_name if match else ""
    return [
        {
            "url": reverse(name),
            "icon": icon,
            "title": title,
            "text": text,
            "is_current": view.startswith((name, *others)),
        }
        for name, icon, title, text, others in PAGES
    ]


@register.simple_tag
def has_second_step(user: User) -> bool:
    return is_mfa_enabled(user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN])


@register.simple_tag
def discord_gives_roles() -> bool:
    """Whether a connected Discord account shows to others what its owner has achieved."""
    return bool(settings.DISCORD_BOT_TOKEN)
