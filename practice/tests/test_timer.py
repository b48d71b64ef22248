import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from database.identity import Role, database_identity
from hacks.models import Hack, UserHackProgress
from hacks.tests.factories import HackFactory
from practice.models import PracticeSession
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db

BUTTONS = ["session-pause", "session-resume", "session-finish", "session-discard", "session-ping"]


@pytest.fixture
def running(member, hack):
    return make_running(member, hack, minutes_ago=8)


def make_running(member, hack, *, minutes_ago: float, **fields) -> PracticeSession:
    started_at = timezone.now() - timedelta(minutes=minutes_ago)
    return make_session(member, hack, started_at=started_at, ended_at=None, planned_seconds=600, **fields)


def timer_url(hack):
    return reverse("practice:timer", args=[hack.slug])


def press(client, button, session, data=None, **extra):
    return client.post(reverse(f"practice:{button}", args=[session.pk]), data, **extra)


def start(client, hack, **data):
    data = {"id": uuid7(), "minutes": 5, "session_type": "solo"} | data
    return client.post(reverse("practice:session-start", args=[hack.slug]), data)


def logged(session):
    return list(
        UserActivityLog.objects.filter(activity_data__session_id=str(session.pk)).values_list(
            "activity_type", flat=True
        )
    )


def test_page_proposes_duration_of_hack(member_client, hack):
    response = member_client.get(timer_url(hack))
    assert response.status_code == 200
    form = response.context["form"]
    assert form["minutes"].value() == 5
    assert form["session_type"].value() == "solo"
    assert UUID(form["id"].value()).version == 7
    assert "05:00" in response.text
    assert "no-store" in response["Cache-Control"]


def test_visitor_is_redirected_to_login(client, hack):
    response = client.get(timer_url(hack))
    assert response.status_code == 302
    assert response.url == f"{reverse('account_login')}?next={timer_url(hack)}"
    response = start(client, hack)
    assert response.url == f"{reverse('account_login')}?next={reverse('practice:today')}"
    assert not PracticeSession.objects.exists()


@pytest.mark.parametrize("button", BUTTONS)
def test_buttons_redirect_visitor_to_login(client, running, button):
    before = PracticeSession.objects.values().get()
    response = press(client, button, running)
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))
    assert PracticeSession.objects.values().get() == before


@pytest.mark.parametrize("button", BUTTONS)
def test_buttons_of_other_member_are_not_found(sign_in, running, button):
    before = PracticeSession.objects.values().get()
    response = press(sign_in(make_member()), button, running)
    assert response.status_code == 404
    assert PracticeSession.objects.values().get() == before


@pytest.mark.parametrize("button", [button for button in BUTTONS if button != "session-discard"])
def test_get_is_not_allowed_for_buttons(member_client, running, button):
    before = PracticeSession.objects.values().get()
    assert member_client.get(reverse(f"practice:{button}", args=[running.pk])).status_code == 405
    assert PracticeSession.objects.values().get() == before


def test_other_methods_are_not_allowed(member_client, hack):
    assert member_client.get(reverse("practice:session-start", args=[hack.slug])).status_code == 405
    assert member_client.post(timer_url(hack)).status_code == 405


def test_unknown_hack_is_not_found(member_client):
    assert member_client.get(reverse("practice:timer", args=["no-such-hack"])).status_code == 404
    assert member_client.post(reverse("practice:session-start", args=["no-such-hack"])).status_code == 404


