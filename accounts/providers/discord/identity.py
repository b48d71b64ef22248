"""The profile's data from a Discord user."""

import re
from dataclasses import dataclass
from typing import Any

AVATAR_BASE_URL = "https://cdn.discordapp.com/avatars/"


@dataclass(frozen=True)
class DiscordIdentity:
    id: str = ""
    username: str = ""
    discriminator: str = ""
    avatar_url: str = ""


def discord_identity(data: dict[str, Any]) -> DiscordIdentity:
    """Parse the response of `users/@me`. Malformed values become empty strings."""
    number = str(data.get("id") or "")
    if not re.fullmatch(r"\d{1,32}", number):
        return DiscordIdentity()
    # Discord dropped discriminators in 2023; "0" means none.
    discriminator = str(data.get("discriminator") or "")
    avatar = str(data.get("avatar") or "")
    return DiscordIdentity(
        id=number,
        username=str(data.get("username") or "")[:64],
        discriminator=discriminator if re.fullmatch(r"\d{4}", discriminator) else "",
        avatar_url=f"{AVATAR_BASE_URL}{number}/{avatar}.png" if re.fullmatch(r"\w{1,64}", avatar) else "",
    )
