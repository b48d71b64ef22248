"""What Discord says of a person, as the profile keeps it. Pure."""

import re
from dataclasses import dataclass
from typing import Any

AVATARS = "https://cdn.discordapp.com/avatars/"


@dataclass(frozen=True)
class DiscordIdentity:
    id: str = ""
    username: str = ""
    discriminator: str = ""
    avatar_url: str = ""


def discord_identity(data: dict[str, Any]) -> DiscordIdentity:
    """Read `users/@me`; what is not as Discord documents it counts as not told."""
    number = str(data.get("id") or "")
    if not re.fullmatch(r"\d{1,32}", number):
        return DiscordIdentity()
    # Names have had no number since 2023; "0" stands for none.
    discriminator = str(data.get("discriminator") or "")
    avatar = str(data.get("avatar") or "")
    return DiscordIdentity(
        id=number,
        username=str(data.get("username") or "")[:64],
        discriminator=discriminator if re.fullmatch(r"\d{4}", discriminator) else "",
        avatar_url=f"{AVATARS}{number}/{avatar}.png" if re.fullmatch(r"\w{1,64}", avatar) else "",
    )
