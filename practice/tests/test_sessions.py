from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from hacks.models import UserHackProgress
from hacks.tests.factories import HackFactory
from practice.models import PracticeSession
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db

LOG_URL = "/practice/log/"


@pytest.fixture
def session(member, hack):
    return make_session(member, hack, started_at=noon(days_ago=2), minutes=10)


def noon(*, days_ago: int) -> datetime:
    return (timezone.now() - timedelta(days=days_ago)).replace(hour=12, minute=0, second=7, microsecond=0)


def url(name, session):
    return reverse(f"practice:{name}", args=[session.pk])


def as_shown(client, session, **data):
    """Return the data that the untouched edit form sends, updated with `data`."""
    form = client.get(url("session-edit", session)).context["form"]
    return {field.html_name: "" if (value := field.value()) is None else str(value) for field in form} | data


def totals(member, hack):
    row = UserHackProgress.objects.get(user=member, hack=hack)
    return (row.total_practice_count, row.total_practice_minutes, row.days_active)


def activities(session):
    return list(
        UserActivityLog.objects.filter(activity_data__session_id=str(session.pk))
        .order_by("created_at")
        .values_list("activity_type", flat=True)
    )


def test_visitor_is_redirected_to_login(client):
    assert client.get(LOG_URL).url == f"{reverse('account_login')}?next={LOG_URL}"


@pytest.mark.parametrize("name", ["session-detail", "session-edit", "session-delete"])
@pytest.mark.parametrize("method", ["get", "post"])
class TestOneSession:
    def test_visitor_is_redirected_to_login(self, client, session, name, method):
        response = getattr(client, method)(url(name, session))
        assert response.url == f"{reverse('account_login')}?next={url(name, session)}"
        assert PracticeSession.objects.get() == session

    def test_session_of_other_member_is_not_found(self, sign_in, session, name, method):
        assert getattr(sign_in(make_member()), method)(url(name, session)).status_code == 404
        assert PracticeSession.objects.get() == session

    def test_unknown_id_is_not_found(self, member_client, name, method):
        assert getattr(member_client, method)(reverse(f"practice:{name}", args=[uuid7()])).status_code == 404

    def test_running_session_redirects_to_timer(self, member_client, member, hack, name, method):
        running = make_session(member, hack, started_at=timezone.now(), ended_at=None)
        response = getattr(member_client, method)(url(name, running))
        expected = url("session-discard", running) if name == "session-delete" else "/practice/energy-ball/"
        assert (response.status_code, response.url) == (302, expected)
        assert PracticeSession.objects.get().is_running


def test_other_methods_are_not_allowed(member_client, session):
    for path in (LOG_URL, *(url(f"session-{name}", session) for name in ("detail", "edit", "delete"))):
        assert member_client.put(path).status_code == 405


