"""Discord's REST API, version 10: giving a role on the community's server, and taking it.

https://docs.discord.com/developers/resources/guild and /developers/topics/rate-limits say how it speaks.
"""

import math
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import quote

import requests
from django.conf import settings

MOST_ATTEMPTS = 8
FIRST_RETRY = timedelta(seconds=30)
# Whatever goes wrong for one role would go wrong for the next: seconds in which nobody is asked for.
BROKEN_PAUSE = 30.0
BAD_TOKEN_PAUSE = 300.0
UNSAID_PAUSE = 60.0
LONGEST_PAUSE = 86400.0

NOT_ON_SERVER = "They are not on the Discord server."
BAD_TOKEN = "Discord does not accept DISCORD_BOT_TOKEN."  # noqa: S105
MISSING_PERMISSION = "The bot may not: it needs “Manage Roles”, and a role of its own above this one."
NOT_INVITED = "The bot is not on the server DISCORD_GUILD_ID."
NO_ROLE = "There is no such role on the server."
NO_ACCOUNT = "There is no such account on Discord."
LIMITED = "Discord asked us to wait."
UNREACHABLE = "Discord could not be reached."
# Discord's own codes, which stand in the answer's body.
REFUSALS = {
    10004: NOT_INVITED,
    10007: NOT_ON_SERVER,
    10011: NO_ROLE,
    10013: NO_ACCOUNT,
    50001: NOT_INVITED,
    50013: MISSING_PERMISSION,
}
# What is not there need not be taken.
GONE = {NOT_ON_SERVER, NO_ROLE, NO_ACCOUNT}


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"  # It would be, however often we asked.
    BROKEN = "broken"  # Another time it may work.
    LIMITED = "limited"  # Too much was asked for; nothing is wrong with this.


class Answer(NamedTuple):
    outcome: Outcome
    error: str = ""
    pause: float = 0
    """For how many seconds nothing else should be asked for either."""


def change_role(session: requests.Session, *, role_id: str, discord_id: str, is_wanted: bool) -> Answer:
    """Give the role, or take it; asking twice does no harm. Takes settings.DISCORD_TIMEOUT seconds, or twice that."""
    path = "/".join(
        quote(part, safe="") for part in ("guilds", settings.DISCORD_GUILD_ID, "members", discord_id, "roles", role_id)
    )
    reason = "Achievement on NRGHAX" if is_wanted else "No longer connected to an achievement on NRGHAX"
    try:
        response = session.request(
            "PUT" if is_wanted else "DELETE",
            f"{settings.DISCORD_API_URL}/{path}",
            headers={
                "Authorization": f"Bot {settings.DISCORD_BOT_TOKEN}",
                "User-Agent": f"DiscordBot ({_home()}, 1.0)",
                "X-Audit-Log-Reason": quote(reason),
            },
            timeout=settings.DISCORD_TIMEOUT,
            allow_redirects=False,
        )
    except requests.RequestException:
        return Answer(Outcome.BROKEN, UNREACHABLE, BROKEN_PAUSE)
    return _read(response, is_wanted=is_wanted)


def backoff(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many attempts: twice as long each time. `chance`, from 0 to 1, takes up to half of it
    off, so that what failed together does not come again together."""
    return FIRST_RETRY * 2 ** (attempts - 1) * (1 - chance / 2)


def _read(response: requests.Response, *, is_wanted: bool) -> Answer:
    status, body = response.status_code, _body(response)
    if response.ok and status < 300:
        is_last = response.headers.get("X-RateLimit-Remaining") == "0"
        return Answer(Outcome.DONE, pause=_seconds(response.headers.get("X-RateLimit-Reset-After")) if is_last else 0)
    if status == 429:
        # All that we ask for is one server's roles, so that every limit (X-RateLimit-Scope) is all of ours.
        said = max(_seconds(response.headers.get("Retry-After")), _seconds(body.get("retry_after")))
        return Answer(Outcome.LIMITED, LIMITED, said or UNSAID_PAUSE)
    if status == 401:
        return Answer(Outcome.BROKEN, BAD_TOKEN, BAD_TOKEN_PAUSE)
    if status >= 500:
        return Answer(Outcome.BROKEN, f"Discord answered {status}.", BROKEN_PAUSE)
    code = body.get("code")
    error = REFUSALS.get(code, f"Discord answered {status}, code {code}.") if isinstance(code, int) else ""
    if error in GONE and not is_wanted:
        return Answer(Outcome.DONE)
    return Answer(Outcome.REFUSED, error or f"Discord answered {status}.")


def _body(response: requests.Response) -> dict[str, Any]:
    """What stands in an answer, where it is an object at all: proxies in between answer with pages."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(said: object) -> float:
    """A number of seconds that Discord tells; 0 for anything else."""
    try:
        seconds = float(str(said))
    except ValueError:
        return 0
    return min(max(seconds, 0), LONGEST_PAUSE) if math.isfinite(seconds) else 0


def _home() -> str:
    """Discord wants to know who runs a bot."""
    host = settings.ALLOWED_HOSTS[0].lstrip("*.") if settings.ALLOWED_HOSTS else ""
    return f"https://{host or 'localhost'}"
