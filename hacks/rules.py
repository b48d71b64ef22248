"""Rules of hacks: media, unlock criteria and prerequisites. Pure, without a database."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

# Paths under /practice/ and /verification/ that a slug must not take.
RESERVED_SLUGS = frozenset({"log", "sessions", "colours", "review"})

# Players that set no cookie before a visitor presses play: host, name and path prefix of embed URLs.
PLAYERS = {"www.youtube-nocookie.com": ("YouTube", "/embed/"), "player.vimeo.com": ("Vimeo", "/video/")}
MEDIA_FILE_ENDINGS = {"audio": (".mp3", ".m4a", ".ogg", ".opus"), "video": (".mp4", ".webm")}

# The criteria, each with its unit in singular and plural.
UNLOCK_CRITERIA = {
    "practice_count": ("practice", "practices"),
    "days_active": ("day", "days"),
    "verified": ("verification", "verifications"),
}
# Applies to a prerequisite without criteria.
DEFAULT_CRITERIA = {"practice_count": 1}

Key = TypeVar("Key")


class Media(NamedTuple):
    """Playable media at a URL. `kind` is "player" for a provider's player, or "audio" or "video" for our own file."""

    kind: str
    url: str
    provider: str


class Step(NamedTuple):
    """A member's progress in one criterion: `done` of `needed`, counted in `unit`."""

    criterion: str
    unit: str
    done: int
    needed: int


def validate_slug(slug: str) -> None:
    if slug in RESERVED_SLUGS:
        raise ValidationError("Choose another slug. The site uses this one for its own pages.", code="reserved")


def media_of(url: str, own_sources: Collection[str]) -> Media | None:
    """Return the media at a URL of a known player or a file at one of `own_sources` (origins), otherwise None."""
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return None
    if parts.scheme == "https" and parts.netloc in PLAYERS:
        provider, path = PLAYERS[parts.netloc]
        return Media("player", url, provider) if parts.path.startswith(path) else None
    if origin in own_sources:
        for kind, endings in MEDIA_FILE_ENDINGS.items():
            if parts.path.lower().endswith(endings):
                return Media(kind, url, "")
    return None


def validate_content_url(url: str) -> None:
    """Raise ValidationError for media that the pages do not play."""
    if media_of(url, settings.MEDIA_SOURCES) is None:
        players = " or ".join(f"https://{host}{path}…" for host, (_, path) in PLAYERS.items())
        raise ValidationError(
            f"Enter the embed URL of a player ({players}), or the URL of an audio or video file at a host in "
            "MEDIA_SOURCES.",
            code="media_host",
        )


def validate_unlock_criteria(criteria: Any) -> None:
    """Raise ValidationError unless the criteria are a subset of `UNLOCK_CRITERIA` with valid values.

    "practice_count" and "days_active" take a whole number from 1 to 1000. "verified" takes 1.
    """
    if not isinstance(criteria, dict):
        raise ValidationError('Enter an object such as {"practice_count": 7}.', code="shape")
    for key, value in criteria.items():
        if key not in UNLOCK_CRITERIA:
            known = ", ".join(UNLOCK_CRITERIA)
            raise ValidationError(f"“{key}” isn't a criterion. Use {known}.", code="unknown")
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
            raise ValidationError(f"“{key}” must be a whole number from 1 to 1000.", code="value")
        if key == "verified" and value != 1:
            raise ValidationError("“verified” must be 1.", code="value")


def validate_verification_questions(questions: Any) -> None:
    if not isinstance(questions, list) or not all(isinstance(q, str) and q.strip() for q in questions):
        raise ValidationError('Enter a list of questions such as ["How does it feel?"].', code="shape")
    if any("\x00" in question for question in questions):
        raise ValidationError("Null characters are not allowed.", code="null_characters_not_allowed")


def steps_to_unlock(
    criteria: Mapping[str, int], *, practice_count: int, days_active: int, is_verified: bool
) -> list[Step]:
    """Return the criteria as steps, given the member's totals in the prerequisite. `done` never exceeds `needed`."""
    totals = {"practice_count": practice_count, "days_active": days_active, "verified": int(is_verified)}
    needed = criteria or DEFAULT_CRITERIA
    return [
        Step(key, units[needed[key] != 1], done=min(totals[key], needed[key]), needed=needed[key])
        for key, units in UNLOCK_CRITERIA.items()
        if key in needed
    ]


def prerequisite_chain(start: Key, prerequisites: Mapping[Key, Key | None]) -> list[Key]:
    """Return the direct and indirect prerequisites of `start`, nearest first. Stop where a cycle would begin."""
    chain: list[Key] = []
    current = prerequisites.get(start)
    while current is not None and current != start and current not in chain:
        chain.append(current)
        current = prerequisites.get(current)
    return chain


class PathNode(NamedTuple):
    """A hack in the graph of prerequisites."""

    prerequisite: Any
    is_published: bool
    is_gateway: bool
    needs_verified_prerequisite: bool = False
    can_be_verified: bool = False


def path_problems(nodes: Mapping[Key, PathNode]) -> dict[Key, str]:
    """Return the reason for each published hack that a new member can never unlock, and for each locked gateway.

    A hack can be unlocked if its chain of prerequisites has an end and holds published hacks only.
    """
    prerequisites: dict[Key, Key | None] = {key: node.prerequisite for key, node in nodes.items()}
    problems: dict[Key, str] = {}
    for key, node in nodes.items():
        if not node.is_published:
            continue
        chain = prerequisite_chain(key, prerequisites)
        if has_cycle(prerequisites, start=key):
            problems[key] = "its prerequisites form a cycle"
        elif any(step not in nodes or not nodes[step].is_published for step in chain):
            problems[key] = "one of its prerequisites isn't published"
        elif chain and node.needs_verified_prerequisite and not nodes[chain[0]].can_be_verified:
            problems[key] = "it needs verification in a hack that doesn't offer it"
        elif node.is_gateway and chain:
            problems[key] = "it's a gateway but has a prerequisite"
    return problems


def has_cycle(prerequisites: Mapping[Key, Key | None], start: Key) -> bool:
    """Return whether the chain of prerequisites from `start` runs into a cycle."""
    seen = set()
    current: Key | None = start
    while current is not None:
        if current in seen:
            return True
        seen.add(current)
        current = prerequisites.get(current)
    return False
