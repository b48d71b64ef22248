from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from hacks.models import UserHackProgress
from hacks.tests.factories import HackCategoryFactory, HackFactory
from practice.models import PracticeSession
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db

LOG_URL = "/practice/log/"


@pytest.fixture
def hack():
    return HackFactory(name="Energy ball", slug="energy-ball", duration_minutes=5)


@pytest.fixture
def session(member, hack):
    return make_session(member, hack, started_at=noon(days_ago=2), minutes=10)


def noon(*, days_ago: int) -> datetime:
    return (timezone.now() - timedelta(days=days_ago)).replace(hour=12, minute=0, second=7, microsecond=0)


def url(name, session):
    return reverse(f"practice:{name}", args=[session.pk])


def entry(hack, **data):
    """What the log's form sends."""
    day = noon(days_ago=1)
    return {
        "id": str(uuid7()),
        "hack": str(hack.pk),
        "started_on": f"{day:%Y-%m-%d}",
        "started_at_time": "12:00",
        "minutes": "10",
        "session_type": "solo",
        "feedback_score": "",
        "notes": "",
        "hrv_before": "",
        "hrv_after": "",
    } | data


def as_shown(client, session, **data):
    """What the form for editing sends if nothing in it is touched, with `data` on top."""
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


def test_visitors_are_asked_to_sign_in(client):
    assert client.get(LOG_URL).url == f"{reverse('account_login')}?next={LOG_URL}"


@pytest.mark.parametrize("name", ["session-detail", "session-edit", "session-delete"])
@pytest.mark.parametrize("method", ["get", "post"])
class TestOneSession:
    def test_is_not_for_visitors(self, client, session, name, method):
        response = getattr(client, method)(url(name, session))
        assert response.url == f"{reverse('account_login')}?next={url(name, session)}"
        assert PracticeSession.objects.get() == session

    def test_is_not_for_other_members(self, sign_in, session, name, method):
        assert getattr(sign_in(make_member()), method)(url(name, session)).status_code == 404
        assert PracticeSession.objects.get() == session

    def test_that_does_not_exist_is_not_found(self, member_client, name, method):
        assert getattr(member_client, method)(reverse(f"practice:{name}", args=[uuid7()])).status_code == 404

    def test_that_runs_is_the_timers(self, member_client, member, hack, name, method):
        running = make_session(member, hack, started_at=timezone.now(), ended_at=None)
        response = getattr(member_client, method)(url(name, running))
        expected = url("session-discard", running) if name == "session-delete" else "/practice/energy-ball/"
        assert (response.status_code, response.url) == (302, expected)
        assert PracticeSession.objects.get().is_running


def test_other_methods_are_refused(member_client, session):
    for path in (LOG_URL, *(url(f"session-{name}", session) for name in ("detail", "edit", "delete"))):
        assert member_client.put(path).status_code == 405


