"""A client of Discord's REST API, version 10: add a role to a member of the community's server, or remove it.

Reference: https://docs.discord.com/developers/resources/guild and /developers/topics/rate-limits.
"""

import math
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import quote

import requests
from django.conf import settings

MAX_ATTEMPTS = 8
FIRST_RETRY = timedelta(seconds=30)
# Pauses in seconds after an error that would meet the next request too.
UNAVAILABLE_PAUSE = 30.0
BAD_TOKEN_PAUSE = 300.0
DEFAULT_PAUSE = 60.0
MAX_PAUSE = 86400.0

NOT_ON_SERVER = "The member is not on the Discord server."
BAD_TOKEN = "Discord rejected DISCORD_BOT_TOKEN."  # noqa: S105
MISSING_PERMISSION = "The bot lacks the permission: it needs “Manage Roles”, and its own role must be above this one."
NOT_INVITED = "The bot is not on the server DISCORD_GUILD_ID."
NO_ROLE = "The server has no such role."
NO_ACCOUNT = "Discord has no such account."
RATE_LIMITED = "Discord's rate limit was reached."
UNREACHABLE = "Discord could not be reached."
# Errors by Discord's code in the body of the answer.
ERRORS = {
    10004: NOT_INVITED,
    10007: NOT_ON_SERVER,
    10011: NO_ROLE,
    10013: NO_ACCOUNT,
    50001: NOT_INVITED,
    50013: MISSING_PERMISSION,
}
# With one of these errors, a role that should be removed is already gone.
ALREADY_REMOVED = {NOT_ON_SERVER, NO_ROLE, NO_ACCOUNT}


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"  # A retry would be refused too.
    UNAVAILABLE = "unavailable"  # A retry may succeed.
    RATE_LIMITED = "rate_limited"  # The request is valid and is sent again after the pause.


class Answer(NamedTuple):
    outcome: Outcome
    error: str = ""
    pause: float = 0
    """The seconds for which all requests should wait."""


def change_role(session: requests.Session, *, role_id: str, discord_id: str, is_wanted: bool) -> Answer:
    """Add the role to the account, or remove it. The request is idempotent.

    Connecting and reading may each take settings.DISCORD_TIMEOUT seconds.
    """
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
                "User-Agent": f"DiscordBot ({_site_url()}, 1.0)",
                "X-Audit-Log-Reason": quote(reason),
            },
            timeout=settings.DISCORD_TIMEOUT,
            allow_redirects=False,
        )
    except requests.RequestException:
        return Answer(Outcome.UNAVAILABLE, UNREACHABLE, UNAVAILABLE_PAUSE)
    return _read(response, is_wanted=is_wanted)


def backoff(attempts: int, chance: float) -> timedelta:
    """Return the delay before the next retry. It doubles with each attempt.

    `chance`, from 0 to 1, shortens the delay by up to a half, so that requests that failed together are spread out.
    """
    return FIRST_RETRY * 2 ** (attempts - 1) * (1 - chance / 2)


def _read(response: requests.Response, *, is_wanted: bool) -> Answer:
    status, body = response.status_code, _body(response)
    if response.ok and status < 300:
        is_last = response.headers.get("X-RateLimit-Remaining") == "0"
        return Answer(Outcome.DONE, pause=_seconds(response.headers.get("X-RateLimit-Reset-After")) if is_last else 0)
    if status == 429:
        # All requests are about one server, so that a limit of any X-RateLimit-Scope applies to all of them.
        pause = max(_seconds(response.headers.get("Retry-After")), _seconds(body.get("retry_after")))
        return Answer(Outcome.RATE_LIMITED, RATE_LIMITED, pause or DEFAULT_PAUSE)
    if status == 401:
        return Answer(Outcome.UNAVAILABLE, BAD_TOKEN, BAD_TOKEN_PAUSE)
    if status >= 500:
        return Answer(Outcome.UNAVAILABLE, f"Discord answered {status}.", UNAVAILABLE_PAUSE)
    code = body.get("code")
    error = ERRORS.get(code, f"Discord answered {status}, code {code}.") if isinstance(code, int) else ""
    if error in ALREADY_REMOVED and not is_wanted:
        return Answer(Outcome.DONE)
    return Answer(Outcome.REFUSED, error or f"Discord answered {status}.")


def _body(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object in the answer; {} for any other body, such as a proxy's HTML page."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(value: object) -> float:
    """Parse a number of seconds, from 0 to MAX_PAUSE; return 0 for any other value."""
    try:
        seconds = float(str(value))
    except ValueError:
        return 0
    return min(max(seconds, 0), MAX_PAUSE) if math.isfinite(seconds) else 0


def _site_url() -> str:
    """Return the site's URL. Discord requires the URL of a bot's operator in the User-Agent."""
    host = settings.ALLOWED_HOSTS[0].lstrip("*.") if settings.ALLOWED_HOSTS else ""
    return f"https://{host or 'localhost'}"
