"""The worker's reactions to activities, failures, and the sweeper."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from accounts.tests.factories import make_member
from analytics.actions import REACTIONS_PER_MESSAGE, record, record_all, retry_activities
from analytics.models import Activity, Notification, UserActivityLog
from analytics.notifications.destinations import leads_to
from community.tests.factories import make_practised, make_verification, make_verified_hack
from hacks.models import UserHackProgress
from hacks.reactions import notify_of_unlocked_hack
from hacks.tests.factories import HackFactory
from nrghax.reactions import REACTIONS
from nrghax.tasks import (
    WORKER_SEEN_KEY,
    clear_sessions,
    heartbeat,
    keep_activity_partitions,
    react,
    sweep_activities,
)
from practice.models import DailyCheckin
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db


def record_unlocked(member, **data) -> UserActivityLog:
    return record(member.pk, Activity.HACK_UNLOCKED, data)


def record_broken(member) -> UserActivityLog:
    """Record an activity whose reaction fails, because its data lacks the hack."""
    return record_unlocked(member)


def backdate(activity: UserActivityLog, age: timedelta) -> UserActivityLog:
    UserActivityLog.objects.filter(pk=activity.pk).update(created_at=timezone.now() - age)
    activity.refresh_from_db()
    return activity


def queue_length() -> int:
    with current_app.connection_for_read() as broker:
        return broker.default_channel.client.llen("celery")


def test_every_activity_type_has_an_entry():
    assert set(REACTIONS) == set(Activity)


def test_practice_unlocks_hack_and_notifies_member(member):
    first = HackFactory()
    HackFactory(name="Next", slug="next", prerequisite_hack=first, unlock_criteria={"practice_count": 1})
    make_session(member, first, started_at=timezone.now() - timedelta(hours=1))
    react(str(record(member.pk, Activity.SESSION_LOGGED).pk))
    assert UserHackProgress.objects.get(user=member, hack__slug="next").unlocked_at is not None
    activity = UserActivityLog.objects.get(activity_type=Activity.HACK_UNLOCKED)
    react(str(activity.pk))
    notification = Notification.objects.get(user=member)
    assert (notification.title, notification.data) == (
        "You've unlocked Next",
        leads_to("hacks:hack-detail", slug="next"),
    )
    assert not UserActivityLog.objects.filter(processed_at=None).exists()


@pytest.mark.parametrize("activity_type", [Activity.SESSION_LOGGED, Activity.SESSION_CHANGED])
def test_member_is_notified_once_when_practised_enough_to_prove_mastery(member, activity_type):
    shield = make_verified_hack(name="Shield", slug="shield")
    make_verification(shield)
    others = [
        make_verified_hack(**fields)
        for fields in ({"is_active": False}, {"requires_verification": False}, {"verification_practice_count": 4})
    ]
    for hack in others:
        make_practised(hack, 3, member)
        react(str(record(member.pk, activity_type, {"hack_id": str(hack.pk)}).pk))
    assert not Notification.objects.exists()
    make_practised(shield, 3, member)
    # Another hack that was practised enough before: these activities are not about it.
    make_practised(make_verified_hack(), 3, member)
    for _ in range(2):
        react(str(record(member.pk, activity_type, {"hack_id": str(shield.pk)}).pk))
    notification = Notification.objects.get(user=member)
    assert notification.title == "You can now prove your mastery of Shield"
    assert notification.data == leads_to("community:verification-edit", slug="shield")


@pytest.mark.parametrize("status", ["draft", "submitted", "returned", "verified"])
def test_member_is_not_notified_when_verification_exists(member, status):
    verification = make_verification(author=member, status=status)
    make_practised(verification.hack, 3, member)
    make_verification(verification.hack)
    react(str(record(member.pk, Activity.SESSION_LOGGED, {"hack_id": str(verification.hack.pk)}).pk))
    assert not Notification.objects.exists()


@pytest.mark.parametrize("activity_type", [Activity.CHECKIN_SAVED, Activity.CHECKIN_DELETED])
def test_check_in_recomputes_streak(member, activity_type):
    checkin = make_checkin(member, timezone.now().date())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE nrghax_owner")
        cursor.execute("UPDATE daily_checkins SET streak_count = 40")
        cursor.execute("SET LOCAL ROLE nrghax_worker")
    react(str(record(member.pk, activity_type).pk))
    assert DailyCheckin.objects.get(pk=checkin.pk).streak_count == 1


def test_second_delivery_has_no_effect(member):
    activity = record_unlocked(member, hack_id="1", name="Next", slug="next")
    react(str(activity.pk))
    Notification.objects.all().delete()
    react(str(activity.pk))
    assert not Notification.objects.exists()


def test_same_news_twice_is_one_notification(member):
    for _ in range(2):
        react(str(record_unlocked(member, hack_id="1", name="Next", slug="next").pk))
    assert Notification.objects.count() == 1


def test_missing_activity_is_ignored():
    react("00000000-0000-7000-8000-000000000000")


def fail(activity):
    raise RuntimeError("a later reaction fails")


def test_failed_reaction_counts_attempt_and_rolls_back(member, monkeypatch):
    monkeypatch.setitem(REACTIONS, Activity.HACK_UNLOCKED, (notify_of_unlocked_hack, fail))
    activity = record_unlocked(member, hack_id="1", name="Next", slug="next")
    with pytest.raises(RuntimeError):
        react(str(activity.pk))
    assert not Notification.objects.exists()
    activity.refresh_from_db()
    assert (activity.attempts, activity.processed_at) == (1, None)
    monkeypatch.undo()
    react(str(activity.pk))
    activity.refresh_from_db()
    assert (activity.attempts, activity.processed_at is None) == (1, False)
    assert Notification.objects.count() == 1


def test_failed_activity_does_not_stop_others_in_same_message(member):
    entries = [
        record(member.pk, Activity.CHECKIN_SAVED),
        record_broken(member),
        record(member.pk, Activity.CHECKIN_SAVED),
    ]
    with pytest.raises(KeyError):
        react(*(str(entry.pk) for entry in entries))
    for entry in entries:
        entry.refresh_from_db()
    assert [entry.processed_at is None for entry in entries] == [False, True, False]
    assert [entry.attempts for entry in entries] == [0, 1, 0]


def test_many_activities_share_messages(member, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        record_all(Activity.CHECKIN_SAVED, [(member.pk, {})] * (REACTIONS_PER_MESSAGE + 1))
    assert queue_length() == 2


def test_unknown_activity_type_counts_as_failed_attempt(member):
    activity = record(member.pk, "from_a_later_release")
    with pytest.raises(KeyError):
        react(str(activity.pk))
    activity.refresh_from_db()
    assert activity.attempts == 1


def test_sweeper_enqueues_activities_that_waited_a_minute(member):
    backdate(record(member.pk, Activity.CHECKIN_SAVED), timedelta(seconds=61))
    record(member.pk, Activity.CHECKIN_SAVED)
    done = backdate(record(member.pk, Activity.CHECKIN_SAVED), timedelta(hours=1))
    react(str(done.pk))
    assert sweep_activities() == 1
    assert queue_length() == 1


def test_activity_is_given_up_after_ten_attempts_until_retried(member):
    failing = backdate(record_broken(member), timedelta(hours=1))
    other = backdate(record(member.pk, Activity.CHECKIN_SAVED), timedelta(hours=1))
    for attempt in range(UserActivityLog.MAX_ATTEMPTS):
        assert failing in UserActivityLog.objects.pending(), f"before attempt {attempt + 1}"
        with pytest.raises(KeyError):
            react(str(failing.pk))
    assert list(UserActivityLog.objects.given_up()) == [failing]
    assert list(UserActivityLog.objects.pending()) == [other]
    assert sweep_activities() == 1
    assert retry_activities(activities=UserActivityLog.objects.all()) == 1
    assert sweep_activities() == 2
    assert not UserActivityLog.objects.given_up().exists()


def test_sweeper_queries_batch_in_one_statement(member, django_assert_num_queries):
    for _ in range(5):
        backdate(record(member.pk, Activity.CHECKIN_SAVED), timedelta(hours=1))
    with django_assert_num_queries(1):
        assert sweep_activities() == 5


def partitions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'user_activity_logs'::regclass"
        )
        return {name.removeprefix("user_activity_logs_") for (name,) in cursor.fetchall()}


def test_coming_partitions_are_made_and_old_ones_dropped(member):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT app.make_activity_partitions(0, '2020-01-15'), app.make_activity_partitions(0, '2020-02-15')"
        )
    waiting = record(member.pk, Activity.CHECKIN_SAVED)
    UserActivityLog.objects.filter(pk=waiting.pk).update(created_at=datetime(2020, 2, 3, tzinfo=UTC))
    keep_activity_partitions()
    months = partitions()
    assert "2020_01" not in months
    assert "2020_02" in months, "a partition with an unprocessed activity is kept"
    today = timezone.now().date()
    assert {f"{today:%Y_%m}", f"{today.replace(day=1) + timedelta(days=32):%Y_%m}"} <= months


def test_expired_sessions_are_deleted(member):
    now = timezone.now()
    Session.objects.create(session_key="expired", session_data="", expire_date=now - timedelta(days=1))
    Session.objects.create(session_key="current", session_data="", expire_date=now + timedelta(days=1))
    assert clear_sessions() == 1
    assert Session.objects.get().session_key == "current"


def test_heartbeat_marks_worker_as_seen():
    assert cache.get(WORKER_SEEN_KEY) is None
    heartbeat()
    assert cache.get(WORKER_SEEN_KEY) is not None


def test_reactions_affect_only_their_own_member(member):
    first = HackFactory()
    HackFactory(slug="next", prerequisite_hack=first)
    other = make_member()
    for practitioner in (member, other):
        make_session(practitioner, first, started_at=timezone.now() - timedelta(hours=1))
    react(str(record(member.pk, Activity.SESSION_LOGGED).pk))
    assert list(UserHackProgress.objects.filter(hack__slug="next").values_list("user", flat=True)) == [member.pk]
