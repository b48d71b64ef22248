from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django import template

from accounts.models import User

register = template.Library()


@register.simple_tag
def has_second_step(user: User) -> bool:
    """Return whether a login asks for a second step. Recovery codes alone don't count."""
    return is_mfa_enabled(user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN])