class TestLog:
    def test_proposes_a_practice_that_ends_now(self, sign_in, hack):
        client = sign_in(make_member(profile={"timezone": "Asia/Tokyo"}))
        response = client.get(LOG_URL, {"hack": "energy-ball"})
        form = response.context["form"]
        start = (timezone.now() - timedelta(minutes=5)).astimezone(ZoneInfo("Asia/Tokyo"))
        assert form["hack"].value() == str(hack.pk)
        assert form["minutes"].value() == 5
        assert form["started_on"].value() == start.date()
        assert abs(form["started_at_time"].value().minute - start.minute) in (0, 1, 59)
        assert "Time zone: Asia/Tokyo" in response.text

    def test_offers_open_hacks_by_category(self, member_client, member, hack):
        calm = HackCategoryFactory(title="Calm", sort_order=-1)
        HackFactory(name="Open one", category=calm)
        unlocked = HackFactory(name="Unlocked one", category=calm, prerequisite_hack=hack)
        UserHackProgress.objects.create(user=member, hack=unlocked, unlocked_at=timezone.now())
        HackFactory(name="Locked one", category=calm, prerequisite_hack=hack)
        HackFactory(name="Hidden one", category=calm, is_active=False)
        choices = member_client.get(LOG_URL).context["form"].fields["hack"].choices
        assert [(title, [name for _, name in group]) for title, group in choices[1:]] == [
            ("Calm", ["Open one", "Unlocked one"]),
            (hack.category.title, ["Energy ball"]),
        ]

    def test_records_a_practice(self, sign_in, hack):
        member = make_member(profile={"timezone": "America/New_York", "day_start": "03:00"})
        client = sign_in(member)
        data = entry(
            hack,
            started_on="2026-07-04",
            started_at_time="02:30",
            minutes="25",
            session_type="teaching",
            feedback_score="-1",
            notes="Too hot to sit.",
            hrv_before="41",
        )
        response = client.post(LOG_URL, data)
        session = PracticeSession.objects.get()
        assert response.url == session.get_absolute_url()
        assert str(session.pk) == data["id"]
        assert (session.user, session.hack) == (member, hack)
        assert session.started_at == datetime(2026, 7, 4, 6, 30, tzinfo=UTC)
        assert session.ended_at == datetime(2026, 7, 4, 6, 55, tzinfo=UTC)
        assert session.duration_seconds == 25 * 60
        assert (session.session_type, session.feedback_score, session.notes) == ("teaching", -1, "Too hot to sit.")
        assert session.biometric_data == {"hrv_before": 41}
        # Half past two is still the third for somebody whose day starts at three.
        assert (session.practice_date, session.timezone) == (date(2026, 7, 3), "America/New_York")
        assert activities(session) == [Activity.SESSION_LOGGED]
        assert totals(member, hack) == (1, 25, 1)
        assert "Energy ball is in your practice" in client.get(response.url).text

    def test_a_repeat_is_stored_once(self, member_client, member, hack):
        data = entry(hack)
        first = member_client.post(LOG_URL, data)
        second = member_client.post(LOG_URL, data | {"minutes": "30"})
        assert first.url == second.url
        session = PracticeSession.objects.get()
        assert session.duration_seconds == 600
        assert activities(session) == [Activity.SESSION_LOGGED]
        assert totals(member, hack) == (1, 10, 1)

    def test_somebody_elses_id_is_refused_and_replaced(self, sign_in, session, hack):
        client = sign_in(make_member())
        response = client.post(LOG_URL, entry(hack, id=str(session.pk), notes="Mine."))
        assert response.status_code == 200
        assert "Please send it once more" in response.text
        assert "Mine." in response.text
        assert PracticeSession.objects.get() == session
        form = response.context["form"]
        assert client.post(LOG_URL, {field.html_name: field.value() for field in form}).status_code == 302
        assert PracticeSession.objects.count() == 2

    def test_may_be_logged_while_another_runs(self, member_client, member, hack):
        make_session(member, hack, started_at=timezone.now(), ended_at=None)
        assert member_client.post(LOG_URL, entry(hack)).status_code == 302
        assert PracticeSession.objects.finished().count() == 1

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("hack", "", "This field is required"),
            ("hack", "00000000-0000-0000-0000-000000000000", "Choose a hack that is open to you"),
            ("hack", "anything", "Choose a hack that is open to you"),
            ("started_on", "", "This field is required"),
            ("started_on", "tomorrow", "Enter a valid date"),
            ("started_on", "0001-01-01", "Choose a day within the last year"),
            ("started_on", "9999-12-31", "This is still to come"),
            ("started_at_time", "25:00", "Enter a valid time"),
            ("minutes", "0", "greater than or equal to 1"),
            ("minutes", "361", "less than or equal to 360"),
            ("session_type", "asleep", "asleep is not one of the available choices"),
            ("feedback_score", "2", "2 is not one of the available choices"),
            ("notes", "x" * 5001, "at most 5000 characters"),
            ("hrv_before", "4", "greater than or equal to 5"),
            ("hrv_after", "301", "less than or equal to 300"),
        ],
    )
    def test_bad_input_is_explained(self, sign_in, hack, field, value, words):
        # East of Greenwich, where the first day of all has no beginning in UTC.
        client = sign_in(make_member(profile={"timezone": "Asia/Tokyo"}))
        response = client.post(LOG_URL, entry(hack) | {"started_at_time": "02:00", field: value})
        assert response.status_code == 200
        assert words in response.text
        assert not PracticeSession.objects.exists()

    @pytest.mark.parametrize(("minutes", "hrv"), [("1", "5"), ("360", "300")])
    def test_the_limits_are_allowed(self, member_client, hack, minutes, hrv):
        assert member_client.post(LOG_URL, entry(hack, minutes=minutes, hrv_after=hrv)).status_code == 302

    def test_a_locked_hack_is_refused(self, member_client, hack):
        locked = HackFactory(prerequisite_hack=hack)
        response = member_client.post(LOG_URL, entry(locked))
        assert "Choose a hack that is open to you" in response.text
        assert not PracticeSession.objects.exists()

    @pytest.mark.parametrize(
        ("moved", "minutes", "words"),
        [
            (timedelta(minutes=2), "1", "This is still to come"),
            (timedelta(minutes=-5), "10", "It has not been that long since it started"),
            (timedelta(days=-366), "10", "Choose a day within the last year"),
        ],
    )
    def test_what_cannot_have_been_is_refused(self, member_client, hack, moved, minutes, words):
        start = timezone.now() + moved
        data = entry(hack, started_on=f"{start:%Y-%m-%d}", started_at_time=f"{start:%H:%M}", minutes=minutes)
        assert words in member_client.post(LOG_URL, data).text
        assert not PracticeSession.objects.exists()

    @pytest.mark.parametrize(
        ("moved", "minutes"),
        [(timedelta(minutes=-10), "10"), (timedelta(minutes=-1), "1"), (timedelta(days=-364), "10")],
    )
    def test_what_can_just_have_been_is_stored(self, member_client, hack, moved, minutes):
        start = timezone.now() + moved
        data = entry(hack, started_on=f"{start:%Y-%m-%d}", started_at_time=f"{start:%H:%M}", minutes=minutes)
        assert member_client.post(LOG_URL, data).status_code == 302

    def test_a_time_that_the_clocks_skipped_is_explained(self, sign_in, hack):
        client = sign_in(make_member(profile={"timezone": "Europe/Berlin"}))
        data = entry(hack, started_on="2026-03-29", started_at_time="02:30")
        assert "The clocks went forward then and skipped this time" in client.post(LOG_URL, data).text
        assert not PracticeSession.objects.exists()
        assert client.post(LOG_URL, data | {"started_at_time": "03:00"}).status_code == 302
        assert PracticeSession.objects.get().started_at == datetime(2026, 3, 29, 1, tzinfo=UTC)

    def test_a_time_that_the_clocks_showed_twice_is_the_first(self, sign_in, hack):
        client = sign_in(make_member(profile={"timezone": "Europe/Berlin"}))
        client.post(LOG_URL, entry(hack, started_on="2026-10-25", started_at_time="02:30"))
        assert PracticeSession.objects.get().started_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    def test_asks_as_few_questions_for_many_hacks_as_for_one(self, queries_of, member_client, hack):
        member_client.get(LOG_URL)
        for_one = queries_of(lambda: member_client.get(LOG_URL))
        HackFactory.create_batch(12)
        for_many = queries_of(lambda: member_client.get(LOG_URL))
        assert len(for_many) == len(for_one) <= 8


