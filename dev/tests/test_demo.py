"""`make demo`: its community has a plausible past, and a second run adds only what is new."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from accounts.models import Member, User
from analytics.models import Notification, UserActivityLog
from analytics.notifications.types import NotificationType
from community.actions import recount_reviews
from community.models import HackVerification, HackVerificationReview
from community.rules import REVIEWS_BETWEEN_KNOWN_CASES
from database.identity import Role, database_identity
from database.local_days import local_date
from dev.demo.actions import make_community
from dev.demo.people import community
from dev.management.commands.demologins import LEARNER
from gamification.actions import award_achievements, recompute_xp, score_challenges, settle_xp
from gamification.models import Challenge, ChallengeParticipant, LeaderboardEntry, UserAchievement, XpEntry
from hacks.actions import unlock_hacks
from hacks.models import UserHackProgress
from practice.models import DailyCheckin, PracticeSession, RestDay, Trip
from practice.tasks import recompute_progress, recompute_streaks

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 15, 17, tzinfo=UTC)
MODELS = (
    PracticeSession,
    DailyCheckin,
    RestDay,
    Trip,
    UserActivityLog,
    Notification,
    UserHackProgress,
    XpEntry,
    UserAchievement,
    ChallengeParticipant,
    HackVerification,
    HackVerificationReview,
)


@pytest.fixture
def library():
    with database_identity(Role.OWNER):
        call_command("loaddata", "seeds", verbosity=0)


@pytest.fixture
def people(library):
    """The learner, whose login exists as after `make demo`, and five others."""
    with database_identity(Role.OWNER):
        for person in community()[:1]:
            User.objects.create_user(person.email, LEARNER[1], date_joined=NOW - timedelta(hours=1))
    return community()[:6]


def make_demo(people, now=NOW):
    with database_identity(Role.OWNER):
        return make_community(people=people, now=now)


def stored_rows():
    return {(model.__name__, row) for model in MODELS for row in model.objects.values_list("pk", flat=True)}


def test_learner_has_a_year_up_to_yesterday(people):
    make_demo(people)

    learner = Member.objects.select_related("stats", "profile").get(user__email=LEARNER[0])
    yesterday = local_date(NOW, learner.profile.timezone, learner.profile.day_start) - timedelta(days=1)
    days = list(learner.checkins.order_by("checkin_date").values_list("checkin_date", "streak_count", "timezone"))
    assert days[0][0] == yesterday - timedelta(days=364)
    assert days[-1][0] == yesterday
    assert not learner.sessions.running().exists()
    assert learner.progress.filter(is_favorite=True).count() == 3
    assert learner.notifications.unread().count() == 4
    assert {zone for *_, zone in days} == {"Europe/Berlin", "Asia/Tokyo"}
    assert [trip.zone for trip in learner.trips.filter(starts_on__gt=yesterday)] == ["Europe/Lisbon"]
    # A break ended the first streak. The current one is long, thanks to planned and earned rest days.
    assert sum(streak == 1 for _, streak, _ in days) == 2
    assert days[-1][1] > 100
    rested = set(learner.rest_days.values_list("rest_date", flat=True))
    between = {yesterday - timedelta(days=back) for back in range(100)} - {day for day, *_ in days}
    assert between & rested
    assert between - rested


def test_past_follows_rules_of_product(people):
    make_demo(people)

    assert PracticeSession.objects.count() > 400
    assert not PracticeSession.objects.filter(ended_at__gt=NOW).exists()
    assert not DailyCheckin.objects.filter(created_at__gt=NOW).exists()
    for row in PracticeSession.objects.all():
        assert row.practice_date == local_date(row.started_at, row.timezone, row.day_start)
    weeks = Counter((row.user_id, *row.rest_date.isocalendar()[:2]) for row in RestDay.objects.all())
    assert max(weeks.values()) <= 2
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.started_at, s.timezone FROM practice_sessions s JOIN user_profiles p USING (user_id)
            WHERE s.timezone <> app.zone_of(s.user_id, s.started_at, p.timezone, p.day_start)
            """
        )
        assert cursor.fetchall() == []
    # No job has anything left to do, and no computed number differs from its rows.
    assert not UserActivityLog.objects.pending().exists()
    assert unlock_hacks() == []
    assert recompute_streaks() == 0
    assert recompute_progress() == 0
    assert settle_xp() == 0
    assert recompute_xp() == (0, 0)
    assert score_challenges(now=NOW) == 0
    assert award_achievements() == []
    assert recount_reviews() == 0
    told = set(Notification.objects.filter(type=NotificationType.HACK_UNLOCKED).values_list("user", "subject"))
    earned = UserHackProgress.objects.filter(unlocked_at__isnull=False).values_list("user", "hack")
    assert told == {(member, str(hack)) for member, hack in earned}
    with connection.cursor() as cursor, database_identity(Role.OWNER):
        cursor.execute(
            "SELECT count(*) FROM user_activity_logs WHERE tableoid = 'user_activity_logs_default'::regclass"
        )
        assert cursor.fetchone() == (0,)


