"""Write the community of the demo day by day. The database triggers run as they do in production."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import connection, models, transaction
from django.db.models import F

from accounts.models import Member, Profile, User
from analytics.models import Activity, Notification, UserActivityLog
from community.models import HackVerification
from database.statements import call_function
from dev.demo.challenges import make_challenges
from dev.demo.history import History, Simulation
from dev.demo.people import Person
from dev.demo.progress import make_progress
from dev.demo.texts import HACK_NOTES
from dev.demo.verifications import make_verifications
from dev.management.commands.demologins import LEARNER
from gamification.actions import settle_xp
from gamification.models import UserAchievement, XpEntry
from hacks.models import Hack, UserHackProgress
from hacks.news import unlocked_hack
from practice.models import DailyCheckin, PracticeSession, RestDay, Trip

BATCH = 1000
UNREAD_COUNT = 2
READ_AFTER = timedelta(hours=9)


@transaction.atomic
def make_community(*, people: Sequence[Person], now: datetime) -> dict[str, int]:
    """Add the people who are missing and the missing parts of everyone's past. Return the number of rows by kind.

    Should be called as the database owner, after the hacks and the demo logins have been made.
    """
    hacks = list(Hack.objects.select_related("category").order_by("pk"))
    newcomers = _make_people(people, now)
    joined = dict(User.objects.values_list("email", "date_joined"))
    ids = dict(User.objects.values_list("email", "pk"))
    histories = {
        person.email: Simulation(person, ids[person.email], hacks).until(now, joined=joined[person.email])
        for person in people
    }
    _make_partitions(min(joined[person.email] for person in people), now)
    Trip.objects.bulk_create((trip for history in histories.values() for trip in history.trips), ignore_conflicts=True)
    _write_days([row for history in histories.values() for row in (*history.rest_days, *history.checkins)])
    _write_days([row for history in histories.values() for row in history.sessions])
    _write_activities(histories.values())
    _keep_favourites([ids[person.email] for person in newcomers])
    members = [ids[person.email] for person in people]
    _write_progress(members, ids.get(LEARNER[0]), now)
    mine = {"user__in": members}
    counted = (
        PracticeSession,
        DailyCheckin,
        RestDay,
        Trip,
        XpEntry,
        UserAchievement,
        HackVerification,
        UserActivityLog,
        Notification,
    )
    return {"people": len(people)} | {
        str(model._meta.verbose_name_plural): model._default_manager.filter(**mine).count() for model in counted
    }


def _make_people(people: Sequence[Person], now: datetime) -> list[Person]:
    """Add the missing people and return them. The learner counts as missing until they have a past of a year."""
    known = set(User.objects.filter(email__in=[person.email for person in people]).values_list("email", flat=True))
    newcomers = [person for person in people if person.email not in known]
    # Hashing is slow, so all people share one hash: the learner's password logs in as anyone.
    password = make_password(LEARNER[1])
    users = User.objects.bulk_create(User(email=person.email, password=password) for person in newcomers)
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )
    for person in people:
        is_new = User.objects.filter(email=person.email, date_joined__gt=now - timedelta(days=person.joined_days_ago))
        if person.email == LEARNER[0] and is_new.exists():
            newcomers.append(person)
    for person in newcomers:
        _fill_profile(person, now - timedelta(days=person.joined_days_ago))
    return newcomers


def _fill_profile(person: Person, joined_at: datetime) -> None:
    User.objects.filter(email=person.email).update(date_joined=joined_at)
    member = Member.objects.get(user__email=person.email)
    is_taken = Member.objects.named(person.username).exclude(pk=member.pk).exists()
    Member.objects.filter(pk=member.pk).update(
        username=member.username if is_taken else person.username,
        display_name=person.name,
        privacy_settings={"leaderboard_visible": person.is_ranked, "profile_public": person.is_public},
        created_at=joined_at,
    )
    Profile.objects.filter(pk=member.pk).update(
        bio=person.bio,
        timezone=person.zone,
        day_start=person.day_start,
        selected_path=person.path,
        onboarding_completed=True,
    )


def _make_partitions(since: datetime, now: datetime) -> None:
    """Make the partitions of the activity log for the past months; the product makes them only for the future."""
    months = (now.year - since.year) * 12 + now.month - since.month
    call_function("app.make_activity_partitions", months, since.date())


def _write_days(rows: Iterable[models.Model]) -> None:
    """Insert the rows with one statement for each day and kind: a check-in continues the streak of the day before."""

    def key(row: models.Model) -> tuple:
        day = {RestDay: "rest_date", DailyCheckin: "checkin_date", PracticeSession: "practice_date"}[type(row)]
        return getattr(row, day), type(row).__name__

    for _, group in groupby(sorted(rows, key=key), key=key):
        same = list(group)
        type(same[0])._default_manager.bulk_create(same, ignore_conflicts=True)


def _write_activities(histories: Collection[History]) -> None:
    """Write the activities, and the notifications and progress rows of unlocked hacks."""
    activities = [activity for history in histories for activity in history.activities]
    UserActivityLog.objects.bulk_create(activities, BATCH, ignore_conflicts=True)
    notifications = [each for history in histories for each in _notifications(history)]
    Notification.objects.bulk_create(notifications, BATCH, ignore_conflicts=True)
    unlocks = [
        UserHackProgress(
            user_id=notification.user_id, hack_id=notification.subject, unlocked_at=notification.created_at
        )
        for notification in notifications
    ]
    UserHackProgress.objects.bulk_create(
        unlocks, BATCH, update_conflicts=True, unique_fields=["user", "hack"], update_fields=["unlocked_at"]
    )


def _write_progress(member_ids: Sequence[UUID], learner_id: UUID | None, now: datetime) -> None:
    # The planner has no statistics of uncommitted rows, and sometimes chose nested loops that took minutes.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE practice_sessions, daily_checkins")
    settle_xp()
    notifications = make_challenges(learner_id, member_ids, now)
    notifications += make_verifications(learner_id, member_ids, now)
    make_progress(member_ids, notifications, now)


def _notifications(history: History) -> list[Notification]:
    """Return a notification for each unlocked hack. The member has read all but the latest ones."""
    unlocks = [activity for activity in history.activities if activity.activity_type == Activity.HACK_UNLOCKED]
    notifications = []
    for number, activity in enumerate(unlocks, start=UNREAD_COUNT - len(unlocks)):
        notification = unlocked_hack(activity)
        notification.created_at = activity.created_at
        if number < 0:
            notification.is_read, notification.read_at = True, activity.created_at + READ_AFTER
        notifications.append(notification)
    return notifications


def _keep_favourites(member_ids: Sequence) -> None:
    """Mark the hacks that each newcomer has practised most as favourites, one for each text of HACK_NOTES."""
    kept = []
    for _, rows in groupby(
        UserHackProgress.objects.filter(user__in=member_ids, total_practice_count__gt=0).order_by(
            "user", F("total_practice_count").desc(), "hack"
        ),
        key=attrgetter("user_id"),
    ):
        for progress, note in zip(rows, HACK_NOTES, strict=False):
            progress.is_favorite, progress.notes = True, note
            kept.append(progress)
    UserHackProgress.objects.bulk_update(kept, ["is_favorite", "notes"], BATCH)
