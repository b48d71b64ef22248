"""What a hack may say about itself; pure, no database."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

# Addresses under /practice/ and /verification/ that a slug must not take.
RESERVED_SLUGS = frozenset({"log", "sessions", "colours", "review"})

# Players that set no cookie before somebody presses play: host, and how its embedding addresses begin.
PLAYERS = {"www.youtube-nocookie.com": ("YouTube", "/embed/"), "player.vimeo.com": ("Vimeo", "/video/")}
FILES = {"audio": (".mp3", ".m4a", ".ogg", ".opus"), "video": (".mp4", ".webm")}

UNLOCK_CRITERIA = {"practice_count": "practices", "days_active": "days", "verified": "verification"}
# What a prerequisite without criteria asks for.
LEAST_CRITERIA = {"practice_count": 1}

Key = TypeVar("Key")


class Media(NamedTuple):
    """What can be played at an address: a provider's "player", or an "audio" or "video" file of our own."""

    kind: str
    url: str
    provider: str


class Step(NamedTuple):
    """One criterion and how far somebody has come: `done` of `needed` practices, days, or the one verification."""

    criterion: str
    unit: str
    done: int
    needed: int


def validate_slug(slug: str) -> None:
    if slug in RESERVED_SLUGS:
        raise ValidationError("This slug is an address of the site itself.", code="reserved")


def media_of(url: str, own_sources: Collection[str]) -> Media | None:
    """None unless the address is allow-listed: a known player's, or a file at one of `own_sources` (origins)."""
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return None
    if parts.scheme == "https" and parts.netloc in PLAYERS:
        provider, path = PLAYERS[parts.netloc]
        return Media("player", url, provider) if parts.path.startswith(path) else None
    if origin in own_sources:
        for kind, endings in FILES.items():
            if parts.path.lower().endswith(endings):
                return Media(kind, url, "")
    return None


def validate_content_url(url: str) -> None:
    """Refuse media that the pages would not play."""
    if media_of(url, settings.MEDIA_SOURCES) is None:
        players = " or ".join(f"https://{host}{path}…" for host, (_, path) in PLAYERS.items())
        raise ValidationError(
            f"Use the embedding address of a player ({players}), or a sound or video file at a host that is "
            "named in MEDIA_SOURCES.",
            code="media_host",
        )


def validate_unlock_criteria(criteria: Any) -> None:
    """Refuse anything but `{"practice_count": n, "days_active": n, "verified": 1}`, n whole numbers from 1 to 1000."""
    if not isinstance(criteria, dict):
        raise ValidationError('Write an object such as {"practice_count": 7}.', code="shape")
    for key, value in criteria.items():
        if key not in UNLOCK_CRITERIA:
            known = ", ".join(UNLOCK_CRITERIA)
            raise ValidationError(f"“{key}” is no criterion; there are {known}.", code="unknown")
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
            raise ValidationError(f"“{key}” must be a whole number from 1 to 1000.", code="value")
        if key == "verified" and value != 1:
            raise ValidationError("“verified” can only be 1: one is verified once.", code="value")


def validate_verification_questions(questions: Any) -> None:
    if not isinstance(questions, list) or not all(isinstance(q, str) and q.strip() for q in questions):
        raise ValidationError('Write a list of questions: ["How does it feel?"].', code="shape")


def steps_to_unlock(
    criteria: Mapping[str, int], *, practice_count: int, days_active: int, is_verified: bool
) -> list[Step]:
    """The criteria as steps, given where somebody stands on the prerequisite; never more done than is needed."""
    totals = {"practice_count": practice_count, "days_active": days_active, "verified": int(is_verified)}
    asked = criteria or LEAST_CRITERIA
    return [
        Step(key, unit, done=min(totals[key], asked[key]), needed=asked[key])
        for key, unit in UNLOCK_CRITERIA.items()
        if key in asked
    ]


def way_to(start: Key, prerequisites: Mapping[Key, Key | None]) -> list[Key]:
    """What stands before `start`, nearest first. Ends where a cycle would begin."""
    way: list[Key] = []
    current = prerequisites.get(start)
    while current is not None and current != start and current not in way:
        way.append(current)
        current = prerequisites.get(current)
    return way


class Stone(NamedTuple):
    """A hack as a stone of the path: which one has to be stepped on first."""

    prerequisite: Any
    is_published: bool
    is_gateway: bool
    asks_to_be_verified: bool = False
    can_be_verified: bool = False


def path_problems(stones: Mapping[Key, Stone]) -> dict[Key, str]:
    """Which published hacks nobody new can ever unlock, and why; and gateways that are none.

    A hack can be reached if its way ends at one without a prerequisite, over published hacks alone.
    """
    prerequisites: dict[Key, Key | None] = {key: stone.prerequisite for key, stone in stones.items()}
    problems: dict[Key, str] = {}
    for key, stone in stones.items():
        if not stone.is_published:
            continue
        way = way_to(key, prerequisites)
        if has_cycle(prerequisites, start=key):
            problems[key] = "its way leads in a circle"
        elif any(step not in stones or not stones[step].is_published for step in way):
            problems[key] = "its way leads over a hack that is not published"
        elif way and stone.asks_to_be_verified and not stones[way[0]].can_be_verified:
            problems[key] = "it asks to be verified in a hack that asks for no verification"
        elif stone.is_gateway and way:
            problems[key] = "it is a gateway and yet asks for another hack first"
    return problems


def has_cycle(prerequisites: Mapping[Key, Key | None], start: Key) -> bool:
    """Whether following the prerequisites from `start` comes back to a hack already seen."""
    seen = set()
    current: Key | None = start
    while current is not None:
        if current in seen:
            return True
        seen.add(current)
        current = prerequisites.get(current)
    return False