class TestFeedback:
    def feedback(self, **data):
        return {"feedback_score": "1", "notes": "", "minutes": "10", "hrv_before": "", "hrv_after": ""} | data

    def test_is_stored_and_yesterdays_practice_leads_to_today(self, member_client, session):
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

    def test_after_todays_practice_comes_the_check_in(self, member_client, member, hack):
        today = make_session(member, hack, started_at=timezone.now(), minutes=0)
        page = member_client.get(url("session-detail", today))
        assert "Save and check in" in page.text
        response = member_client.post(url("session-detail", today), self.feedback(minutes="1"))
        assert response.url == reverse("practice:checkin")

    def test_with_the_check_in_done_it_leads_to_today(self, member_client, member, hack):
        now = timezone.now()
        today = make_session(member, hack, started_at=now, minutes=0)
        make_checkin(member, now.date())
        make_checkin(make_member(), now.date())
        response = member_client.post(url("session-detail", today), self.feedback(minutes="1"))
        assert response.url == reverse("practice:today")

    def test_somebody_elses_check_in_is_not_mine(self, member_client, member, hack):
        now = timezone.now()
        make_checkin(make_member(), now.date())
        today = make_session(member, hack, started_at=now, minutes=0)
        assert "Save and check in" in member_client.get(url("session-detail", today)).text

    def test_may_be_left_out(self, member_client, session):
        assert member_client.post(url("session-detail", session), self.feedback(feedback_score="")).status_code == 302
        assert activities(session) == []
        assert "How was it?" in member_client.get(url("session-detail", session)).text

    def test_may_correct_the_minutes(self, member_client, member, hack, session):
        member_client.post(url("session-detail", session), self.feedback(minutes="7"))
        session.refresh_from_db()
        assert session.duration_seconds == 7 * 60
        assert session.ended_at == session.started_at + timedelta(minutes=7)
        assert totals(member, hack) == (1, 7, 1)

    def test_minutes_left_alone_keep_their_seconds(self, member_client, member, hack):
        short = make_session(member, hack, started_at=noon(days_ago=1), minutes=0, duration_seconds=20)
        member_client.post(url("session-detail", short), self.feedback(minutes="1"))
        short.refresh_from_db()
        assert (short.duration_seconds, short.feedback_score) == (20, 1)

    def test_a_correction_is_no_longer_than_the_time_since_the_start(self, member_client, member, hack):
        recent = make_session(member, hack, started_at=timezone.now() - timedelta(minutes=10), minutes=5)
        response = member_client.post(url("session-detail", recent), self.feedback(minutes="20"))
        assert "It has not been that long since it started" in response.text
        assert member_client.post(url("session-detail", recent), self.feedback(minutes="10")).status_code == 302

    @pytest.mark.parametrize(
        ("field", "value"), [("feedback_score", "5"), ("minutes", "0"), ("minutes", "361"), ("hrv_after", "900")]
    )
    def test_bad_input_is_explained_and_nothing_stored(self, member_client, session, field, value):
        response = member_client.post(url("session-detail", session), self.feedback(**{field: value}))
        assert response.status_code == 200
        assert response.context["form"].errors.keys() == {field}
        session.refresh_from_db()
        assert session.feedback_score is None

    def test_a_note_is_text_and_nothing_else(self, member_client, session):
        member_client.post(url("session-detail", session), self.feedback(notes="<script>alert(1)</script>"))
        assert "<script>alert" not in member_client.get(url("session-detail", session)).text

    def test_asks_few_questions(self, queries_of, member_client, session):
        member_client.get(url("session-detail", session))
        assert len(queries_of(lambda: member_client.get(url("session-detail", session)))) <= 8


