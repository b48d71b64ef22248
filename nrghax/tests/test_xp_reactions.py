"""XP for practice, check-ins and later awards, and notifications of new levels."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from analytics.actions import record
from analytics.models import Activity, Notification, UserActivityLog
from community.tests.factories import make_verification
from gamification.models import UserXp, XpEntry
from gamification.tests.factories import make_award
from hacks.tests.factories import HackFactory
from nrghax.tasks import react
from practice.models import DailyCheckin, PracticeSession
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db


def record_and_react(member, activity: Activity) -> None:
    react(str(record(member.pk, activity, {}).pk))


def level_notifications(member) -> list[tuple[str, str]]:
    rows = Notification.objects.filter(user=member, type="level_reached").order_by("subject")
    return list(rows.values_list("subject", "title"))


@pytest.mark.parametrize("activity", [Activity.SESSION_LOGGED, Activity.SESSION_CHANGED, Activity.CHECKIN_SAVED])
def test_practice_earns_xp_and_level_is_announced_once(member, activity):
    hack = HackFactory(category__name="focus", category__title="Focus")
    make_award(member, 290, category=hack.category)
    make_session(member, hack, started_at=timezone.now() - timedelta(hours=1))
    for _ in range(2):
        record_and_react(member, activity)
    assert XpEntry.objects.filter(source="session").count() == 1
    assert level_notifications(member) == [
        ("focus:3", "You've reached level 3 in Focus"),
        ("overall:3", "You've reached level 3"),
    ]


@pytest.mark.parametrize(
    ("activity", "model"),
    [(Activity.SESSION_DELETED, PracticeSession), (Activity.CHECKIN_DELETED, DailyCheckin)],
)
def test_deleted_session_or_check_in_loses_its_xp(member, activity, model):
    make_session(member, HackFactory(), started_at=timezone.now() - timedelta(hours=1))
    make_checkin(member, timezone.now().date())
    record_and_react(member, Activity.SESSION_LOGGED)
    assert XpEntry.objects.count() == 2
    model.objects.all().delete()
    record_and_react(member, activity)
    assert XpEntry.objects.count() == 1
    assert UserXp.objects.get(category=None).xp_amount == XpEntry.objects.get().amount


@pytest.mark.parametrize("activity", [Activity.VERIFICATION_REWARDED, Activity.ACHIEVEMENT_EARNED])
def test_xp_counts_for_day_of_activity_when_worker_is_late(member, activity):
    done_at = timezone.now() - timedelta(days=3)
    verified = make_verification(author=member, status="verified", verified_at=done_at)
    data = {
        Activity.VERIFICATION_REWARDED: {"verification_id": str(verified.pk), "hack_id": str(verified.hack_id)},
        Activity.ACHIEVEMENT_EARNED: {
            "achievement_id": str(uuid4()),
            "name": "Late",
            "slug": "late",
            "points": 10,
            "type": "level",
        },
    }
    entry = record(member.pk, activity, data[activity])
    UserActivityLog.objects.filter(pk=entry.pk).update(created_at=done_at)
    react(str(entry.pk))
    assert XpEntry.objects.get().earned_on == done_at.date()
