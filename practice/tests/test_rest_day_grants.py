from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import ProgrammingError, transaction
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Profile
from accounts.tests.factories import make_member
from database.identity import Role, database_identity
from practice.actions import grant_rest_day
from practice.models import MemberStats, RestDayGrant
from practice.tests.factories import make_checkin

pytestmark = pytest.mark.django_db


def test_source_grants_one_rest_day_to_each_member(member):
    source, now = uuid7(), timezone.now()
    assert grant_rest_day(member_id=member.pk, source_id=source, now=now)
    assert not grant_rest_day(member_id=member.pk, source_id=source, now=now + timedelta(days=1))
    assert RestDayGrant.objects.get().granted_on == now.date()
    assert MemberStats.objects.get(pk=member.pk).rest_stock == 1
    assert grant_rest_day(member_id=make_member().pk, source_id=source, now=now)


def test_grant_day_is_local_day_of_member(member):
    Profile.objects.filter(pk=member.pk).update(timezone="Asia/Tokyo", day_start=time(4))
    for hour in (18, 19):
        grant_rest_day(member_id=member.pk, source_id=uuid7(), now=datetime(2026, 3, 2, hour, 30, tzinfo=UTC))
    days = RestDayGrant.objects.order_by("granted_on").values_list("granted_on", flat=True)
    assert [day.day for day in days] == [2, 3]


def test_member_cannot_grant_own_rest_day(member):
    with database_identity(Role.MEMBER, member.pk), pytest.raises(ProgrammingError), transaction.atomic():
        RestDayGrant.objects.create(user=member, source_id=uuid7(), granted_on=timezone.now().date())


def test_grant_covers_missed_day_on_which_it_was_won(member, member_client):
    now = timezone.now()
    make_checkin(member, now.date() - timedelta(days=2))
    RestDayGrant.objects.create(user=member, source_id=uuid7(), granted_on=now.date() - timedelta(days=1))
    assert MemberStats.objects.get(pk=member.pk).streak_ends_at.date() == now.date() + timedelta(days=1)
    make_checkin(member, now.date())
    page = member_client.get(reverse("practice:streak"), {"month": f"{now.date() - timedelta(days=1):%Y-%m}"})
    assert page.context["count"] == 2
    assert "Missed: covered by a rest day you earned. Rest day won" in page.content.decode()