class TestEdit:
    def test_left_alone_changes_nothing(self, member_client, member, hack):
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

    def test_everything_derived_follows(self, member_client, member, hack, session):
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

    def test_is_judged_by_the_clocks_it_was_practised_by(self, member_client, member, hack):
        session = make_session(
            member, hack, started_at=datetime(2026, 6, 1, 20, tzinfo=UTC), timezone="Asia/Tokyo", day_start="05:30"
        )
        response = member_client.get(url("session-edit", session))
        assert "Time zone: Asia/Tokyo" in response.text
        data = as_shown(member_client, session)
        assert (data["started_on"], data["started_at_time"]) == ("2026-06-02", "05:00:00")
        member_client.post(url("session-edit", session), data | {"started_at_time": "05:20"})
        session.refresh_from_db()
        assert session.started_at == datetime(2026, 6, 1, 20, 20, tzinfo=UTC)
        assert (session.practice_date, session.timezone) == (date(2026, 6, 1), "Asia/Tokyo")

    def test_an_hour_that_came_twice_stays_the_one_it_was(self, member_client, member, hack):
        second_reading = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
        session = make_session(member, hack, started_at=second_reading, timezone="Europe/Berlin")
        member_client.post(url("session-edit", session), as_shown(member_client, session, notes="Still the second."))
        session.refresh_from_db()
        assert (session.started_at, session.notes) == (second_reading, "Still the second.")

    def test_an_old_session_may_be_edited_where_it_is(self, member_client, member, hack):
        session = make_session(member, hack, started_at=noon(days_ago=800))
        response = member_client.post(url("session-edit", session), as_shown(member_client, session, minutes="12"))
        assert response.status_code == 302
        session.refresh_from_db()
        assert session.duration_seconds == 720

    def test_a_hack_that_is_closed_by_now_is_kept(self, member_client, member, hack):
        gone = HackFactory(is_active=False)
        session = make_session(member, gone, started_at=noon(days_ago=2))
        response = member_client.post(url("session-edit", session), as_shown(member_client, session, notes="Kept."))
        assert response.status_code == 302
        session.refresh_from_db()
        assert (session.hack, session.notes) == (gone, "Kept.")

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("hack", "00000000-0000-0000-0000-000000000000", "Choose a hack that is open to you"),
            ("started_on", "2999-01-01", "This is still to come"),
            ("minutes", "361", "less than or equal to 360"),
            ("session_type", "", "This field is required"),
            ("feedback_score", "x", "x is not one of the available choices"),
        ],
    )
    def test_bad_input_is_explained_and_nothing_stored(self, member_client, session, field, value, words):
        before = PracticeSession.objects.values().get()
        response = member_client.post(url("session-edit", session), as_shown(member_client, session, **{field: value}))
        assert response.status_code == 200
        assert words in response.text
        assert PracticeSession.objects.values().get() == before

    def test_minutes_that_have_not_passed_yet_are_refused(self, member_client, member, hack):
        recent = make_session(member, hack, started_at=timezone.now() - timedelta(minutes=10), minutes=5)
        response = member_client.post(url("session-edit", recent), as_shown(member_client, recent, minutes="60"))
        assert "It has not been that long since it started" in response.text

    def test_asks_as_few_questions_for_many_hacks_as_for_one(self, queries_of, member_client, session):
        member_client.get(url("session-edit", session))
        for_one = queries_of(lambda: member_client.get(url("session-edit", session)))
        HackFactory.create_batch(12)
        for_many = queries_of(lambda: member_client.get(url("session-edit", session)))
        assert len(for_many) == len(for_one) <= 8


class TestDelete:
    def test_asks_first(self, member_client, session):
        response = member_client.get(url("session-delete", session))
        assert response.status_code == 200
        assert "Delete this practice?" in response.text
        assert PracticeSession.objects.get() == session

    def test_the_totals_follow(self, member_client, member, hack, session):
        make_session(member, hack, started_at=noon(days_ago=3), minutes=4)
        assert totals(member, hack) == (2, 14, 2)
        response = member_client.post(url("session-delete", session))
        assert response.url == reverse("practice:journal")
        assert totals(member, hack) == (1, 4, 1)
        assert activities(session) == [Activity.SESSION_DELETED]
        assert "The practice is deleted." in member_client.get(reverse("practice:journal")).text

    def test_a_repeat_is_not_found(self, member_client, session):
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
def test_the_database_refuses_other_biometrics(session, data):
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        PracticeSession.objects.filter(pk=session.pk).update(biometric_data=data)


@pytest.mark.parametrize("data", [None, {"hrv_before": 5}, {"hrv_after": 300}, {"hrv_before": 38, "hrv_after": 52}])
def test_the_database_takes_good_biometrics(session, data):
    assert PracticeSession.objects.filter(pk=session.pk).update(biometric_data=data) == 1
