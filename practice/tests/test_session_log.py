from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.tests.factories import make_member
from analytics.models import Activity
from hacks.models import UserHackProgress
from hacks.tests.factories import HackCategoryFactory, HackFactory
from practice.forms.sessions import LogOnceForm
from practice.models import PracticeSession
from practice.tests.factories import make_session
from practice.tests.test_sessions import LOG_URL, activities, noon, totals

pytestmark = pytest.mark.django_db


def form_data(hack, **data):
    """Return the data that the log form sends."""
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


def test_form_proposes_practice_ending_now(sign_in, hack):
    client = sign_in(make_member(profile={"timezone": "Asia/Tokyo"}))
    response = client.get(LOG_URL, {"hack": "energy-ball"})
    form = response.context["form"]
    start = (timezone.now() - timedelta(minutes=5)).astimezone(ZoneInfo("Asia/Tokyo"))
    assert form["hack"].value() == str(hack.pk)
    assert form["minutes"].value() == 5
    assert form["started_on"].value() == start.date()
    assert abs(form["started_at_time"].value().minute - start.minute) in (0, 1, 59)
    assert "Time zone: Asia/Tokyo" in response.text


def test_form_offers_open_hacks_by_category(member_client, member, hack):
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


def test_practice_is_logged(sign_in, hack):
    member = make_member(profile={"timezone": "America/Bogota", "day_start": "03:00"})
    client = sign_in(member)
    # Bogota is five hours behind UTC, all year.
    start = noon(days_ago=40).replace(hour=7, minute=30, second=0)
    data = form_data(
        hack,
        started_on=f"{start:%Y-%m-%d}",
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
    assert session.started_at == start
    assert session.ended_at == start + timedelta(minutes=25)
    assert session.duration_seconds == 25 * 60
    assert (session.session_type, session.feedback_score, session.notes) == ("teaching", -1, "Too hot to sit.")
    assert session.biometric_data == {"hrv_before": 41}
    # The member's day starts at 03:00, so 02:30 belongs to the day before.
    assert (session.practice_date, session.timezone) == (start.date() - timedelta(days=1), "America/Bogota")
    assert activities(session) == [Activity.SESSION_LOGGED]
    assert totals(member, hack) == (1, 25, 1)
    assert "Practice logged." in client.get(response.url).text


def test_repeated_submission_is_stored_once(member_client, member, hack):
    data = form_data(hack)
    first = member_client.post(LOG_URL, data)
    second = member_client.post(LOG_URL, data | {"minutes": "30"})
    assert first.url == second.url
    session = PracticeSession.objects.get()
    assert session.duration_seconds == 600
    assert activities(session) == [Activity.SESSION_LOGGED]
    assert totals(member, hack) == (1, 10, 1)


def test_id_of_other_member_is_rejected_and_replaced(sign_in, member, hack):
    session = make_session(member, hack, started_at=noon(days_ago=2))
    client = sign_in(make_member())
    response = client.post(LOG_URL, form_data(hack, id=str(session.pk), notes="Mine."))
    assert response.status_code == 200
    assert "Something went wrong. Please try again." in response.text
    assert "Mine." in response.text
    assert PracticeSession.objects.get() == session
    form = response.context["form"]
    assert client.post(LOG_URL, {field.html_name: field.value() for field in form}).status_code == 302
    assert PracticeSession.objects.count() == 2


def test_practice_can_be_logged_while_another_is_running(member_client, member, hack):
    make_session(member, hack, started_at=timezone.now(), ended_at=None)
    assert member_client.post(LOG_URL, form_data(hack)).status_code == 302
    assert PracticeSession.objects.finished().count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("hack", "", "Choose one of the options."),
        ("hack", "00000000-0000-0000-0000-000000000000", "Choose a hack from the list"),
        ("hack", "anything", "Choose a hack from the list"),
        ("started_on", "", "Fill in this field."),
        ("started_on", "tomorrow", "Enter a date"),
        ("started_on", "0001-01-01", "Choose a day within the last year"),
        ("started_on", "9999-12-31", "This is in the future"),
        ("started_at_time", "25:00", "Enter a time"),
        ("minutes", "0", "Enter 1 or more."),
        ("minutes", "361", "Enter 360 or less."),
        ("session_type", "asleep", "Choose one of the options."),
        ("feedback_score", "2", "Choose one of the options."),
        ("notes", "x" * 5001, "at most 5000 characters"),
        ("hrv_before", "4", "Enter 5 or more."),
        ("hrv_after", "301", "Enter 300 or less."),
    ],
)
def test_invalid_input_shows_error(sign_in, hack, field, value, words):
    # East of Greenwich, 0001-01-01 begins before the earliest moment that Python can represent in UTC.
    client = sign_in(make_member(profile={"timezone": "Asia/Tokyo"}))
    response = client.post(LOG_URL, form_data(hack) | {"started_at_time": "02:00", field: value})
    assert response.status_code == 200
    assert words in response.text
    assert not PracticeSession.objects.exists()


