from datetime import date, time, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.models import Member, Profile
from accounts.tests.factories import make_member
from database.constraints import refused_by
from database.identity import Role, database_identity
from database.local_days import day_bounds, local_date
from practice.models import DailyCheckin, MemberStats, RestDay
from practice.rules import MAX_REST_STOCK, STREAK_DAYS_PER_EARNED_REST
from practice.tests.factories import make_checkin
from practice.tests.strength import STRENGTH_MEMORY, strength_after_checkin

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 3, 2)


def on(n: int) -> date:
    return MONDAY + timedelta(days=n)


def check_in(member: Member, *days: int, **fields) -> None:
    for n in days:
        make_checkin(member, on(n), **fields)


def streaks(member: Member) -> list[int]:
    return list(member.checkins.order_by("checkin_date").values_list("streak_count", flat=True))


def stocks(member: Member) -> list[int]:
    return list(member.checkins.order_by("checkin_date").values_list("rest_stock", flat=True))


def stats(member: Member) -> MemberStats:
    return MemberStats.objects.get(pk=member.pk)


def today(member: Member, days: int = 0) -> date:
    profile = Profile.objects.get(pk=member.pk)
    return local_date(timezone.now(), profile.timezone, profile.day_start) + timedelta(days=days)


def run(name: str, **parameters) -> tuple:
    """Run a statement in sql/ and return its first row."""
    statement = (Path(apps.get_app_config("practice").path) / "sql" / f"{name}.sql").read_text()
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchone()


def test_each_day_adds_one(member):
    check_in(member, 0, 1, 2)
    assert streaks(member) == [1, 2, 3]


def test_missed_day_restarts_streak_at_one(member):
    check_in(member, 0, 1, 3, 4)
    assert streaks(member) == [1, 2, 1, 2]


def test_longest_streak_is_kept(member):
    check_in(member, 0, 1, 2, 5)
    assert stats(member).longest_streak == 3


def test_planned_rest_day_protects_streak_without_adding_to_it(member):
    RestDay.objects.create(user=member, rest_date=on(2))
    check_in(member, 0, 1, 3)
    assert streaks(member) == [1, 2, 3]


def test_cancelled_rest_day_does_not_protect_streak(member):
    rest = RestDay.objects.create(user=member, rest_date=on(2))
    check_in(member, 0, 1, 3)
    rest.delete()
    assert streaks(member) == [1, 2, 1]


def test_seven_days_earn_rest_day_that_covers_missed_day(member):
    check_in(member, *range(7), 8)
    assert streaks(member)[-2:] == [7, 8]
    assert stocks(member)[-2:] == [1, 0]


