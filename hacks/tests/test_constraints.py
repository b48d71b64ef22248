"""Constraints of hacks, in the database for each role and in `Hack.clean()`."""

from threading import Event, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from database.identity import Role, database_identity
from hacks.models import Hack
from hacks.tests.factories import HackFactory

ROLES = [Role.STAFF, Role.OWNER]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "criteria",
    [
        [],
        {"practices": 3},
        {"practice_count": 3, "more": 1},
        {"practice_count": 0},
        {"practice_count": -1},
        {"practice_count": 1001},
        {"practice_count": 1.5},
        {"practice_count": "3"},
        {"practice_count": True},
        {"days_active": None},
        {"days_active": [1]},
        {"verified": 2},
        {"verified": True},
    ],
)
def test_database_refuses_invalid_criteria(criteria, role):
    hack = HackFactory(prerequisite_hack=HackFactory())
    with pytest.raises(IntegrityError, match="hacks_unlock_criteria"), database_identity(role):
        Hack.objects.filter(pk=hack.pk).update(unlock_criteria=criteria)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "criteria", [{"practice_count": 1}, {"days_active": 1000, "practice_count": 12}, {"verified": 1}, {}]
)
def test_database_takes_valid_criteria(criteria):
    prerequisite = HackFactory(requires_verification=True, verification_questions=["How?"])
    hack = HackFactory(prerequisite_hack=prerequisite, unlock_criteria=criteria)
    hack.full_clean(exclude=["search"])


@pytest.mark.django_db
def test_criteria_need_prerequisite():
    with pytest.raises(IntegrityError, match="hacks_criteria_need_prerequisite"):
        HackFactory(unlock_criteria={"practice_count": 3})


@pytest.mark.django_db
def test_questions_must_be_list():
    with pytest.raises(IntegrityError, match="hacks_verification_questions_list"):
        HackFactory(verification_questions={"how": "?"})


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("length", [2, 3, 5])
def test_cycle_of_prerequisites_is_refused(length, role):
    first = last = HackFactory()
    for _ in range(length - 1):
        last = HackFactory(prerequisite_hack=last)
    with pytest.raises(IntegrityError, match="lead back to itself"), database_identity(role):
        Hack.objects.filter(pk=first.pk).update(prerequisite_hack=last)
    first.prerequisite_hack = last
    with pytest.raises(ValidationError, match="members could never unlock either"):
        first.clean()


@pytest.mark.django_db
def test_hack_cannot_be_its_own_prerequisite():
    hack = HackFactory()
    with pytest.raises(IntegrityError), database_identity(Role.STAFF):
        Hack.objects.filter(pk=hack.pk).update(prerequisite_hack=hack)


@pytest.mark.django_db
def test_long_chain_and_shared_prerequisite_are_allowed():
    first = HackFactory()
    second = HackFactory(prerequisite_hack=first)
    HackFactory(prerequisite_hack=first)
    third = HackFactory(prerequisite_hack=second)
    with database_identity(Role.STAFF):
        Hack.objects.filter(pk=third.pk).update(prerequisite_hack=first)


@pytest.mark.django_db(transaction=True)
def test_concurrent_edits_cannot_create_cycle():
    one, two = HackFactory(), HackFactory()
    has_written, outcome = Event(), []

    def edit_second():
        try:
            with database_identity(Role.STAFF):
                has_written.wait(timeout=10)
                Hack.objects.filter(pk=two.pk).update(prerequisite_hack=one)
                outcome.append("saved")
        except IntegrityError:
            outcome.append("refused")
        finally:
            connection.close()

    other = Thread(target=edit_second)
    other.start()
    with database_identity(Role.STAFF):
        Hack.objects.filter(pk=one.pk).update(prerequisite_hack=two)
        has_written.set()
        # The other edit waits until this one commits, then sees its row.
        other.join(timeout=0.5)
        assert outcome == []
    other.join(timeout=10)
    assert outcome == ["refused"]


@pytest.mark.django_db
def test_publishing_needs_published_prerequisite():
    unpublished = HackFactory(is_active=False)
    hack = HackFactory(prerequisite_hack=unpublished)
    with pytest.raises(ValidationError, match="isn't published"):
        hack.clean()
    hack.is_active = False
    hack.clean()


@pytest.mark.django_db
def test_unpublishing_is_refused_with_published_dependant():
    prerequisite = HackFactory()
    dependant = HackFactory(prerequisite_hack=prerequisite)
    prerequisite.is_active = False
    with pytest.raises(ValidationError, match=dependant.name):
        prerequisite.clean()