class TestFeedback:
    def feedback(self, **data):
        return {"feedback_score": "1", "notes": "", "minutes": "10", "hrv_before": "", "hrv_after": ""} | data

    def test_feedback_is_stored_and_old_practice_leads_to_today(self, member_client, session):
        data = self.feedback(notes="Warm hands.", hrv_before="38", hrv_after="52")
        response = member_client.post(url("session-detail", session), data)
        assert response.url == reverse("practice:today")
        session.refresh_from_db()
        assert (session.feedback_score, session.notes) == (1, "Warm hands.")
        assert session.biometric_data == {"hrv_before": 38, "hrv_after": 52}
        assert session.duration_seconds == 600
        assert activities(session) == [Activity.SESSION_CHANGED]
        text = member_client.get(url("session-detail", session)).text
        assert "Warm hands." in text
        assert "52 ms" in text
        assert "How was it?" not in text
        assert "Your XP will show up" not in text

    def test_practice_today_leads_to_checkin(self, member_client, member, hack):
        today = make_session(member, hack, started_at=timezone.now(), minutes=0)
        page = member_client.get(url("session-detail", today))
        assert "Save and check in" in page.text
        link = f'<a href="{reverse("gamification:progress")}">your progress</a>'
        assert f"Your XP will show up in {link}" in page.text
        response = member_client.post(url("session-detail", today), self.feedback(minutes="1"))
        assert response.url == reverse("practice:checkin")

    def test_practice_today_leads_to_today_after_checkin(self, member_client, member, hack):
        now = timezone.now()
        today = make_session(member, hack, started_at=now, minutes=0)
        make_checkin(member, now.date())
        make_checkin(make_member(), now.date())
        response = member_client.post(url("session-detail", today), self.feedback(minutes="1"))
        assert response.url == reverse("practice:today")

    def test_checkin_of_other_member_does_not_count(self, member_client, member, hack):
        now = timezone.now()
        make_checkin(make_member(), now.date())
        today = make_session(member, hack, started_at=now, minutes=0)
        assert "Save and check in" in member_client.get(url("session-detail", today)).text

    def test_feedback_is_optional(self, member_client, session):
        assert member_client.post(url("session-detail", session), self.feedback(feedback_score="")).status_code == 302
        assert activities(session) == []
        assert "How was it?" in member_client.get(url("session-detail", session)).text

    def test_minutes_can_be_corrected(self, member_client, member, hack, session):
        member_client.post(url("session-detail", session), self.feedback(minutes="7"))
        session.refresh_from_db()
        assert session.duration_seconds == 7 * 60
        assert session.ended_at == session.started_at + timedelta(minutes=7)
        assert totals(member, hack) == (1, 7, 1)

    def test_unchanged_minutes_keep_seconds(self, member_client, member, hack):
        short = make_session(member, hack, started_at=noon(days_ago=1), minutes=0, duration_seconds=20)
        member_client.post(url("session-detail", short), self.feedback(minutes="1"))
        short.refresh_from_db()
        assert (short.duration_seconds, short.feedback_score) == (20, 1)

    def test_minutes_cannot_exceed_time_since_start(self, member_client, member, hack):
        recent = make_session(member, hack, started_at=timezone.now() - timedelta(minutes=10), minutes=5)
        response = member_client.post(url("session-detail", recent), self.feedback(minutes="20"))
        assert "longer than the time since you started" in response.text
        assert member_client.post(url("session-detail", recent), self.feedback(minutes="10")).status_code == 302

    @pytest.mark.parametrize(
        ("field", "value"), [("feedback_score", "5"), ("minutes", "0"), ("minutes", "361"), ("hrv_after", "900")]
    )
    def test_invalid_input_shows_error_and_stores_nothing(self, member_client, session, field, value):
        response = member_client.post(url("session-detail", session), self.feedback(**{field: value}))
        assert response.status_code == 200
        assert response.context["form"].errors.keys() == {field}
        session.refresh_from_db()
        assert session.feedback_score is None

    def test_note_is_escaped(self, member_client, session):
        member_client.post(url("session-detail", session), self.feedback(notes="<script>alert(1)</script>"))
        assert "<script>alert" not in member_client.get(url("session-detail", session)).text

    def test_number_of_queries_is_limited(self, queries_of, member_client, session):
        member_client.get(url("session-detail", session))
        assert len(queries_of(lambda: member_client.get(url("session-detail", session)))) <= 8


