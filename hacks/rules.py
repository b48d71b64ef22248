"""What a hack may say about itself; pure, no database."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

# Addresses under /practice/ that a slug must not take.
RESERVED_SLUGS = frozenset({"log", "sessions", "colours"})

# Privacy-friendly hosts of video and audio; nothing else is ever embedded.
MEDIA_HOSTS = frozenset({"www.youtube-nocookie.com", "player.vimeo.com"})

UNLOCK_CRITERIA = {"practice_count": "practices", "days_active": "days of practice"}

Key = TypeVar("Key")


def validate_slug(slug: str) -> None:
    if slug in RESERVED_SLUGS:
        raise ValidationError("This slug is an address of the site itself.", code="reserved")


def validate_content_url(url: str) -> None:
    """Refuse media from a host that isn't allow-listed."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname not in MEDIA_HOSTS:
        hosts = " or ".join(sorted(MEDIA_HOSTS))
        raise ValidationError(f"Use an https address at {hosts}.", code="media_host")


def validate_unlock_criteria(criteria: Any) -> None:
    """Refuse anything but `{"practice_count": n, "days_active": n}` with whole numbers from 1 to 1000."""
    if not isinstance(criteria, dict):
        raise ValidationError('Write an object such as {"practice_count": 7}.', code="shape")
    for key, value in criteria.items():
        if key not in UNLOCK_CRITERIA:
            known = " and ".join(UNLOCK_CRITERIA)
            raise ValidationError(f"“{key}” is no criterion; there are {known}.", code="unknown")
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
            raise ValidationError(f"“{key}” must be a whole number from 1 to 1000.", code="value")


def validate_verification_questions(questions: Any) -> None:
    if not isinstance(questions, list) or not all(isinstance(q, str) and q.strip() for q in questions):
        raise ValidationError('Write a list of questions: ["How does it feel?"].', code="shape")


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
