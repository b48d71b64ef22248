import json
from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from hacks.models import UserHackProgress
from hacks.tests.factories import HackFactory
from practice.models import PracticeSession
from practice.tasks import close_abandoned_sessions
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def make_abandoned(hours_ago: float = 13, **fields) -> PracticeSession:
    """Create a running ten-minute timer; `last_seen_at` and `paused_at` are minutes after its start."""
    started_at = timezone.now() - timedelta(hours=hours_ago)
    for name in ("last_seen_at", "paused_at"):
        if name in fields:
            fields[name] = started_at + fields[name] * MINUTE
    return make_session(
        make_member(), HackFactory(), started_at=started_at, ended_at=None, planned_seconds=600, **fields
    )


@pytest.mark.parametrize(
    ("fields", "minutes"),
    [
        ({}, 0),
        ({"last_seen_at": 4}, 4),
        ({"last_seen_at": 25}, 10),
        ({"paused_at": 7, "last_seen_at": 7}, 7),
        ({"last_seen_at": 8, "paused_seconds": 120}, 6),
        ({"last_seen_at": 1, "paused_seconds": 120}, 0),
    ],
)
def test_session_counts_until_last_ping_and_at_most_as_planned(fields, minutes):
    session = make_abandoned(**fields)
    assert close_abandoned_sessions() == 1
    session.refresh_from_db()
    assert session.duration_seconds == minutes * 60
    assert session.paused_at is None
    assert session.ended_at == session.started_at + timedelta(seconds=minutes * 60 + session.paused_seconds)
    progress = UserHackProgress.objects.get(user=session.user)
    assert (progress.total_practice_count, progress.total_practice_minutes) == (1, minutes)


def test_activity_is_recorded_for_each_member():
    sessions = [make_abandoned(last_seen_at=5), make_abandoned(hours_ago=100, last_seen_at=5)]
    assert close_abandoned_sessions() == 2
    for session in sessions:
        activity = UserActivityLog.objects.get(user=session.user)
        assert activity.activity_type == Activity.SESSION_LOGGED
        assert activity.activity_data == {"session_id": str(session.pk), "hack_id": str(session.hack_id)}
        assert activity.processed_at is None


def test_all_reactions_are_enqueued_in_one_message(django_capture_on_commit_callbacks):
    make_abandoned()
    make_abandoned()
    with django_capture_on_commit_callbacks(execute=True):
        close_abandoned_sessions()
    with current_app.connection_for_read() as broker:
        [message] = broker.default_channel.client.lrange("celery", 0, -1)
    for activity in UserActivityLog.objects.all():
        assert str(activity.pk) in json.loads(message)["headers"]["argsrepr"]


def test_recent_and_finished_sessions_are_unchanged():
    make_abandoned(hours_ago=11.9)
    make_session(make_member(), HackFactory(), started_at=timezone.now() - timedelta(hours=13))
    before = list(PracticeSession.objects.order_by("pk").values())
    assert close_abandoned_sessions() == 0
    assert list(PracticeSession.objects.order_by("pk").values()) == before
    assert not UserActivityLog.objects.exists()


def test_second_run_closes_nothing():
    make_abandoned()
    assert [close_abandoned_sessions(), close_abandoned_sessions()] == [1, 0]


def test_number_of_queries_is_constant(django_assert_num_queries):
    make_abandoned()
    with django_assert_num_queries(4):
        close_abandoned_sessions()
    for _ in range(5):
        make_abandoned()
    with django_assert_num_queries(4):
        assert close_abandoned_sessions() == 5