@pytest.mark.parametrize(("minutes", "hrv"), [("1", "5"), ("360", "300")])
def test_limits_are_allowed(member_client, hack, minutes, hrv):
    assert member_client.post(LOG_URL, form_data(hack, minutes=minutes, hrv_after=hrv)).status_code == 302


def test_locked_hack_is_rejected(member_client, hack):
    locked = HackFactory(prerequisite_hack=hack)
    response = member_client.post(LOG_URL, form_data(locked))
    assert "Choose a hack from the list" in response.text
    assert not PracticeSession.objects.exists()


@pytest.mark.parametrize(
    ("moved", "minutes", "words"),
    [
        (timedelta(minutes=2), "1", "This is in the future"),
        (timedelta(minutes=-5), "10", "longer than the time since you started"),
        (timedelta(days=-366), "10", "Choose a day within the last year"),
    ],
)
def test_impossible_times_are_rejected(member_client, hack, moved, minutes, words):
    start = timezone.now() + moved
    data = form_data(hack, started_on=f"{start:%Y-%m-%d}", started_at_time=f"{start:%H:%M}", minutes=minutes)
    assert words in member_client.post(LOG_URL, data).text
    assert not PracticeSession.objects.exists()


@pytest.mark.parametrize(
    ("moved", "minutes"),
    [(timedelta(minutes=-10), "10"), (timedelta(minutes=-1), "1"), (timedelta(days=-364), "10")],
)
def test_times_at_limits_are_stored(member_client, hack, moved, minutes):
    start = timezone.now() + moved
    data = form_data(hack, started_on=f"{start:%Y-%m-%d}", started_at_time=f"{start:%H:%M}", minutes=minutes)
    assert member_client.post(LOG_URL, data).status_code == 302


class TestClockChanges:
    """Tests of the form alone: the view rejects days more than a year ago, so these dates would expire."""

    NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def form(self, hack, **data):
        choices = [{"id": hack.pk, "name": hack.name, "category__title": hack.category.title}]
        # The view passes a QueryDict.
        form = LogOnceForm(
            QueryDict(urlencode(form_data(hack, **data))), hacks=choices, zone="Europe/Berlin", now=self.NOW
        )
        form.is_valid()
        return form

    def test_skipped_time_shows_error(self, hack):
        form = self.form(hack, started_on="2026-03-29", started_at_time="02:30")
        assert "The clocks went forward and skipped this time" in str(form.errors["started_at_time"])
        form = self.form(hack, started_on="2026-03-29", started_at_time="03:00")
        assert form.to_log()["started_at"] == datetime(2026, 3, 29, 1, tzinfo=UTC)

    def test_repeated_time_is_first_occurrence(self, hack):
        form = self.form(hack, started_on="2026-10-25", started_at_time="02:30")
        assert form.to_log()["started_at"] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_number_of_queries_is_constant(queries_of, member_client, hack):
    member_client.get(LOG_URL)
    for_one = queries_of(lambda: member_client.get(LOG_URL))
    HackFactory.create_batch(12)
    for_many = queries_of(lambda: member_client.get(LOG_URL))
    assert len(for_many) == len(for_one) <= 8
