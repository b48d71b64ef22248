"""`with_progress_of`: a member's progress in each hack, and whether it is open to them."""

import pytest
from django.utils import timezone

from accounts.tests.factories import make_member
from hacks.models import Hack, UserHackProgress
from hacks.tests.factories import HackFactory

pytestmark = pytest.mark.django_db


def hack_with_progress(member, hack):
    return Hack.objects.with_progress_of(member).get(pk=hack.pk)


def test_hack_without_prerequisite_is_open_to_all(member):
    hack = HackFactory()
    assert hack_with_progress(None, hack).is_open
    assert hack_with_progress(member, hack).is_open


def test_hack_with_prerequisite_is_open_to_member_who_unlocked_it_only(member):
    hack = HackFactory(prerequisite_hack=HackFactory())
    UserHackProgress.objects.create(user=member, hack=hack, unlocked_at=timezone.now())
    assert hack_with_progress(member, hack).is_open
    assert not hack_with_progress(make_member(), hack).is_open
    assert not hack_with_progress(None, hack).is_open


def test_favourite_does_not_open_hack(member):
    hack = HackFactory(prerequisite_hack=HackFactory())
    UserHackProgress.objects.create(user=member, hack=hack, is_favorite=True)
    assert not hack_with_progress(member, hack).is_open


def test_practised_hack_stays_open_when_prerequisite_is_added(member):
    hack = HackFactory(prerequisite_hack=HackFactory())
    UserHackProgress.objects.create(user=member, hack=hack, total_practice_count=2)
    assert hack_with_progress(member, hack).is_open


def test_totals_are_of_this_member_and_zero_without_progress(member):
    hack = HackFactory()
    UserHackProgress.objects.create(
        user=member,
        hack=hack,
        is_favorite=True,
        total_practice_count=4,
        total_practice_minutes=31,
        days_active=3,
        mastery_level=2,
    )
    own = hack_with_progress(member, hack)
    assert (own.is_favourite, own.practice_count, own.practice_minutes) == (True, 4, 31)
    assert (own.days_active, own.mastery_level) == (3, 2)
    for other in (make_member(), None):
        found = hack_with_progress(other, hack)
        assert (found.is_favourite, found.practice_count, found.practice_minutes) == (False, 0, 0)
        assert (found.days_active, found.mastery_level) == (0, 0)
