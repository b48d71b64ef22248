"""What a username and a time zone may be."""

from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator, RegexValidator

USERNAME_MIN_LENGTH = 3
USERNAME_MAX_LENGTH = 30

# Names that would be mistaken for the house itself or for one of its addresses.
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
        raise ValidationError("This username is reserved. Please choose another.", code="reserved")


USERNAME_VALIDATORS: list[Callable[[Any], None]] = [
    MinLengthValidator(USERNAME_MIN_LENGTH, "Use at least three characters."),
    RegexValidator(r"\A[A-Za-z0-9_]+\Z", "Use letters, digits and underscores only."),
    validate_not_reserved,
]


@cache
def zone_names() -> frozenset[str]:
    """Every IANA name, aliases too. Asking the system each time would read hundreds of files."""
    return frozenset(available_timezones())


@cache
def known_timezones() -> tuple[str, ...]:
    """IANA zone names that people choose from, sorted; aliases without a region are left out."""
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
    """Refuse what is no IANA zone name; aliases that a browser may report are fine.

    Names without a region (EET, MET) are refused: PostgreSQL reads them as fixed offsets, Python with DST.
    """
    if name != "UTC" and ("/" not in name or name not in zone_names()):
        raise ValidationError("Choose a time zone from the list.", code="timezone")


def zone_or_utc(name: str) -> ZoneInfo:
    """The zone, or UTC where the system no longer knows the name: names do vanish from the database of zones."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