class TestStart:
    def test_start_stores_server_time_and_zone_of_member(self, sign_in, hack):
        member = make_member(profile={"timezone": "Pacific/Kiritimati", "day_start": "04:00"})
        session_id = uuid7()
        before = timezone.now()
        response = start(sign_in(member), hack, id=session_id, minutes=12, session_type="guided")
        assert response.status_code == 302
        assert response.url == timer_url(hack)
        session = PracticeSession.objects.get()
        assert session.pk == session_id
        assert (session.user_id, session.hack_id) == (member.pk, hack.pk)
        assert before <= session.started_at <= timezone.now()
        assert session.planned_seconds == 12 * 60
        assert session.session_type == "guided"
        assert (session.timezone, session.day_start.hour) == ("Pacific/Kiritimati", 4)
        assert session.practice_date == (session.started_at + timedelta(hours=14 - 4)).date()
        assert session.is_running
        assert logged(session) == []

    def test_repeated_start_is_stored_once(self, member_client, hack):
        session_id = uuid7()
        start(member_client, hack, id=session_id, minutes=5)
        response = start(member_client, hack, id=session_id, minutes=50)
        assert response.url == timer_url(hack)
        assert PracticeSession.objects.get().planned_seconds == 300

    def test_repeated_start_after_finish_leads_to_finished_session(self, member_client, member, hack):
        session = make_session(member, hack, started_at=timezone.now() - timedelta(minutes=20))
        response = start(member_client, hack, id=session.pk)
        assert response.url == session.get_absolute_url()
        assert not PracticeSession.objects.running().exists()

    def test_id_of_other_member_is_rejected_without_revealing_owner(self, sign_in, running, hack):
        client = sign_in(make_member())
        response = start(client, hack, id=running.pk)
        assert response.status_code == 200
        assert "Something went wrong. Please try again." in response.text
        assert str(running.pk) not in response.text
        assert PracticeSession.objects.get() == running
        again = start(client, hack, id=response.context["form"]["id"].value())
        assert again.status_code == 302
        assert PracticeSession.objects.count() == 2

    def test_start_leads_to_session_already_running(self, member_client, running):
        other = HackFactory()
        response = start(member_client, other)
        assert response.status_code == 302
        assert response.url == timer_url(running.hack)
        assert PracticeSession.objects.get() == running
        assert "already practising" in member_client.get(response.url).text

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("minutes", "0", "Enter 1 or more."),
            ("minutes", "181", "Enter 180 or less."),
            ("minutes", "", "Fill in this field."),
            ("minutes", "ten", "Enter a whole number"),
            ("session_type", "asleep", "Choose one of the options."),
            ("id", "not-an-id", "Something went wrong. Please try again."),
            ("id", "", "Something went wrong. Please try again."),
        ],
    )
    def test_invalid_input_shows_error(self, member_client, hack, field, value, words):
        response = start(member_client, hack, **{field: value})
        assert response.status_code == 200
        assert words in response.text
        assert not PracticeSession.objects.exists()

    @pytest.mark.parametrize("minutes", [1, 180])
    def test_limits_are_allowed(self, member_client, hack, minutes):
        assert start(member_client, hack, minutes=minutes).status_code == 302
        assert PracticeSession.objects.get().planned_seconds == minutes * 60

    def test_locked_hack_is_explained_and_not_started(self, member_client, hack):
        locked = HackFactory(prerequisite_hack=hack, unlock_criteria={"practice_count": 3})
        page = member_client.get(timer_url(locked))
        assert "isn't open yet" in page.text
        assert locked.get_absolute_url() in page.text
        assert reverse("practice:session-start", args=[locked.slug]) not in page.text
        response = start(member_client, locked)
        assert response.status_code == 302
        assert response.url == locked.get_absolute_url()
        assert not PracticeSession.objects.exists()

    def test_unlocked_hack_starts(self, member_client, member, hack):
        unlocked = HackFactory(prerequisite_hack=hack)
        UserHackProgress.objects.create(user=member, hack=unlocked, unlocked_at=timezone.now())
        assert start(member_client, unlocked).url == timer_url(unlocked)
        assert PracticeSession.objects.get().hack == unlocked

    def test_inactive_hack_is_not_started(self, member_client, member):
        gone = HackFactory(is_active=False)
        make_session(member, gone, started_at=timezone.now() - timedelta(days=1))
        assert "has left the library" in member_client.get(timer_url(gone)).text
        assert start(member_client, gone).url == gone.get_absolute_url()
        assert not PracticeSession.objects.running().exists()

    def test_htmx_is_redirected_to_running_session(self, member_client, running):
        url = reverse("practice:session-start", args=[HackFactory().slug])
        data = {"id": uuid7(), "minutes": 5, "session_type": "solo"}
        response = member_client.post(url, data, headers={"HX-Request": "true"})
        assert response["HX-Redirect"] == timer_url(running.hack)


