"""`with_progress_of`: where a member stands on each hack, and whether it is open to them."""

import pytest
from django.utils import timezone

from accounts.tests.factories import make_member
from hacks.models import Hack, UserHackProgress
from hacks.tests.factories import HackFactory

pytestmark = pytest.mark.django_db


def standing(member, hack):
    return Hack.objects.with_progress_of(member).get(pk=hack.pk)


def test_a_hack_without_prerequisite_is_open_to_everybody(member):
    hack = HackFactory()
    assert standing(None, hack).is_open
    assert standing(member, hack).is_open


def test_a_hack_with_prerequisite_is_open_once_unlocked_and_to_nobody_else(member):
    hack = HackFactory(prerequisite_hack=HackFactory())
    UserHackProgress.objects.create(user=member, hack=hack, unlocked_at=timezone.now())
    assert standing(member, hack).is_open
    assert not standing(make_member(), hack).is_open
    assert not standing(None, hack).is_open


def test_a_favourite_alone_opens_nothing(member):
    hack = HackFactory(prerequisite_hack=HackFactory())
    UserHackProgress.objects.create(user=member, hack=hack, is_favorite=True)
    assert not standing(member, hack).is_open


def test_what_was_practised_before_staff_asked_for_another_hack_stays_open(member):
    hack = HackFactory(prerequisite_hack=HackFactory())
    UserHackProgress.objects.create(user=member, hack=hack, total_practice_count=2)
    assert standing(member, hack).is_open


def test_totals_are_the_members_own_and_none_without_progress(member):
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
    own = standing(member, hack)
    assert (own.is_favourite, own.practice_count, own.practice_minutes) == (True, 4, 31)
    assert (own.days_active, own.mastery_level) == (3, 2)
    for other in (make_member(), None):
        found = standing(other, hack)
        assert (found.is_favourite, found.practice_count, found.practice_minutes) == (False, 0, 0)
        assert (found.days_active, found.mastery_level) == (0, 0)
