import zoneinfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.rules import known_timezones, validate_timezone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Calcutta"])
def test_zone_or_alias_is_accepted(name):
    validate_timezone(name)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "EET", "WET", "GMT+1", "europe/berlin"])
def test_name_without_region_is_refused(name):
    with pytest.raises(ValidationError):
        validate_timezone(name)


def test_zones_come_only_from_pinned_package():
    assert zoneinfo.TZPATH == ()


@pytest.mark.django_db
def test_database_knows_each_offered_zone():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT zone FROM unnest(%s::text[]) AS zone WHERE zone NOT IN (SELECT name FROM pg_timezone_names)",
            [list(known_timezones())],
        )
        assert cursor.fetchall() == []