class TestRunning:
    def test_timer_stays_visible_when_staff_deactivate_hack(self, member_client, running):
        with database_identity(Role.STAFF):
            Hack.objects.filter(pk=running.hack_id).update(is_active=False)
        assert 'data-state="running"' in member_client.get(timer_url(running.hack)).text

    def test_page_has_data_for_script_and_text_for_readers_without_it(self, member_client, running):
        response = member_client.get(timer_url(running.hack))
        assert f'data-started="{int(running.started_at.timestamp() * 1000)}"' in response.text
        assert 'data-planned="600"' in response.text
        assert 'data-state="running"' in response.text
        assert "02:00" in response.text
        assert "8 minutes so far" in response.text
        assert reverse("practice:session-finish", args=[running.pk]) in response.text
        assert "no-store" in response["Cache-Control"]

    def test_page_of_another_hack_links_to_running_session(self, member_client, running):
        response = member_client.get(timer_url(HackFactory()))
        assert "You're practising Energy ball" in response.text
        for url in (timer_url(running.hack), *(reverse(f"practice:{b}", args=[running.pk]) for b in BUTTONS[2:4])):
            assert f'"{url}"' in response.text

    def test_running_session_of_other_member_is_not_shown(self, sign_in, running):
        response = sign_in(make_member()).get(timer_url(running.hack))
        assert 'data-state="ready"' in response.text

    def test_pause_does_not_count(self, member_client, member, hack):
        session = make_running(member, hack, minutes_ago=10)
        press(member_client, "session-pause", session)
        session.refresh_from_db()
        assert (timezone.now() - session.paused_at).total_seconds() < 5
        # Move the pause four minutes back.
        session.paused_at -= timedelta(minutes=4)
        session.save(update_fields=["paused_at"])
        assert 'data-state="paused"' in member_client.get(timer_url(hack)).text
        response = press(member_client, "session-resume", session)
        assert response.url == timer_url(hack)
        session.refresh_from_db()
        assert session.paused_at is None
        assert session.paused_seconds == pytest.approx(240, abs=3)
        press(member_client, "session-finish", session)
        session.refresh_from_db()
        assert session.duration_seconds == pytest.approx(360, abs=3)

    def test_repeated_pause_keeps_first_pause(self, member_client, member, hack):
        paused_at = timezone.now() - timedelta(minutes=3)
        session = make_running(member, hack, minutes_ago=10, paused_at=paused_at)
        press(member_client, "session-pause", session)
        session.refresh_from_db()
        assert session.paused_at == paused_at

    def test_repeated_resume_adds_no_pause(self, member_client, member, hack):
        session = make_running(member, hack, minutes_ago=10, paused_seconds=60)
        press(member_client, "session-resume", session)
        session.refresh_from_db()
        assert session.paused_seconds == 60

    @pytest.mark.parametrize("button", ["session-pause", "session-resume"])
    def test_finished_session_cannot_be_paused_or_resumed(self, member_client, member, hack, button):
        session = make_session(member, hack, started_at=timezone.now() - timedelta(hours=1))
        before = PracticeSession.objects.values().get()
        assert press(member_client, button, session).url == session.get_absolute_url()
        assert PracticeSession.objects.values().get() == before

    def test_htmx_is_redirected_to_finished_session(self, member_client, member, hack):
        session = make_session(member, hack, started_at=timezone.now() - timedelta(hours=1))
        response = press(member_client, "session-pause", session, headers={"HX-Request": "true"})
        assert response["HX-Redirect"] == session.get_absolute_url()

    def test_ping_updates_last_seen_and_returns_state(self, member_client, running):
        response = press(member_client, "session-ping", running)
        running.refresh_from_db()
        assert (timezone.now() - running.last_seen_at).total_seconds() < 5
        answer = json.loads(response.content)
        assert answer["state"] == "running"
        assert answer["now"] == pytest.approx(timezone.now().timestamp() * 1000, abs=5000)

    def test_ping_does_not_change_finished_session(self, member_client, member, hack):
        session = make_session(member, hack, started_at=timezone.now() - timedelta(hours=1))
        before = PracticeSession.objects.values().get()
        assert press(member_client, "session-ping", session).json()["state"] == "finished"
        assert PracticeSession.objects.values().get() == before

    def test_post_without_csrf_token_is_forbidden(self, sign_in, member, running):
        client = sign_in(member)
        client.handler.enforce_csrf_checks = True
        assert press(client, "session-finish", running).status_code == 403
        running.refresh_from_db()
        assert running.is_running


