"""Login with Google or Discord: keys and URLs, read from the environment."""

from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

DISCORD_AVATAR_ORIGIN = "https://cdn.discordapp.com"


def login_providers(env: environ.Env) -> tuple[dict[str, dict[str, Any]], list[str], list[str]]:
    """Return allauth's SOCIALACCOUNT_PROVIDERS, the origins that our forms may redirect to, and avatars' origins.

    A provider is enabled if both its keys are set; one key alone raises ImproperlyConfigured. GOOGLE_URL and
    DISCORD_URL name another server that speaks the provider's protocol, such as that of the browser tests.
    """
    google, discord = env.str("GOOGLE_URL", default=""), env.str("DISCORD_URL", default="https://discord.com")
    providers: dict[str, dict[str, Any]] = {
        "google": {"OAUTH_PKCE_ENABLED": True, "SCOPE": ["openid", "email", "profile"]},
        "discord": {"OAUTH_PKCE_ENABLED": True, "URL": discord},
    }
    if google:
        providers["google"] |= {
            "AUTHORIZE_URL": f"{google}/authorize",
            "ACCESS_TOKEN_URL": f"{google}/token",
            "IDENTITY_URL": f"{google}/userinfo",
            "ID_TOKEN_ISSUER": google,
        }
    pages = {"google": google or "https://accounts.google.com", "discord": discord}
    for name, provider in providers.items():
        variable = name.upper()
        client_id = env.str(f"{variable}_CLIENT_ID", default="")
        secret = env.str(f"{variable}_CLIENT_SECRET", default="")
        if bool(client_id) != bool(secret):
            raise ImproperlyConfigured(f"Set both of {variable}_CLIENT_ID and {variable}_CLIENT_SECRET, or neither.")
        if client_id:
            provider["APP"] = {"client_id": client_id, "secret": secret}
    origins = [
        "{0.scheme}://{0.netloc}".format(urlsplit(pages[name])) for name in providers if "APP" in providers[name]
    ]
    return providers, origins, [DISCORD_AVATAR_ORIGIN] if "APP" in providers["discord"] else []