class TestEdit:
    def test_untouched_form_changes_nothing(self, member_client, member, hack):
        session = make_session(
            member,
            hack,
            started_at=noon(days_ago=2),
            duration_seconds=612,
            paused_seconds=30,
            feedback_score=0,
            notes="Calm.",
            biometric_data={"hrv_after": 60},
        )
        before = PracticeSession.objects.values().get()
        response = member_client.post(url("session-edit", session), as_shown(member_client, session))
        assert response.url == session.get_absolute_url()
        assert PracticeSession.objects.values().get() == before
        assert activities(session) == []

    def test_derived_values_are_updated(self, member_client, member, hack, session):
        other = HackFactory()
        make_session(member, hack, started_at=noon(days_ago=2), minutes=3)
        day = noon(days_ago=4)
        data = as_shown(
            member_client,
            session,
            hack=str(other.pk),
            started_on=f"{day:%Y-%m-%d}",
            started_at_time="07:15",
            minutes="20",
            session_type="group",
            feedback_score="1",
            notes="Corrected.",
            hrv_before="44",
        )
        assert member_client.post(url("session-edit", session), data).url == session.get_absolute_url()
        session.refresh_from_db()
        start = day.replace(hour=7, minute=15, second=0)
        assert (session.hack, session.started_at, session.practice_date) == (other, start, start.date())
        assert (session.ended_at, session.duration_seconds) == (start + timedelta(minutes=20), 1200)
        assert (session.session_type, session.is_group_session) == ("group", True)
        assert (session.feedback_score, session.notes) == (1, "Corrected.")
        assert session.biometric_data == {"hrv_before": 44}
        assert totals(member, hack) == (1, 3, 1)
        assert totals(member, other) == (1, 20, 1)
        assert activities(session) == [Activity.SESSION_CHANGED]

    def test_edit_uses_zone_and_day_start_of_session(self, member_client, member, hack):
        start = noon(days_ago=60).replace(hour=20, second=0)
        session = make_session(member, hack, started_at=start, timezone="Asia/Tokyo", day_start="05:30")
        response = member_client.get(url("session-edit", session))
        assert "Time zone: Asia/Tokyo" in response.text
        data = as_shown(member_client, session)
        assert (data["started_on"], data["started_at_time"]) == (f"{start + timedelta(days=1):%Y-%m-%d}", "05:00:00")
        member_client.post(url("session-edit", session), data | {"started_at_time": "05:20"})
        session.refresh_from_db()
        assert session.started_at == start + timedelta(minutes=20)
        assert (session.practice_date, session.timezone) == (start.date(), "Asia/Tokyo")

    def test_start_in_repeated_hour_is_kept(self, member_client, member, hack):
        second_reading = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
        session = make_session(member, hack, started_at=second_reading, timezone="Europe/Berlin")
        member_client.post(url("session-edit", session), as_shown(member_client, session, notes="Still the second."))
        session.refresh_from_db()
        assert (session.started_at, session.notes) == (second_reading, "Still the second.")

    def test_old_session_can_be_edited_without_moving_it(self, member_client, member, hack):
        session = make_session(member, hack, started_at=noon(days_ago=800))
        response = member_client.post(url("session-edit", session), as_shown(member_client, session, minutes="12"))
        assert response.status_code == 302
        session.refresh_from_db()
        assert session.duration_seconds == 720

    def test_inactive_hack_can_be_kept(self, member_client, member, hack):
        gone = HackFactory(is_active=False)
        session = make_session(member, gone, started_at=noon(days_ago=2))
        response = member_client.post(url("session-edit", session), as_shown(member_client, session, notes="Kept."))
        assert response.status_code == 302
        session.refresh_from_db()
        assert (session.hack, session.notes) == (gone, "Kept.")

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("hack", "00000000-0000-0000-0000-000000000000", "Choose a hack from the list"),
            ("started_on", "2999-01-01", "This is in the future"),
            ("minutes", "361", "Enter 360 or less."),
            ("session_type", "", "Choose one of the options."),
            ("feedback_score", "x", "Choose one of the options."),
        ],
    )
    def test_invalid_input_shows_error_and_stores_nothing(self, member_client, session, field, value, words):
        before = PracticeSession.objects.values().get()
        response = member_client.post(url("session-edit", session), as_shown(member_client, session, **{field: value}))
        assert response.status_code == 200
        assert words in response.text
        assert PracticeSession.objects.values().get() == before

    def test_minutes_cannot_exceed_time_since_start(self, member_client, member, hack):
        recent = make_session(member, hack, started_at=timezone.now() - timedelta(minutes=10), minutes=5)
        response = member_client.post(url("session-edit", recent), as_shown(member_client, recent, minutes="60"))
        assert "longer than the time since you started" in response.text

    def test_number_of_queries_is_constant(self, queries_of, member_client, session):
        member_client.get(url("session-edit", session))
        for_one = queries_of(lambda: member_client.get(url("session-edit", session)))
        HackFactory.create_batch(12)
        for_many = queries_of(lambda: member_client.get(url("session-edit", session)))
        assert len(for_many) == len(for_one) <= 8


class TestDelete:
    def test_delete_asks_for_confirmation(self, member_client, session):
        response = member_client.get(url("session-delete", session))
        assert response.status_code == 200
        assert "Delete this practice?" in response.text
        assert PracticeSession.objects.get() == session

    def test_delete_updates_totals(self, member_client, member, hack, session):
        make_session(member, hack, started_at=noon(days_ago=3), minutes=4)
        assert totals(member, hack) == (2, 14, 2)
        response = member_client.post(url("session-delete", session))
        assert response.url == reverse("practice:journal")
        assert totals(member, hack) == (1, 4, 1)
        assert activities(session) == [Activity.SESSION_DELETED]
        assert "Practice deleted." in member_client.get(reverse("practice:journal")).text

    def test_repeated_delete_is_not_found(self, member_client, session):
        member_client.post(url("session-delete", session))
        assert member_client.post(url("session-delete", session)).status_code == 404
        assert activities(session) == [Activity.SESSION_DELETED]


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        5,
        "38",
        {"pulse": 60},
        {"hrv_before": 4},
        {"hrv_after": 301},
        {"hrv_before": "38"},
        {"hrv_before": None},
        {"hrv_before": 38, "hrv_after": [52]},
    ],
)
def test_database_rejects_invalid_biometrics(session, data):
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        PracticeSession.objects.filter(pk=session.pk).update(biometric_data=data)


@pytest.mark.parametrize("data", [None, {"hrv_before": 5}, {"hrv_after": 300}, {"hrv_before": 38, "hrv_after": 52}])
def test_database_accepts_valid_biometrics(session, data):
    assert PracticeSession.objects.filter(pk=session.pk).update(biometric_data=data) == 1