def test_every_seventh_day_earns_rest_day_until_stock_is_full(member):
    """The pages name the numbers of practice/rules.py; the SQL repeats them."""
    days = STREAK_DAYS_PER_EARNED_REST * (MAX_REST_STOCK + 1)
    check_in(member, *range(days))
    expected = [min(n // STREAK_DAYS_PER_EARNED_REST, MAX_REST_STOCK) for n in range(1, days + 1)]
    assert stocks(member) == expected


def test_insufficient_stock_is_kept(member):
    check_in(member, *range(7), 9)
    assert streaks(member)[-1] == 1
    assert stocks(member)[-1] == 1


def test_move_east_protects_lost_day(member):
    check_in(member, 0, timezone="Pacific/Honolulu")
    check_in(member, 2, timezone="Pacific/Kiritimati")
    assert streaks(member) == [1, 2]


def test_move_west_protects_no_missed_day(member):
    check_in(member, 0, timezone="Pacific/Kiritimati")
    check_in(member, 2, timezone="Pacific/Honolulu")
    assert streaks(member) == [1, 1]


def test_date_repeated_by_move_west_counts_once(member):
    check_in(member, 0, timezone="Pacific/Kiritimati")
    with pytest.raises(IntegrityError, match="daily_checkin_once_a_day"), transaction.atomic():
        check_in(member, 0, timezone="Pacific/Honolulu")


def test_daylight_saving_time_protects_no_missed_day(member):
    """Berlin's clocks go forward on day 27. The lost hour must not protect the missed day."""
    check_in(member, 26, 28, timezone="Europe/Berlin")
    assert streaks(member) == [1, 1]


def test_date_skipped_by_samoa_is_not_missed(member):
    for day in (date(2011, 12, 29), date(2011, 12, 31)):
        make_checkin(member, day, timezone="Pacific/Apia")
    assert streaks(member) == [1, 2]


def test_later_zone_change_does_not_change_past_days(member):
    check_in(member, 0, 2)
    Profile.objects.filter(pk=member.pk).update(timezone="Pacific/Kiritimati")
    assert streaks(member) == [1, 1]


def test_backdated_checkin_repairs_streak(member):
    check_in(member, 0, 1, 3, 4)
    check_in(member, 2)
    assert streaks(member) == [1, 2, 3, 4, 5]


def test_deleted_checkin_breaks_later_streak(member):
    check_in(member, 0, 1, 2, 3)
    member.checkins.get(checkin_date=on(1)).delete()
    assert streaks(member) == [1, 1, 2]
    assert stats(member).longest_streak == 2


def test_deleting_all_checkins_resets_stats(member):
    check_in(member, 0, 1)
    member.checkins.all().delete()
    left = stats(member)
    assert (left.longest_streak, left.last_checkin_date, left.streak_ends_at) == (0, None, None)


def test_checkin_moved_to_other_member_counts_for_them(member):
    other = make_member()
    check_in(member, 0, 1)
    check_in(other, 0)
    DailyCheckin.objects.filter(user=member, checkin_date=on(1)).update(user=other)
    assert (streaks(member), streaks(other)) == ([1], [1, 2])
    assert stats(member).last_checkin_date == on(0)


def test_only_missed_days_lower_strength(member):
    RestDay.objects.create(user=member, rest_date=on(1))
    check_in(member, 0, 2, 5)
    once = strength_after_checkin(0, 0)
    twice = strength_after_checkin(once, 0)
    expected = [once, twice, strength_after_checkin(twice, 2)]
    found = member.checkins.order_by("checkin_date").values_list("strength", flat=True)
    assert list(found) == pytest.approx(expected)


def test_years_of_absence_reset_strength_without_error(member):
    make_checkin(member, date(1950, 1, 1))
    assert make_checkin(member, MONDAY).strength == pytest.approx(strength_after_checkin(0, 0))


def test_streak_continues_until_end_of_today(member):
    Profile.objects.filter(pk=member.pk).update(timezone="Asia/Kathmandu", day_start=time(3))
    for days in (-2, -1):
        make_checkin(member, today(member, days), timezone="Asia/Kathmandu", day_start=time(3))
    standing = stats(member)
    assert standing.current_streak == 2
    assert standing.streak_ends_at == day_bounds(today(member), "Asia/Kathmandu", time(3))[1]


def test_ended_streak_is_not_current(member):
    make_checkin(member, today(member, -2))
    assert stats(member).current_streak == 0


def test_future_rest_days_and_stock_extend_end_of_streak(member):
    RestDay.objects.create(user=member, rest_date=on(8))
    check_in(member, *range(7))
    assert stats(member).streak_ends_at == day_bounds(on(9), "UTC", time(0))[1]


def test_rest_day_planned_after_checkin_extends_end_of_streak(member):
    check_in(member, 0)
    RestDay.objects.create(user=member, rest_date=on(1))
    assert stats(member).streak_ends_at == day_bounds(on(2), "UTC", time(0))[1]


def test_zone_change_moves_end_of_streak(member):
    check_in(member, 0, timezone="Pacific/Honolulu")
    Profile.objects.filter(pk=member.pk).update(timezone="Pacific/Kiritimati")
    assert stats(member).streak_ends_at == day_bounds(on(2), "Pacific/Kiritimati", time(0))[1]


def test_streak_ends_after_last_day_that_continues_it(member):
    """New York's clocks go forward on day 6. From day 7 on, Bogota to New York is a move east, which protects day 5."""
    check_in(member, 4, timezone="America/Bogota")
    RestDay.objects.create(user=member, rest_date=on(6))
    Profile.objects.filter(pk=member.pk).update(timezone="America/New_York")
    assert stats(member).streak_ends_at == day_bounds(on(7), "America/New_York", time(0))[1]
    check_in(member, 7, timezone="America/New_York")
    assert streaks(member) == [1, 2]


def test_close_streaks_closes_only_ended_streaks(member):
    alive, never = make_member(), make_member()
    make_checkin(member, today(member))
    make_checkin(alive, today(alive, 1))
    end = stats(member).streak_ends_at
    assert run("close_streaks", now=end - timedelta(seconds=1)) == (0,)
    assert run("close_streaks", now=end) == (1,)
    assert [stats(one).current_streak for one in (member, alive, never)] == [0, 1, 0]
    assert run("close_streaks", now=end) == (0,)


def test_recompute_finds_no_drift_in_healthy_data(member):
    check_in(member, *range(9))
    make_checkin(member, today(member))
    make_member()
    assert run("recompute_streaks") == (0, 0)


def test_streak_waiting_to_be_closed_is_not_drift(member):
    check_in(member, 0, 1)
    with database_identity(Role.OWNER):
        MemberStats.objects.filter(pk=member.pk).update(current_streak=2)
    assert run("recompute_streaks") == (0, 0)


def test_drift_is_counted_and_repaired(member):
    check_in(make_member(), 0, 1)
    check_in(member, 0, 1, 2)
    with database_identity(Role.OWNER):
        member.checkins.filter(checkin_date=on(2)).update(streak_count=7)
        MemberStats.objects.filter(pk=member.pk).update(longest_streak=7)
    assert run("recompute_streaks") == (1, 2)
    assert streaks(member) == [1, 2, 3]
    assert stats(member).longest_streak == 3
    assert run("recompute_streaks") == (0, 0)


@pytest.mark.parametrize(
    "drifted", [{"current_streak": 7}, {"rest_stock": 2}, {"strength": 0.9}, {"streak_ends_at": None}]
)
def test_drift_of_stats_alone_is_repaired(member, drifted):
    check_in(member, 0)
    before = stats(member)
    with database_identity(Role.OWNER):
        MemberStats.objects.filter(pk=member.pk).update(**drifted)
    assert run("recompute_streaks") == (1, 1)
    [name] = drifted
    assert getattr(stats(member), name) == getattr(before, name)


def test_deleting_member_deletes_checkins_and_stats(member):
    check_in(member, 0, 1)
    RestDay.objects.create(user=member, rest_date=on(3))
    with database_identity(Role.OWNER), connection.cursor() as cursor:
        member.user.delete()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not DailyCheckin.objects.filter(user_id=member.pk).exists()
    assert not MemberStats.objects.filter(pk=member.pk).exists()


@pytest.mark.parametrize("stats_at", [0, 3])
def test_cascade_from_member_leaves_no_drift(member, stats_at):
    """The member's row is deleted first and the other rows follow in any order, as in a database cascade."""
    check_in(member, 0, 1, 2)
    RestDay.objects.create(user=member, rest_date=on(3))
    tables = ["daily_checkins", "rest_days", "user_profiles"]
    tables.insert(stats_at, "user_stats")
    with database_identity(Role.OWNER), connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [member.pk])
        for table in tables:
            cursor.execute(f"DELETE FROM {table} WHERE user_id = %s", [member.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert run("recompute_streaks") == (0, 0)


@pytest.mark.parametrize("role", [Role.WORKER, Role.MEMBER])
def test_inserted_streak_values_are_overwritten(member, role):
    with database_identity(role, member.pk):
        DailyCheckin.objects.create(
            user=member, checkin_date=today(member), timezone="UTC", streak_count=50, rest_stock=2, strength=1
        )
    assert (streaks(member), stocks(member)) == ([1], [0])


@pytest.mark.parametrize("zone", ["", "Europe/Atlantis"])
def test_unknown_zone_is_rejected(member, zone):
    with pytest.raises(DataError), transaction.atomic():
        make_checkin(member, MONDAY, timezone=zone)


def test_saving_stale_row_does_not_restore_old_values(member):
    checkin = DailyCheckin.objects.create(user=member, checkin_date=on(1), timezone="UTC")
    check_in(member, 0)
    checkin.notes = "Calmer."
    checkin.save()
    assert streaks(member) == [1, 2]
    assert run("recompute_streaks") == (0, 0)


def assert_rejected(constraint: str, member: Member, create):
    with (
        pytest.raises(IntegrityError) as error,
        transaction.atomic(),
        database_identity(Role.MEMBER, member.pk),
    ):
        create()
    assert refused_by(error.value) == constraint


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "UTC", "Pacific/Kiritimati"])
def test_member_can_check_in_for_today_and_two_days_before(member, zone):
    Profile.objects.filter(pk=member.pk).update(timezone=zone)
    with database_identity(Role.MEMBER, member.pk):
        for days in (-2, -1, 0):
            DailyCheckin.objects.create(user=member, checkin_date=today(member, days), timezone=zone)
    assert streaks(member) == [1, 2, 3]


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "UTC", "Pacific/Kiritimati"])
@pytest.mark.parametrize("days", [-3, 1])
def test_member_cannot_check_in_for_other_days(member, zone, days):
    Profile.objects.filter(pk=member.pk).update(timezone=zone)
    assert_rejected(
        "daily_checkin_within_reach",
        member,
        lambda: DailyCheckin.objects.create(user=member, checkin_date=today(member, days), timezone=zone),
    )