def test_second_run_changes_nothing_and_later_run_adds_new_days(people):
    made = make_demo(people)
    before = stored_rows()
    checkin = DailyCheckin.objects.first()
    DailyCheckin.objects.filter(pk=checkin.pk).update(notes="My own words.")
    UserHackProgress.objects.update(is_favorite=False)

    assert make_demo(people) == made
    assert stored_rows() == before
    make_demo(people, NOW + timedelta(days=2))

    added = stored_rows() - before
    assert stored_rows() >= before
    assert {name for name, _ in added} >= {"PracticeSession", "DailyCheckin", "UserActivityLog"}
    new = [pk for name, pk in added if name == "DailyCheckin"]
    assert min(DailyCheckin.objects.filter(pk__in=new).values_list("checkin_date", flat=True)) >= NOW.date()
    assert DailyCheckin.objects.get(pk=checkin.pk).notes == "My own words."
    assert not UserHackProgress.objects.filter(is_favorite=True).exists()


def test_progress_has_date_of_activity_that_earned_it(people):
    make_demo(people)

    learner = Member.objects.get(user__email=LEARNER[0])
    first = learner.sessions.earliest("ended_at")
    assert learner.achievements.get(achievement__slug="first-steps").earned_at == first.ended_at
    assert learner.achievements.filter(earned_at__lt=NOW - timedelta(days=100)).count() > 5
    assert not UserAchievement.objects.filter(earned_at__gt=NOW).exists()
    assert not Notification.objects.filter(created_at__gt=NOW).exists()
    assert not XpEntry.objects.filter(created_at__gt=NOW).exists()
    assert learner.xp.get(category=None).level > 10
    assert LeaderboardEntry.objects.filter(user=learner, board__period="month").exists()


def test_challenges_have_all_states(people):
    make_demo(people)

    states = {challenge.slug: challenge.state_at(NOW) for challenge in Challenge.objects.all()}
    assert set(states.values()) == {"over", "running", "coming", "cancelled"}
    learner = Member.objects.get(user__email=LEARNER[0])
    past = learner.challenges.get(challenge__settled_at__isnull=False)
    assert past.rank
    assert XpEntry.objects.filter(user=learner, source="challenge").exists() == bool(past.completed_at)
    assert learner.notifications.filter(type__in=["challenge_ended", "challenge_cancelled"]).count() == 2


def test_taken_username_stays_with_its_owner(people):
    with database_identity(Role.WORKER):
        owner = User.objects.create_user("first@example.com")
        Member.objects.filter(pk=owner.pk).update(username=people[1].username.upper())

    make_demo(people)

    assert Member.objects.get(user__email=people[1].email).username.startswith("member_")


def test_command_fills_pages(library, settings, client):
    settings.DEBUG = True
    with database_identity(Role.OWNER):
        call_command("demo", verbosity=0)

    assert Member.objects.count() == 42
    _assert_verifications()
    response = client.post(reverse("account_login"), {"login": LEARNER[0], "password": LEARNER[1]})
    assert response.status_code == 302
    for name in (
        "practice:today",
        "practice:journal",
        "practice:streak",
        "practice:trips",
        "hacks:hack-list",
        "analytics:notification-list",
        "gamification:progress",
        "gamification:achievement-list",
        "gamification:challenge-list",
        "gamification:leaderboard",
        "community:verification-list",
    ):
        assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize(
    ("debug", "message"), [(False, "only with DEBUG=true"), (True, "Run `manage.py loaddata seeds` first")]
)
def test_command_is_refused(settings, debug, message):
    settings.DEBUG = debug
    with pytest.raises(CommandError, match=message):
        call_command("demo")
    assert not User.objects.exists()


def _assert_verifications():
    shields = HackVerification.objects.filter(hack__slug="double-torus-shield", user__isnull=False)
    assert set(shields.values_list("status", flat=True)) == {"submitted", "escalated", "returned", "verified"}
    assert shields.filter(status="submitted", is_anonymous=True).exists()
    assert HackVerification.objects.filter(user=None).count() == 4
    own = dict(HackVerification.objects.filter(user__user__email=LEARNER[0]).values_list("hack__slug", "status"))
    assert own == {"double-torus-shield": "verified", "energy-programming": "submitted"}
    _assert_reviewers_were_allowed()
    assert not UserActivityLog.objects.pending().exists()
    verified = HackVerification.objects.filter(status="verified")
    assert XpEntry.objects.filter(source="verification").count() == verified.count()
    assert XpEntry.objects.filter(source="review").count() == HackVerificationReview.objects.count()


def _assert_reviewers_were_allowed():
    """Each reviewer was verified or had practised enough before the review, and did not review themselves."""
    reviews = HackVerificationReview.objects.select_related("verification__hack")
    for review in reviews:
        hack, reviewer = review.verification.hack, review.reviewer_id
        mine = PracticeSession.objects.filter(user=reviewer, hack=hack, ended_at__lt=review.reviewed_at)
        verified = HackVerification.objects.filter(user=reviewer, hack=hack, verified_at__lt=review.reviewed_at)
        assert verified.exists() or mine.count() >= hack.reviewer_practice_count
        assert review.verification.user_id != reviewer
        if review.verification.user_id is None:
            before = reviews.filter(reviewer=reviewer, reviewed_at__lt=review.reviewed_at, author__isnull=False)
            assert before.count() >= REVIEWS_BETWEEN_KNOWN_CASES
    assert reviews.filter(author=None).exists()
    assert reviews.filter(verification__hack__slug="energy-programming").exists()
