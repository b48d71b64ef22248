from datetime import date, timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import Member
from accounts.tests.factories import make_member
from database.constraints import refused_by
from database.identity import Role, database_identity
from database.tests.connections import start_in_thread
from practice.models import DailyCheckin, RestDay
from practice.tests.factories import make_checkin

pytestmark = pytest.mark.django_db(transaction=True)

MONDAY = date(2026, 3, 2)
TUESDAY = MONDAY + timedelta(days=1)


@pytest.mark.parametrize(("first", "second"), [(MONDAY, TUESDAY), (TUESDAY, MONDAY)])
def test_concurrent_checkins_see_each_other(first, second):
    member = make_member()
    with database_identity(Role.WORKER):
        make_checkin(member, first)
        other = start_in_thread(lambda: make_checkin(member, second))
        assert other.is_alive()
    other.join()
    with database_identity(Role.WORKER):
        rows = DailyCheckin.objects.filter(user=member).order_by("checkin_date")
        assert list(rows.values_list("streak_count", flat=True)) == [1, 2]
        member.stats.refresh_from_db()
        assert (member.stats.longest_streak, member.stats.last_checkin_date) == (2, TUESDAY)


def plan_rest(member: Member, day: date) -> None:
    with database_identity(Role.MEMBER, member.pk):
        RestDay.objects.create(user=member, rest_date=day)


def test_concurrent_plans_do_not_exceed_two_rest_days_a_week():
    member = make_member()
    monday = timezone.now().date() + timedelta(days=14)
    monday -= timedelta(days=monday.weekday())
    plan_rest(member, monday)
    outcome = []

    def plan_wednesday() -> None:
        try:
            plan_rest(member, monday + timedelta(days=2))
        except IntegrityError as error:
            outcome.append(refused_by(error))

    with database_identity(Role.MEMBER, member.pk):
        RestDay.objects.create(user=member, rest_date=monday + timedelta(days=1))
        other = start_in_thread(plan_wednesday)
    other.join()
    assert outcome == ["rest_day_two_a_week"]