def test_member_cannot_change_date_of_checkin(member):
    make_checkin(member, today(member))
    with pytest.raises(ProgrammingError), transaction.atomic(), database_identity(Role.MEMBER, member.pk):
        member.checkins.update(checkin_date=today(member, -9))


def test_member_cannot_change_date_of_rest_day(member):
    RestDay.objects.create(user=member, rest_date=today(member, 3))
    with pytest.raises(ProgrammingError), transaction.atomic(), database_identity(Role.MEMBER, member.pk):
        member.rest_days.update(rest_date=today(member, -1))


def test_member_can_edit_note_of_old_checkin(member):
    check_in(member, 0)
    with database_identity(Role.MEMBER, member.pk):
        assert member.checkins.update(notes="It rained.") == 1


@pytest.mark.parametrize("days", [-1, 0])
def test_member_cannot_plan_rest_day_for_today_or_earlier(member, days):
    assert_rejected(
        "rest_day_planned_ahead",
        member,
        lambda: RestDay.objects.create(user=member, rest_date=today(member, days)),
    )


def test_member_can_plan_two_rest_days_a_week(member):
    monday = today(member, 7 - today(member).weekday())
    with database_identity(Role.MEMBER, member.pk):
        for n in (0, 6, 7, 8):
            RestDay.objects.create(user=member, rest_date=monday + timedelta(days=n))
    for n in (1, 9):
        assert_rejected(
            "rest_day_two_a_week",
            member,
            lambda n=n: RestDay.objects.create(user=member, rest_date=monday + timedelta(days=n)),
        )


@pytest.mark.parametrize("call", ["recompute_streak(%s)", "streak_rows(%s)", "streak_state(%s)"])
def test_member_cannot_call_internal_functions(member, call):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        database_identity(Role.MEMBER, member.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SELECT app.{call}", [member.pk])


def test_member_can_read_only_own_strength(member):
    other = make_member()
    for one in (member, other):
        make_checkin(one, today(one))
    with database_identity(Role.MEMBER, member.pk), connection.cursor() as cursor:
        cursor.execute("SELECT app.strength_at(%s), app.strength_at(%s)", [member.pk, other.pk])
        assert cursor.fetchone() == (pytest.approx(1 - STRENGTH_MEMORY), None)
