"""Awarding achievements: exactly once, permanently, with its reactions, and only by workers."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import ProgrammingError, connection
from django.db.models import ProtectedError
from django.utils import timezone

from accounts.models import Member, Profile
from accounts.tests.factories import make_member
from analytics.models import Activity, Notification, UserActivityLog
from database.identity import Role, database_identity
from gamification.actions import award_achievements
from gamification.models import Achievement, Challenge, UserAchievement, UserXp, XpEntry
from gamification.tasks import award_achievements as award_task
from gamification.tests.factories import AchievementFactory, practise
from hacks.models import Hack, HackCategory
from hacks.tests.factories import HackCategoryFactory, HackFactory
from nrghax.tests.factories import react_to_everything
from practice.tests.factories import make_checkin


def make_earned(member, **fields):
    """Create an achievement with these fields that the member has earned."""
    return UserAchievement.objects.create(user=member, achievement=AchievementFactory(**fields))


@pytest.mark.django_db
def test_achievement_is_earned_once_and_recorded_as_activity(member):
    achievement = AchievementFactory(criteria_json={"type": "practice_count", "value": 2}, points=30)
    practise(member, times=1)
    assert award_achievements(member_id=member.pk) == []
    practise(member, times=2)
    [earned] = award_achievements(member_id=member.pk)
    assert (earned.member_id, earned.id, earned.name, earned.slug) == (
        member.pk,
        achievement.pk,
        achievement.name,
        achievement.slug,
    )
    assert award_achievements(member_id=member.pk) == []
    row = UserAchievement.objects.get()
    assert (row.user_id, row.achievement_id, row.progress_data) == (member.pk, achievement.pk, {"value": 3})
    entry = UserActivityLog.objects.get(activity_type=Activity.ACHIEVEMENT_EARNED)
    assert (entry.pk, entry.user_id, entry.processed_at) == (earned.activity_id, member.pk, None)
    assert entry.activity_data == {
        "achievement_id": str(achievement.pk),
        "name": achievement.name,
        "slug": achievement.slug,
        "points": 30,
        "type": "practice_count",
        "is_private": False,
    }


@pytest.mark.django_db
def test_practice_earns_nothing_for_another_member(member):
    AchievementFactory()
    practise(make_member())
    assert award_achievements(member_id=member.pk) == []
    assert not UserAchievement.objects.exists()


@pytest.mark.django_db
def test_task_awards_one_achievement_or_all_to_all_members(django_assert_num_queries):
    AchievementFactory()
    done, more, less = make_member(), make_member(), make_member()
    for member, times in ((done, 2), (more, 3), (less, 1)):
        practise(member, times=times)
    late = AchievementFactory(criteria_json={"type": "practice_count", "value": 2})
    # One statement for each group of kinds, and the savepoint around them.
    with django_assert_num_queries(7):
        assert award_task(str(late.pk)) == 2
    earned = UserAchievement.objects.values_list("user", "achievement")
    assert set(earned) == {(done.pk, late.pk), (more.pk, late.pk)}
    assert award_task() == 3
    assert award_task() == 0


@pytest.mark.django_db
def test_earned_achievement_stays_when_practice_is_deleted_or_criteria_change(member):
    other = make_member()
    achievement = AchievementFactory(criteria_json={"type": "practice_count", "value": 1})
    practise(member)
    award_achievements()
    member.sessions.all().delete()
    UserActivityLog.objects.all().delete()
    with database_identity(Role.STAFF):
        achievement.criteria_json = {"type": "practice_count", "value": 500}
        achievement.save()
    other.user.delete()
    assert award_achievements() == []
    assert UserAchievement.objects.get().user_id == member.pk


@pytest.mark.django_db
def test_earned_achievement_cannot_be_deleted(member):
    achievement = AchievementFactory()
    practise(member)
    award_achievements()
    with database_identity(Role.STAFF), pytest.raises(ProtectedError):
        achievement.delete()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "attempt",
    [
        lambda member, achievement: UserAchievement.objects.create(user=member, achievement=achievement),
        lambda member, achievement: award_achievements(member_id=member.pk),
        lambda member, achievement: Achievement.objects.update(points=1_000_000),
    ],
    ids=["insert", "award", "points"],
)
def test_members_cannot_award_achievements(member, attempt):
    achievement = AchievementFactory()
    practise(member)
    with (
        pytest.raises(ProgrammingError, match=r"row-level security|permission denied"),
        database_identity(Role.MEMBER, member.pk),
    ):
        attempt(member, achievement)
    assert not UserAchievement.objects.exists()


@pytest.mark.django_db
def test_staff_cannot_give_or_change_earned_achievements(member):
    row = make_earned(member)
    other = AchievementFactory()
    for attempt in (
        lambda: UserAchievement.objects.create(user=member, achievement=other),
        lambda: UserAchievement.objects.filter(pk=row.pk).update(achievement=other),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), database_identity(Role.STAFF):
            attempt()


@pytest.mark.django_db(transaction=True)
def test_two_concurrent_workers_award_once():
    members = [make_member() for _ in range(3)]
    for kind in ("practice_count", "days_active", "hacks_tried"):
        AchievementFactory(criteria_json={"type": kind, "value": 1})
    for member in members:
        practise(member)
    barrier = Barrier(2)
    awarded = []

    def work(**arguments):
        try:
            with database_identity(Role.WORKER):
                barrier.wait(timeout=10)
                awarded.append(award_achievements(**arguments))
        finally:
            connection.close()

    # One worker awards to all members, the other to one member.
    workers = [Thread(target=work), Thread(target=work, kwargs={"member_id": members[1].pk})]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    assert sorted(len(each) for each in awarded) in ([0, 9], [3, 6]), "both workers must finish"
    with database_identity(Role.WORKER):
        assert UserActivityLog.objects.filter(activity_type=Activity.ACHIEVEMENT_EARNED).count() == 9
        assert UserAchievement.objects.count() == 9


@pytest.mark.django_db
def test_practice_earns_achievement_points_level_and_notification(member):
    achievement = AchievementFactory(name="First Steps", slug="first-steps", points=150)
    of_level = AchievementFactory(name="Second Floor", criteria_json={"type": "level", "value": 2}, points=0)
    practise(member)
    UserActivityLog.objects.create(user=member, activity_type=Activity.SESSION_LOGGED, created_at=timezone.now())
    react_to_everything()
    earned = UserAchievement.objects.filter(user=member).order_by("earned_at", "id")
    assert [row.achievement for row in earned] == [achievement, of_level]
    awards = XpEntry.objects.filter(user=member, source="achievement").order_by("amount")
    assert [(row.source_id, row.amount) for row in awards] == [(of_level.pk, 0), (achievement.pk, 150)]
    assert UserXp.objects.get(user=member, category=None).level == 2
    news = Notification.objects.filter(user=member, type="achievement_earned").order_by("created_at", "id")
    assert {(each.title, each.message, each.data["arguments"]["slug"]) for each in news} == {
        (
            "You've earned First Steps",
            "+150 XP",
            "first-steps",
        ),
        ("You've earned Second Floor", "", of_level.slug),
    }
    react_to_everything()
    assert XpEntry.objects.filter(source="achievement").count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("activity", [Activity.SESSION_LOGGED, Activity.SESSION_CHANGED, Activity.CHECKIN_SAVED])
def test_reaction_to_activity_awards_achievements(member, activity):
    AchievementFactory(criteria_json={"type": "streak", "value": 1})
    make_checkin(member, timezone.now().date())
    UserActivityLog.objects.create(user=member, activity_type=activity, created_at=timezone.now())
    react_to_everything()
    assert UserAchievement.objects.filter(user=member).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "is_notified"), [("streak", False), ("practice_count", True)])
def test_streak_achievement_does_not_notify_when_streaks_are_hidden(member, kind, is_notified):
    Profile.objects.filter(pk=member.pk).update(hide_streaks=True)
    AchievementFactory(criteria_json={"type": kind, "value": 1})
    make_checkin(member, timezone.now().date())
    practise(member)
    award_achievements(member_id=member.pk)
    react_to_everything()
    assert UserAchievement.objects.filter(user=member).exists()
    assert Notification.objects.filter(user=member, type="achievement_earned").exists() == is_notified


@pytest.mark.django_db
def test_criteria_follow_renamed_hack_or_category():
    hack = HackFactory(slug="before", category=HackCategoryFactory(name="old"))
    of_hack = AchievementFactory(criteria_json={"type": "practice_count", "value": 2, "hack": "before"})
    of_category = AchievementFactory(criteria_json={"type": "level", "value": 2, "category": "old"})
    other = AchievementFactory(criteria_json={"type": "level", "value": 2, "category": "before"})
    now = timezone.now()
    with database_identity(Role.STAFF):
        challenge = Challenge.objects.create(
            slug="spring",
            start_date=now,
            end_date=now + timedelta(days=1),
            criteria_json={"type": "practice_count", "value": 2, "hack": "before"},
        )
        Hack.objects.filter(pk=hack.pk).update(slug="after")
        HackCategory.objects.filter(pk=hack.category_id).update(name="new")
    for row in (of_hack, of_category, other, challenge):
        row.refresh_from_db()
    assert of_hack.criteria_json == {"type": "practice_count", "value": 2, "hack": "after"}
    assert challenge.criteria_json["hack"] == "after"
    assert of_category.criteria_json["category"] == "new"
    assert other.criteria_json["category"] == "before"


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.ANON, Role.MEMBER])
def test_other_roles_read_only_achievements_of_public_profile(role, member):
    person = make_member()
    UserXp.objects.create(user=person, level=4)
    plain = make_earned(person)
    streak = make_earned(person, criteria_json={"type": "streak", "value": 2})
    secret = make_earned(person, is_hidden=True)
    private = make_earned(person)
    UserAchievement.objects.filter(pk=private.pk).update(is_private=True)

    def readable():
        with database_identity(role, member.pk if role == Role.MEMBER else None):
            rows = set(UserAchievement.objects.filter(user_id=person.pk).values_list("pk", flat=True))
            levels = list(UserXp.objects.filter(user_id=person.pk).values_list("level", flat=True))
        return rows, levels

    def set_privacy(*, profile, totals):
        switches = {"profile_public": profile, "leaderboard_visible": totals}
        Member.objects.filter(pk=person.pk).update(privacy_settings=switches)

    assert readable() == (set(), [])
    set_privacy(profile=False, totals=True)
    # Leaderboards show the level to members.
    assert readable() == (set(), [4] if role == Role.MEMBER else [])
    set_privacy(profile=True, totals=False)
    assert readable() == ({plain.pk, streak.pk}, [])
    set_privacy(profile=True, totals=True)
    assert readable() == ({plain.pk, streak.pk}, [4])
    Profile.objects.filter(pk=person.pk).update(hide_streaks=True)
    assert readable() == ({plain.pk}, [4])
    person.user.is_active = False
    person.user.save()
    assert readable() == (set(), [])
    with database_identity(Role.MEMBER, person.pk):
        assert set(UserAchievement.objects.values_list("pk", flat=True)) == {plain.pk, streak.pk, secret.pk, private.pk}


@pytest.mark.django_db
def test_visitors_cannot_read_progress_and_xp(member):
    Member.objects.filter(pk=member.pk).update(privacy_settings={"profile_public": True, "leaderboard_visible": True})
    for column, table in (("progress_data", "user_achievements"), ("xp_amount", "user_xp")):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            database_identity(Role.ANON),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT {column} FROM {table}")