class TestFinish:
    def test_finish_counts_elapsed_time_and_asks_for_feedback(self, member_client, running):
        response = press(member_client, "session-finish", running)
        assert response.status_code == 302
        assert response.url == running.get_absolute_url()
        running.refresh_from_db()
        assert (timezone.now() - running.ended_at).total_seconds() < 5
        assert running.duration_seconds == pytest.approx(480, abs=3)
        assert logged(running) == [Activity.SESSION_LOGGED]
        page = member_client.get(response.url)
        assert "Well done: 8 minutes of Energy ball." in page.text
        assert "How was it?" in page.text

    def test_finish_updates_totals(self, member_client, member, running):
        press(member_client, "session-finish", running)
        progress = UserHackProgress.objects.get(user=member)
        assert (progress.total_practice_count, progress.total_practice_minutes) == (1, 8)
        assert progress.last_practiced_at == running.started_at

    def test_repeated_finish_changes_nothing(self, member_client, running):
        press(member_client, "session-finish", running)
        before = PracticeSession.objects.values().get()
        response = press(member_client, "session-finish", running, {"ended_at": running.started_at.isoformat()})
        assert response.url == running.get_absolute_url()
        assert PracticeSession.objects.values().get() == before
        assert logged(running) == [Activity.SESSION_LOGGED]

    def test_client_can_report_earlier_end(self, member_client, running):
        ended_at = running.started_at + timedelta(minutes=5)
        press(member_client, "session-finish", running, {"ended_at": ended_at.isoformat()})
        running.refresh_from_db()
        assert (running.ended_at, running.duration_seconds) == (ended_at, 300)

    @pytest.mark.parametrize(
        ("after_start", "seconds"),
        [
            (timedelta(hours=3), 480),
            (timedelta(minutes=-30), 0),
        ],
    )
    def test_reported_end_is_clamped_between_start_and_now(self, member_client, running, after_start, seconds):
        press(member_client, "session-finish", running, {"ended_at": (running.started_at + after_start).isoformat()})
        running.refresh_from_db()
        assert running.duration_seconds == pytest.approx(seconds, abs=3)
        assert running.started_at <= running.ended_at <= timezone.now()

    @pytest.mark.parametrize(
        "ended_at", ["yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "\x00"]
    )
    def test_unreadable_end_still_finishes_session(self, member_client, running, ended_at):
        assert press(member_client, "session-finish", running, {"ended_at": ended_at}).status_code == 302
        running.refresh_from_db()
        assert not running.is_running

    def test_paused_session_ends_when_pause_began(self, member_client, member, hack):
        paused_at = timezone.now() - timedelta(minutes=6)
        session = make_running(member, hack, minutes_ago=10, paused_at=paused_at)
        press(member_client, "session-finish", session)
        session.refresh_from_db()
        assert (session.ended_at, session.paused_at) == (paused_at, None)
        assert session.duration_seconds == pytest.approx(240, abs=2)

    def test_session_counts_six_hours_at_most(self, member_client, member, hack):
        session = make_running(member, hack, minutes_ago=11 * 60)
        press(member_client, "session-finish", session)
        session.refresh_from_db()
        assert session.duration_seconds == 6 * 60 * 60

    def test_finish_returns_url_as_json_to_script(self, member_client, running):
        response = press(member_client, "session-finish", running, headers={"Accept": "application/json"})
        assert response.json() == {"url": running.get_absolute_url()}
        assert "Well done" in member_client.get(running.get_absolute_url()).text


class TestDiscard:
    def test_get_asks_for_confirmation(self, member_client, running):
        response = member_client.get(reverse("practice:session-discard", args=[running.pk]))
        assert response.status_code == 200
        assert "Discard this practice?" in response.text
        assert PracticeSession.objects.get() == running

    def test_discard_deletes_session_without_record(self, member_client, running):
        response = press(member_client, "session-discard", running)
        assert response.url == timer_url(running.hack)
        assert not PracticeSession.objects.exists()
        assert not UserHackProgress.objects.exists()
        assert logged(running) == []

    def test_repeated_discard_is_not_found(self, member_client, running):
        press(member_client, "session-discard", running)
        assert press(member_client, "session-discard", running).status_code == 404

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_session_finished_before_discard_is_kept(self, member_client, member, hack, method):
        session = make_session(member, hack, started_at=timezone.now() - timedelta(hours=1))
        response = getattr(member_client, method)(reverse("practice:session-discard", args=[session.pk]))
        assert response.url == session.get_absolute_url()
        assert PracticeSession.objects.get() == session


def test_database_allows_one_running_session_per_member(member, hack, running):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError, match="practice_session_one_running"), transaction.atomic():
        make_running(member, hack, minutes_ago=1)
    make_running(make_member(), hack, minutes_ago=1)


@pytest.mark.parametrize("is_running", [False, True])
def test_number_of_queries_is_limited(queries_of, member_client, member, hack, is_running):
    for days in range(1, 12):
        make_session(member, hack, started_at=timezone.now() - timedelta(days=days))
    if is_running:
        make_running(member, hack, minutes_ago=1)
    member_client.get(timer_url(hack))
    assert len(queries_of(lambda: member_client.get(timer_url(hack)))) <= 8


def test_page_generates_new_id_each_time(member_client, hack):
    ids = {member_client.get(timer_url(hack)).context["form"]["id"].value() for _ in range(2)}
    assert len(ids) == 2
