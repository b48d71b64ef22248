"""Rules for usernames, time zones and passwords."""

from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator, RegexValidator

USERNAME_MIN_LENGTH = 3
USERNAME_MAX_LENGTH = 30
PASSWORD_MIN_LENGTH = 10

# Names that could be mistaken for the site itself, its staff or one of its pages.
RESERVED_USERNAMES = frozenset(
    """
    about account accounts admin administrator alumni anonymous api app blog buddies challenge challenges checkin
    community contact dashboard deleted everyone explore graduation hack hacks healthz help home host info journal
    leaderboard legal login logout mail me member members moderator news notifications nrghax null official ops
    owner password policy practice press privacy profile readyz register root search security session sessions
    settings shop signin signout signup staff static status streak support system team terms today undefined
    user username users verification welcome worker www you
    """.split()
)


def validate_not_reserved(username: str) -> None:
    if username.lower() in RESERVED_USERNAMES or username.lower().startswith("nrghax"):
        raise ValidationError("This username is reserved. Choose another.", code="reserved")


USERNAME_VALIDATORS: list[Callable[[Any], None]] = [
    MinLengthValidator(USERNAME_MIN_LENGTH, f"Use at least {USERNAME_MIN_LENGTH} characters."),
    RegexValidator(r"\A[A-Za-z0-9_]+\Z", "Use only letters, digits and underscores."),
    validate_not_reserved,
]


@cache
def zone_names() -> frozenset[str]:
    """Return all IANA names, including aliases. Cached, because reading them opens hundreds of files."""
    return frozenset(available_timezones())


@cache
def known_timezones() -> tuple[str, ...]:
    """Return the IANA names that members choose from, sorted: UTC and the names with a region."""
    regions = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return ("UTC", *sorted(name for name in zone_names() if name.startswith(regions)))


def validate_timezone(name: str) -> None:
    """Raise `ValidationError` unless `name` is UTC or an IANA name with a region; aliases are accepted.

    Names without a region (EET, MET) are refused: PostgreSQL reads them as fixed offsets, Python with DST.
    """
    if name != "UTC" and ("/" not in name or name not in zone_names()):
        raise ValidationError("Choose a time zone from the list.", code="timezone")


def zone_or_utc(name: str) -> ZoneInfo:
    """Return the zone, or UTC if the name is unknown: updates of the zone database do remove names."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
