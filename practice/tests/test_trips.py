"""The trips page, and the member's time zone during a trip."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Member, Profile
from accounts.tests.factories import make_member
from database.identity import Role, database_identity
from database.local_days import day_bounds, local_date
from hacks.tests.factories import HackFactory
from practice import actions
from practice.models import DailyCheckin, MemberStats, PracticeSession, RestDay, Trip
from practice.tests.factories import make_checkin

pytestmark = pytest.mark.django_db

PAGE = reverse("practice:trips")
CHECKIN = reverse("practice:checkin")
EAST, WEST = "Pacific/Kiritimati", "Pacific/Honolulu"


def today(days: int = 0) -> date:
    return timezone.now().date() + timedelta(days=days)


def make_trip(member: Member, first: int = -3, last: int = 5, zone: str = EAST) -> Trip:
    return Trip.objects.create(user=member, zone=zone, starts_on=today(first), ends_on=today(last))


def form_data(first: int = 3, last: int = 9, zone: str = "Asia/Tokyo") -> dict[str, str]:
    return {"zone": zone, "starts_on": f"{today(first)}", "ends_on": f"{today(last)}"}


def zone_at(member: Member, moment: datetime) -> str:
    return Member.objects.get(pk=member.pk).zone_at(moment)


class TestTimeZone:
    def test_zone_at_home_is_zone_of_profile(self, member):
        assert zone_at(member, timezone.now()) == "UTC"

    def test_zone_changes_when_trip_begins_and_ends(self, member):
        Profile.objects.filter(pk=member.pk).update(timezone="America/New_York", day_start=time(3))
        Trip.objects.create(user=member, zone="Asia/Tokyo", starts_on=date(2026, 5, 10), ends_on=date(2026, 5, 20))
        leaves, _ = day_bounds(date(2026, 5, 10), "America/New_York", time(3))
        _, is_back = day_bounds(date(2026, 5, 20), "Asia/Tokyo", time(3))
        second = timedelta(seconds=1)
        assert [zone_at(member, moment) for moment in (leaves - second, leaves, is_back - second, is_back)] == [
            "America/New_York",
            "Asia/Tokyo",
            "Asia/Tokyo",
            "America/New_York",
        ]

    def test_adjacent_trips_do_not_return_home_between(self, member):
        Profile.objects.filter(pk=member.pk).update(timezone="America/New_York")
        for zone, first, last in (("Asia/Tokyo", 10, 12), ("Asia/Kolkata", 13, 15)):
            Trip.objects.create(user=member, zone=zone, starts_on=date(2026, 5, first), ends_on=date(2026, 5, last))
        between, _ = day_bounds(date(2026, 5, 13), "Asia/Tokyo", time(0))
        hour = timedelta(hours=1)
        assert [zone_at(member, between + n * hour) for n in (-1, 0, 1, 5)] == ["Asia/Tokyo", *["Asia/Kolkata"] * 3]

    def test_pages_checkins_and_sessions_use_zone_of_trip(self, member, member_client):
        make_trip(member)
        there = local_date(timezone.now(), EAST, time(0))
        response = member_client.post(CHECKIN, {"date": f"{there}", "mood_before": "5", "seen": ""})
        assert response.status_code == 302
        checkin = DailyCheckin.objects.get(user=member)
        assert (checkin.checkin_date, checkin.timezone) == (there, EAST)
        hack = HackFactory(is_gateway=True)
        session_id = "018f0000-0000-7000-8000-000000000001"
        member_client.post(
            reverse("practice:session-start", args=[hack.slug]),
            {"id": session_id, "minutes": "5", "session_type": "solo"},
        )
        session = PracticeSession.objects.get(user=member)
        assert (session.practice_date, session.timezone) == (there, EAST)
        assert f"{there:%A, }" in member_client.get(reverse("practice:today")).content.decode()

    def test_logged_practice_uses_zone_at_its_start(self, member):
        make_trip(member, first=-9, last=-5)
        hack = HackFactory(is_gateway=True)
        for days, zone in ((-7, EAST), (-1, "UTC")):
            session = actions.log_session(
                member=member,
                session_id=PracticeSession().pk,
                hack_id=hack.pk,
                started_at=datetime.combine(today(days), time(12), UTC),
                duration_seconds=600,
                session_type="solo",
                feedback_score=None,
                notes="",
                biometric_data=None,
            )
            assert session.timezone == zone

    def test_end_of_streak_follows_trip_and_its_deletion(self, member):
        make_checkin(member, today())
        at_home = MemberStats.objects.get(pk=member.pk).streak_ends_at
        planned = make_trip(member, zone=WEST)
        assert MemberStats.objects.get(pk=member.pk).streak_ends_at == day_bounds(today(1), WEST, time(0))[1]
        Trip.objects.filter(pk=planned.pk).update(zone=EAST)
        assert MemberStats.objects.get(pk=member.pk).streak_ends_at == day_bounds(today(2), EAST, time(0))[1]
        planned.delete()
        assert MemberStats.objects.get(pk=member.pk).streak_ends_at == at_home

    def test_end_of_streak_considers_future_trip(self, member):
        make_checkin(member, today())
        make_trip(member, first=1, last=5, zone=WEST)
        assert MemberStats.objects.get(pk=member.pk).streak_ends_at == day_bounds(today(1), WEST, time(0))[1]

    def test_rest_day_planning_uses_zone_of_trip(self, member):
        make_trip(member)
        there = local_date(timezone.now(), EAST, time(0))
        with pytest.raises(actions.RestDayRefused), database_identity(Role.MEMBER, member.pk):
            actions.plan_rest_day(member=member, day=there)
        with database_identity(Role.MEMBER, member.pk):
            actions.plan_rest_day(member=member, day=there + timedelta(days=1))
        assert RestDay.objects.count() == 1


class TestPage:
    def test_trip_is_added(self, member, member_client):
        assert member_client.post(PAGE, form_data()).url == PAGE
        planned = Trip.objects.get(user=member)
        assert (planned.zone, planned.starts_on, planned.ends_on) == ("Asia/Tokyo", today(3), today(9))
        response = member_client.get(PAGE)
        assert [line["place"] for line in response.context["ahead"]] == ["Tokyo"]

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            (form_data(9, 3), "ends_on"),
            (form_data(-9, -3), "ends_on"),
            (form_data(0, 367), "ends_on"),
            (form_data(400, 401), "starts_on"),
            (form_data(-400, 1), "starts_on"),
            (form_data(zone="Europe/Atlantis"), "zone"),
            (form_data() | {"zone": ""}, "zone"),
            (form_data() | {"starts_on": "soon"}, "starts_on"),
        ],
    )
    def test_invalid_input_shows_error_beside_field(self, member, member_client, data, field):
        response = member_client.post(PAGE, data)
        assert list(response.context["form"].errors) == [field]
        assert not member.trips.exists()

    def test_last_day_that_ends_before_departure_is_rejected(self, member, member_client):
        Profile.objects.filter(pk=member.pk).update(timezone=WEST)
        response = member_client.post(PAGE, form_data(3, 3, EAST))
        assert list(response.context["form"].errors) == ["ends_on"]

    def test_overlapping_trips_are_rejected(self, member, member_client):
        make_trip(member, 5, 8)
        response = member_client.post(PAGE, form_data(8, 9))
        assert list(response.context["form"].errors) == ["starts_on"]
        assert member.trips.count() == 1
        assert member_client.post(PAGE, form_data(9, 9)).status_code == 302

    def test_trip_is_updated(self, member, member_client):
        planned = make_trip(member)
        address = reverse("practice:trip-edit", args=[planned.pk])
        assert f"{planned.ends_on}" in member_client.get(address).content.decode()
        assert member_client.post(address, form_data(-3, 1, EAST)).url == PAGE
        planned.refresh_from_db()
        assert planned.ends_on == today(1)

    def test_trip_is_deleted(self, member, member_client):
        planned = make_trip(member)
        assert member_client.post(reverse("practice:trip-delete", args=[planned.pk])).url == PAGE
        assert not member.trips.exists()

    def test_past_trips_are_listed_separately(self, member, member_client):
        make_trip(member, -9, -5)
        context = member_client.get(PAGE).context
        assert (context["ahead"], len(context["past"])) == ([], 1)

    def test_trip_of_other_member_is_not_found(self, member_client):
        planned = make_trip(make_member())
        addresses = [reverse(f"practice:trip-{view}", args=[planned.pk]) for view in ("edit", "delete")]
        assert [member_client.post(address, form_data()).status_code for address in addresses] == [404, 404]
        assert member_client.get(PAGE).context["ahead"] == []
        assert Trip.objects.filter(pk=planned.pk, zone=EAST).exists()

    def test_visitor_is_redirected_to_login(self, client, member):
        planned = make_trip(member)
        edit = reverse("practice:trip-edit", args=[planned.pk])
        assert [client.get(address).status_code for address in (PAGE, edit)] == [302, 302]

    def test_delete_by_get_is_not_allowed(self, member, member_client):
        planned = make_trip(member)
        assert member_client.get(reverse("practice:trip-delete", args=[planned.pk])).status_code == 405

    def test_number_of_queries_is_constant(self, queries_of, member, member_client):
        few = queries_of(lambda: member_client.get(PAGE))
        for n in range(-9, 10, 2):
            make_trip(member, n, n + 1)
        assert len(queries_of(lambda: member_client.get(PAGE))) == len(few) <= 8


class TestDatabase:
    def test_database_hides_trips_of_other_members(self, member):
        make_trip(make_member())
        with database_identity(Role.MEMBER, member.pk):
            assert not Trip.objects.exists()

    def test_database_rejects_trip_for_other_member(self, member):
        other = make_member()
        with (
            pytest.raises(ProgrammingError, match="row-level security"),
            transaction.atomic(),
            database_identity(Role.MEMBER, member.pk),
        ):
            make_trip(other)

    def test_database_rejects_unknown_zone(self, member):
        with pytest.raises(DataError), transaction.atomic():
            make_trip(member, zone="Europe/Atlantis")

    @pytest.mark.parametrize(("first", "last"), [(5, 9), (-9, -3), (0, 1)])
    def test_database_rejects_overlapping_trips(self, member, first, last):
        make_trip(member)
        with pytest.raises(IntegrityError, match="trips_do_not_overlap"), transaction.atomic():
            make_trip(member, first, last)

    def test_database_rejects_trip_that_ends_before_start(self, member):
        with pytest.raises((IntegrityError, DataError)), transaction.atomic():
            make_trip(member, 5, 4)

    def test_database_keeps_rest_day_that_has_begun(self, member):
        rest = RestDay.objects.create(user=member, rest_date=today())
        with (
            pytest.raises(IntegrityError, match="begun stays"),
            transaction.atomic(),
            database_identity(Role.MEMBER, member.pk),
        ):
            rest.delete()
