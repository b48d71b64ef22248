from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django import template
from django.conf import settings
from django.urls import reverse

from accounts.models import User
from accounts.settings_pages import registered_pages

register = template.Library()


@register.simple_tag
def settings_pages(view: str) -> list[dict[str, Any]]:
    """Return the settings pages and mark the one that belongs to the route `view`."""
    return [
        {
            **page._asdict(),
            "url": reverse(page.route),
            "is_current": view.startswith((page.route, *page.subroutes)),
        }
        for page in registered_pages()
    ]


@register.simple_tag
def has_second_step(user: User) -> bool:
    return is_mfa_enabled(user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN])


@register.simple_tag
def discord_gives_roles() -> bool:
    """Return whether achievements give roles on our Discord server."""
    return bool(settings.DISCORD_BOT_TOKEN)
