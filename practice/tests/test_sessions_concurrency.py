"""Concurrent requests on separate connections: a double click, two tabs, a phone and a laptop."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from database.identity import Role, database_identity
from database.tests.connections import start_in_thread
from hacks.models import UserHackProgress
from practice.actions import close_abandoned_sessions, finish_session, log_session, resume_session, start_session
from practice.models import PracticeSession
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def member():
    return make_member()


def start(member, hack, session_id):
    return start_session(
        member=member, hack=hack, session_id=session_id, planned_seconds=300, session_type="solo", now=timezone.now()
    )


def locked(session):
    return PracticeSession.objects.visible_to(session.user).locked().get(pk=session.pk)


def running(member, hack, **fields):
    fields = {"started_at": timezone.now() - timedelta(minutes=10), "ended_at": None} | fields
    return make_session(member, hack, **fields)


def logged(activity):
    return UserActivityLog.objects.filter(activity_type=activity).count()


def test_concurrent_starts_create_one_session(sign_in, member, hack):
    client = sign_in(member)
    session_id = uuid7()
    answers = []
    data = {"id": uuid7(), "minutes": 5, "session_type": "solo"}

    def start_in_other_tab():
        answers.append(client.post(reverse("practice:session-start", args=[hack.slug]), data))

    with database_identity(Role.MEMBER, member.pk):
        start(member, hack, session_id)
        other = start_in_thread(start_in_other_tab)
        assert other.is_alive()
    other.join()
    assert answers[0].url == reverse("practice:timer", args=[hack.slug])
    with database_identity(Role.WORKER):
        assert PracticeSession.objects.get().pk == session_id


def test_concurrent_repeats_of_start_create_one_session(sign_in, member, hack):
    client = sign_in(member)
    session_id = uuid7()
    answers = []

    def repeat_start():
        data = {"id": session_id, "minutes": 5, "session_type": "solo"}
        answers.append(client.post(reverse("practice:session-start", args=[hack.slug]), data))

    with database_identity(Role.MEMBER, member.pk):
        start(member, hack, session_id)
        other = start_in_thread(repeat_start)
        assert other.is_alive()
    other.join()
    assert answers[0].status_code == 302
    with database_identity(Role.WORKER):
        assert PracticeSession.objects.get().pk == session_id


def test_concurrent_finishes_count_once(sign_in, member, hack):
    client = sign_in(member)
    session = running(member, hack)
    answers = []

    def finish_in_other_tab():
        answers.append(client.post(reverse("practice:session-finish", args=[session.pk])))

    ended_at = session.started_at + timedelta(minutes=5)
    with database_identity(Role.MEMBER, member.pk):
        finish_session(session=locked(session), now=timezone.now(), ended_at=ended_at)
        other = start_in_thread(finish_in_other_tab)
        assert other.is_alive()
    other.join()
    assert answers[0].url == session.get_absolute_url()
    with database_identity(Role.WORKER):
        session.refresh_from_db()
        assert (session.ended_at, session.duration_seconds) == (ended_at, 300)
        assert logged(Activity.SESSION_LOGGED) == 1
        progress = UserHackProgress.objects.get()
        assert (progress.total_practice_count, progress.total_practice_minutes) == (1, 5)


def test_concurrent_resumes_add_pause_once(sign_in, member, hack):
    client = sign_in(member)
    session = running(member, hack, paused_at=timezone.now() - timedelta(minutes=4))

    def resume_in_other_tab():
        client.post(reverse("practice:session-resume", args=[session.pk]))

    with database_identity(Role.MEMBER, member.pk):
        resume_session(session=locked(session), now=timezone.now())
        other = start_in_thread(resume_in_other_tab)
        assert other.is_alive()
    other.join()
    with database_identity(Role.WORKER):
        session.refresh_from_db()
        assert session.paused_seconds == pytest.approx(240, abs=3)


def test_session_is_kept_if_finished_before_concurrent_discard(sign_in, member, hack):
    client = sign_in(member)
    session = running(member, hack)

    def discard_in_other_tab():
        client.post(reverse("practice:session-discard", args=[session.pk]))

    with database_identity(Role.MEMBER, member.pk):
        finish_session(session=locked(session), now=timezone.now())
        other = start_in_thread(discard_in_other_tab)
        assert other.is_alive()
    other.join()
    with database_identity(Role.WORKER):
        assert not PracticeSession.objects.get().is_running


def test_finish_wins_over_concurrent_closing_of_abandoned_sessions(member, hack):
    session = running(member, hack, started_at=timezone.now() - timedelta(hours=13))
    closed = []

    def sweep():
        with database_identity(Role.WORKER):
            closed.append(close_abandoned_sessions(now=timezone.now()))

    ended_at = session.started_at + timedelta(minutes=30)
    with database_identity(Role.MEMBER, member.pk):
        finish_session(session=locked(session), now=timezone.now(), ended_at=ended_at)
        other = start_in_thread(sweep)
        assert other.is_alive()
    other.join()
    assert closed == [0]
    with database_identity(Role.WORKER):
        session.refresh_from_db()
        assert (session.ended_at, session.duration_seconds) == (ended_at, 1800)
        assert logged(Activity.SESSION_LOGGED) == 1


def test_concurrent_logs_of_one_hack_are_both_counted(member, hack):
    def log(minutes):
        log_session(
            member=member,
            session_id=uuid7(),
            hack_id=hack.pk,
            started_at=timezone.now() - timedelta(hours=1),
            duration_seconds=minutes * 60,
            session_type="solo",
            feedback_score=None,
            notes="",
            biometric_data=None,
        )

    def log_on_phone():
        with database_identity(Role.MEMBER, member.pk):
            log(7)

    # The first round inserts the progress row, the second round updates it.
    for practices, minutes in [(2, 12), (4, 24)]:
        with database_identity(Role.MEMBER, member.pk):
            log(5)
            other = start_in_thread(log_on_phone)
            assert other.is_alive()
        other.join()
        with database_identity(Role.WORKER):
            progress = UserHackProgress.objects.get()
            assert (progress.total_practice_count, progress.total_practice_minutes) == (practices, minutes)
    connection.close()
