"""Concurrent changes of challenges on separate connections."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from database.constraints import refused_by
from database.identity import Role, database_identity
from database.tests.connections import start_in_thread
from gamification.actions import (
    ChallengeRefused,
    cancel_challenge,
    join_challenge,
    score_challenges,
    settle_challenge,
)
from gamification.models import Challenge, ChallengeParticipant, XpEntry
from gamification.tests.factories import ChallengeFactory, take_part
from hacks.tests.factories import HackFactory
from nrghax.tasks import react
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db(transaction=True)


def join(member, challenge, outcome):
    try:
        with database_identity(Role.MEMBER, member.pk):
            outcome.append(join_challenge(member=member, challenge=challenge))
    except ChallengeRefused as refused:
        outcome.append(refused.reason)


def rows(model, **fields):
    with database_identity(Role.WORKER):
        return list(model.objects.filter(**fields))


@pytest.mark.parametrize(("places", "second"), [(1, "This challenge is full."), (2, True)])
def test_only_one_member_gets_last_place(places, second):
    challenge = ChallengeFactory(max_participants=places)
    first, other = make_member(), make_member()
    outcome = []
    with database_identity(Role.MEMBER, first.pk):
        assert join_challenge(member=first, challenge=challenge)
        waiting = start_in_thread(lambda: join(other, challenge, outcome))
        assert waiting.is_alive()
    waiting.join()
    assert outcome == [second]
    assert len(rows(ChallengeParticipant)) == places


def test_double_click_joins_once_even_for_last_place():
    challenge, member = ChallengeFactory(max_participants=1), make_member()
    outcome = []
    with database_identity(Role.MEMBER, member.pk):
        assert join_challenge(member=member, challenge=challenge)
        waiting = start_in_thread(lambda: join(member, challenge, outcome))
        assert waiting.is_alive()
    waiting.join()
    assert outcome == [False]
    assert len(rows(ChallengeParticipant)) == 1
    assert len(rows(UserActivityLog, activity_type=Activity.CHALLENGE_JOINED)) == 1


def test_joining_is_refused_while_challenge_is_cancelled():
    challenge, member = ChallengeFactory(), make_member()
    outcome = []
    with database_identity(Role.STAFF):
        assert cancel_challenge(challenge=challenge, reason="", now=timezone.now())
        waiting = start_in_thread(lambda: join(member, challenge, outcome))
        assert waiting.is_alive()
    waiting.join()
    assert outcome == ["This challenge isn't taking place."]


def test_challenge_cannot_be_changed_while_member_joins():
    challenge, member = ChallengeFactory(), make_member()
    outcome = []

    def move_end():
        challenge.end_date += timedelta(days=1)
        try:
            with database_identity(Role.STAFF):
                challenge.save()
        except IntegrityError as error:
            outcome.append(refused_by(error))

    with database_identity(Role.MEMBER, member.pk):
        join_challenge(member=member, challenge=Challenge.objects.get())
        waiting = start_in_thread(move_end)
        assert waiting.is_alive()
    waiting.join()
    assert outcome == ["challenge_is_joined"]


@pytest.fixture
def challenge_won():
    """A challenge that has ended, with a participant who completed it."""
    challenge = ChallengeFactory(
        days=(-4, -2),
        criteria_json={"type": "practice_count", "value": 1},
        reward_type="xp",
        reward_value={"xp": 50},
    )
    member = make_member()
    make_session(member, HackFactory(), started_at=challenge.start_date)
    take_part(challenge, member)
    return challenge


def test_two_concurrent_workers_settle_and_reward_once(challenge_won):
    outcome = []

    def settle():
        with database_identity(Role.WORKER):
            outcome.append(settle_challenge(challenge_id=challenge_won.pk, now=timezone.now()))

    with database_identity(Role.WORKER):
        assert settle_challenge(challenge_id=challenge_won.pk, now=timezone.now())
        other = start_in_thread(settle)
        assert not other.is_alive()
    assert outcome == [False]
    [ended] = rows(UserActivityLog, activity_type=Activity.CHALLENGE_ENDED)

    def react_again():
        with database_identity(Role.WORKER):
            react(str(ended.pk))

    with database_identity(Role.WORKER):
        react(str(ended.pk))
        other = start_in_thread(react_again)
        assert not other.is_alive()
    assert [entry.amount for entry in rows(XpEntry, source="challenge")] == [50]


def test_challenge_cannot_be_cancelled_while_it_is_settled(challenge_won):
    outcome = []

    def cancel():
        with database_identity(Role.STAFF):
            outcome.append(cancel_challenge(challenge=challenge_won, reason="Too late.", now=timezone.now()))

    with database_identity(Role.WORKER):
        assert settle_challenge(challenge_id=challenge_won.pk, now=timezone.now())
        waiting = start_in_thread(cancel)
        assert waiting.is_alive()
    waiting.join()
    assert outcome == [False]
    assert [(each.is_active, each.cancelled_at) for each in rows(Challenge)] == [(True, None)]


def test_score_includes_practice_committed_while_it_waited():
    challenge, member = ChallengeFactory(), make_member()
    take_part(challenge, member)

    def score():
        with database_identity(Role.WORKER):
            score_challenges(member_id=member.pk, now=timezone.now())

    with database_identity(Role.WORKER):
        assert score_challenges(now=timezone.now()) == 0
        waiting = start_in_thread(score)
        assert waiting.is_alive()
        make_session(member, HackFactory(), started_at=challenge.start_date)
    waiting.join()
    assert [each.score for each in rows(ChallengeParticipant)] == [1]
