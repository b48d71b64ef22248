"""XP, levels and achievements of the demo: given by the product's own rules, dated to when they were reached."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db import connection

from analytics.models import Notification, UserActivityLog
from dev.demo.lives import Deeds, deeds_of
from gamification.actions import award_achievements, celebrate_levels, rank_members
from gamification.models import Achievement, UserAchievement, XpEntry
from gamification.news import earned_achievement, reached_level

BATCH = 1000
UNREAD = 2
READ_AFTER = timedelta(hours=9)
REACTED_AFTER = timedelta(seconds=1)

# An award is as old as its deed.
DATE_AWARDS = """
UPDATE xp_ledger SET created_at = done_at
FROM (
  SELECT id, ended_at FROM practice_sessions
  UNION ALL SELECT id, created_at FROM daily_checkins
  UNION ALL SELECT id, settled_at FROM challenges
  UNION ALL SELECT id, reviewed_at FROM hack_verification_reviews
  UNION ALL SELECT id, decided_at FROM hack_verifications
) AS deed (id, done_at)
WHERE source_id = deed.id AND xp_ledger.created_at > done_at AND user_id = ANY (%s)
"""


def make_progress(member_ids: Collection[UUID], told: list[Notification], now: datetime) -> None:
    """What follows from everything that has brought XP: achievements, levels, and the leaderboards.

    `told` is what members are told of besides.
    """
    with connection.cursor() as cursor:
        cursor.execute(DATE_AWARDS, [list(member_ids)])
    # The points of one achievement may lead to the level that another one asks for.
    while earned := award_achievements():
        told = told + _date_achievements([achievement.activity_id for achievement in earned], now)
    deeds = deeds_of(member_ids)
    for member_id in member_ids:
        told = told + _levels(member_id, deeds[member_id], now)
    _tell(told)
    rank_members(now=now)


def _tell(notifications: Iterable[Notification]) -> None:
    """Each member has read them, but for the latest ones: somebody has been away from the bell."""

    def whose(notification: Notification) -> UUID:
        return notification.user_id

    for _, group in groupby(sorted(notifications, key=whose), key=whose):
        for notification in sorted(group, key=lambda each: each.created_at)[:-UNREAD]:
            notification.is_read, notification.read_at = True, notification.created_at + READ_AFTER
    Notification.objects.bulk_create(notifications, BATCH, ignore_conflicts=True)


def react_to(activities: Iterable[UserActivityLog]) -> None:
    """Mark them as done: what follows from them is written here, and dated."""
    for activity in activities:
        activity.processed_at = activity.created_at + REACTED_AFTER
    UserActivityLog.objects.bulk_update(activities, ["created_at", "processed_at"], BATCH)


def _date_achievements(activity_ids: list[UUID], now: datetime) -> list[Notification]:
    activities = list(UserActivityLog.objects.filter(pk__in=activity_ids))
    achievements = {str(row.pk): row for row in Achievement.objects.all()}
    deeds = deeds_of({activity.user_id for activity in activities})
    rows = {(row.user_id, str(row.achievement_id)): row for row in UserAchievement.objects.filter(user__in=deeds)}
    dated, awards = [], []
    for activity in activities:
        achievement = achievements[activity.activity_data["achievement_id"]]
        row = rows[activity.user_id, str(achievement.pk)]
        row.earned_at = activity.created_at = deeds[activity.user_id].reached_at(achievement.criteria_json) or now
        row.progress_data = {"value": achievement.criteria_json["value"]}
        dated.append(row)
        awards.append(
            XpEntry(
                user_id=activity.user_id,
                source=XpEntry.Source.ACHIEVEMENT,
                source_id=achievement.pk,
                amount=achievement.points,
                earned_on=row.earned_at.date(),
                created_at=row.earned_at,
            )
        )
    react_to(activities)
    UserAchievement.objects.bulk_update(dated, ["earned_at", "progress_data"], BATCH)
    XpEntry.objects.bulk_create(awards, BATCH, ignore_conflicts=True)
    return [_dated(earned_achievement(activity), activity.created_at) for activity in activities]


def _levels(member_id: UUID, deeds: Deeds, now: datetime) -> list[Notification]:
    told = []
    for reached in celebrate_levels(member_id=member_id):
        criteria = {"type": "level", "value": reached.level, "category": reached.category}
        told.append(_dated(reached_level(member_id, reached), deeds.reached_at(criteria) or now))
    return told


def _dated(notification: Notification, moment: datetime) -> Notification:
    notification.created_at = moment
    return notification
