"""XP, levels and achievements of the demo. The product's own rules give them; this module sets their dates."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db import connection

from analytics.models import Notification, UserActivityLog
from dev.demo.timelines import Timeline, timelines_of
from gamification.actions import award_achievements, celebrate_levels, rank_members
from gamification.models import Achievement, UserAchievement, XpEntry
from gamification.news import earned_achievement, reached_level

BATCH = 1000
UNREAD_COUNT = 2
READ_AFTER = timedelta(hours=9)
REACTED_AFTER = timedelta(seconds=1)

# Date each award to the activity that earned it.
DATE_AWARDS = """
UPDATE xp_ledger SET created_at = done_at
FROM (
  SELECT id, ended_at FROM practice_sessions
  UNION ALL SELECT id, created_at FROM daily_checkins
  UNION ALL SELECT id, settled_at FROM challenges
  UNION ALL SELECT id, reviewed_at FROM hack_verification_reviews
  UNION ALL SELECT id, decided_at FROM hack_verifications
) AS activity (id, done_at)
WHERE source_id = activity.id AND xp_ledger.created_at > done_at AND user_id = ANY (%s)
"""


def make_progress(member_ids: Collection[UUID], notifications: list[Notification], now: datetime) -> None:
    """Give achievements and levels, store the notifications of all members, and rank the leaderboards.

    `notifications` are those of the other parts of the demo.
    """
    with connection.cursor() as cursor:
        cursor.execute(DATE_AWARDS, [list(member_ids)])
    # The points of one achievement may lead to the level that another one needs.
    while earned := award_achievements():
        notifications = notifications + _date_achievements([achievement.activity_id for achievement in earned], now)
    timelines = timelines_of(member_ids)
    for member_id in member_ids:
        notifications = notifications + _levels(member_id, timelines[member_id], now)
    _store(notifications)
    rank_members(now=now)


def _store(notifications: Iterable[Notification]) -> None:
    """Store notifications. Each member has read all but the latest ones."""

    def member_of(notification: Notification) -> UUID:
        return notification.user_id

    for _, group in groupby(sorted(notifications, key=member_of), key=member_of):
        for notification in sorted(group, key=lambda each: each.created_at)[:-UNREAD_COUNT]:
            notification.is_read, notification.read_at = True, notification.created_at + READ_AFTER
    Notification.objects.bulk_create(notifications, BATCH, ignore_conflicts=True)


def react_to(activities: Iterable[UserActivityLog]) -> None:
    """Mark activities as processed. The demo writes the effects of their reactions itself, with dates in the past."""
    for activity in activities:
        activity.processed_at = activity.created_at + REACTED_AFTER
    UserActivityLog.objects.bulk_update(activities, ["created_at", "processed_at"], BATCH)


def _date_achievements(activity_ids: list[UUID], now: datetime) -> list[Notification]:
    activities = list(UserActivityLog.objects.filter(pk__in=activity_ids))
    achievements = {str(row.pk): row for row in Achievement.objects.all()}
    timelines = timelines_of({activity.user_id for activity in activities})
    rows = {(row.user_id, str(row.achievement_id)): row for row in UserAchievement.objects.filter(user__in=timelines)}
    dated, awards = [], []
    for activity in activities:
        achievement = achievements[activity.activity_data["achievement_id"]]
        row = rows[activity.user_id, str(achievement.pk)]
        row.earned_at = activity.created_at = timelines[activity.user_id].reached_at(achievement.criteria_json) or now
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


def _levels(member_id: UUID, timeline: Timeline, now: datetime) -> list[Notification]:
    notifications = []
    for reached in celebrate_levels(member_id=member_id):
        criteria = {"type": "level", "value": reached.level, "category": reached.category}
        notifications.append(_dated(reached_level(member_id, reached), timeline.reached_at(criteria) or now))
    return notifications


def _dated(notification: Notification, moment: datetime) -> Notification:
    notification.created_at = moment
    return notification
