"""Scores and ranks of challenges."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from accounts.models import Member
from accounts.tests.factories import make_member
from analytics.actions import record
from analytics.models import Activity
from database.identity import Role, database_identity
from gamification.actions import rank_participants, score_challenges
from gamification.models import Challenge, ChallengeParticipant
from gamification.tasks import rank_participants as rank_task
from gamification.tasks import score_challenges as score_task
from gamification.tests.factories import ChallengeFactory, take_part
from hacks.tests.factories import HackCategoryFactory, HackFactory
from nrghax.tasks import react
from practice.models import DailyCheckin, PracticeSession
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
END = START + timedelta(days=7)
LATER = END + HOUR


def challenge(kind="practice_count", value=3, **fields):
    criteria = {"type": kind, "value": value} | fields.pop("only", {})
    return ChallengeFactory(**{"start_date": START, "end_date": END, "criteria_json": criteria} | fields)


def logged_at_end(member, at, hack=None, **fields):
    """Create a session that was logged when it ended."""
    session = make_session(member, hack or HackFactory(), started_at=at, **fields)
    PracticeSession.objects.filter(pk=session.pk).update(created_at=session.ended_at or at)
    return session


def scored(participant, now=LATER):
    score_challenges(now=now)
    participant.refresh_from_db()
    return participant.score


def show(*members):
    Member.objects.filter(pk__in=[member.pk for member in members]).update(
        privacy_settings={"leaderboard_visible": True, "profile_public": False}
    )


@pytest.mark.parametrize(
    ("moment", "counts"),
    [(START - SECOND, 0), (START, 1), (END - SECOND, 1), (END, 0)],
    ids=["just before", "at the start", "just before the end", "at the end"],
)
@pytest.mark.parametrize("kind", ["practice_count", "checkins"])
def test_challenge_includes_start_and_excludes_end(member, kind, moment, counts):
    participant = take_part(challenge(kind), member)
    if kind == "checkins":
        checkin = make_checkin(member, moment.date())
        DailyCheckin.objects.filter(pk=checkin.pk).update(created_at=moment)
    else:
        logged_at_end(member, moment)
    assert scored(participant) == counts


@pytest.mark.parametrize(
    ("moment", "shown"),
    [(START - SECOND, "coming"), (START, "running"), (END - SECOND, "running"), (END, "over")],
)
def test_querysets_include_start_and_exclude_end(moment, shown):
    challenge()
    lists = {name for name in ("coming", "running", "over") if getattr(Challenge.objects, name)(moment).exists()}
    assert lists == {shown}


def test_checkin_for_day_before_start_does_not_count(member):
    participant = take_part(challenge("checkins", start_date=START.replace(hour=1)), member)
    for day_start in (time(0), time(2)):
        checkin = make_checkin(member, START.date() - timedelta(days=1 + (day_start > time(0))), day_start=day_start)
        DailyCheckin.objects.filter(pk=checkin.pk).update(created_at=START)
    assert scored(participant) == 0
    # With a day start of 02:00, the day before still runs at the start (01:00).
    DailyCheckin.objects.filter(day_start=time(0)).delete()
    DailyCheckin.objects.update(checkin_date=START.date() - timedelta(days=1))
    assert scored(participant) == 1


@pytest.mark.parametrize(
    ("kind", "score"),
    [("practice_count", 4), ("practice_minutes", 32), ("days_active", 2), ("hacks_tried", 2)],
)
def test_each_kind_counts_its_unit(member, kind, score):
    first, second = HackFactory.create_batch(2)
    logged_at_end(member, START, first, minutes=10, duration_seconds=630)
    logged_at_end(member, START + HOUR, first, minutes=10)
    logged_at_end(member, START + 2 * HOUR, second, minutes=10, duration_seconds=630)
    week_later = logged_at_end(member, START + timedelta(days=1), first, minutes=1)
    PracticeSession.objects.filter(pk=week_later.pk).update(created_at=week_later.started_at + timedelta(days=7))
    # These don't count: too short, running, logged too late, another member's.
    logged_at_end(member, START + 3 * HOUR, second, duration_seconds=59)
    logged_at_end(member, END - HOUR, ended_at=None)
    late = logged_at_end(member, START + timedelta(days=3))
    PracticeSession.objects.filter(pk=late.pk).update(created_at=late.started_at + timedelta(days=8))
    logged_at_end(make_member(), START)
    assert scored(take_part(challenge(kind, 99), member)) == score


@pytest.mark.parametrize(("only", "score"), [("hack", 1), ("category", 2), (None, 3)])
@pytest.mark.parametrize("kind", ["practice_count", "days_active"])
def test_criteria_limit_score_to_hack_or_category(member, kind, only, score):
    category = HackCategoryFactory(name="calm")
    for number, hack in enumerate([HackFactory(slug="sea", category=category), HackFactory(category=category), None]):
        logged_at_end(member, START + timedelta(days=number), hack)
    names = {"hack": {"hack": "sea"}, "category": {"category": "calm"}, None: {}}[only]
    assert scored(take_part(challenge(kind, only=names), member)) == score


def test_score_time_is_end_of_practice_that_reached_it(member):
    days = take_part(challenge("days_active", 2), member)
    minutes = take_part(challenge("practice_minutes", 15), member)
    for at in (START, START + HOUR, START + timedelta(days=1), START + timedelta(days=1, hours=1)):
        logged_at_end(member, at, minutes=10)
    assert (scored(days), scored(minutes)) == (2, 40)
    second_day = START + timedelta(days=1, minutes=10)
    assert (days.scored_at, days.completed_at) == (second_day, days.joined_at)
    ChallengeParticipant.objects.update(joined_at=START)
    assert (scored(days), scored(minutes)) == (2, 40)
    assert (days.scored_at, days.completed_at) == (second_day, second_day)
    assert (minutes.scored_at, minutes.completed_at) == (second_day + HOUR, START + HOUR + timedelta(minutes=10))


def test_deleted_practice_lowers_score_and_revokes_completion(member):
    participant = take_part(challenge(value=1), member)
    session = logged_at_end(member, START)
    assert scored(participant) == 1
    assert participant.completed_at
    session.delete()
    assert scored(participant) == 0
    assert (participant.completed_at, participant.scored_at) == (None, None)


@pytest.mark.parametrize(
    ("fields", "now"),
    [
        ({}, START - SECOND),
        ({"is_active": False, "cancelled_at": START}, LATER),
        ({"settled_at": LATER}, LATER),
    ],
    ids=["not started", "cancelled", "settled"],
)
def test_challenge_that_is_not_running_is_not_scored_or_ranked(member, fields, now):
    participant = take_part(challenge(**fields), member)
    logged_at_end(member, START)
    assert scored(participant, now) == 0
    assert rank_participants(now=now) == 0


def test_reactions_to_practice_and_joining_update_score(member):
    hack = HackFactory()
    start = timezone.now() - HOUR
    make_session(member, hack, started_at=start)
    participant = take_part(ChallengeFactory(), member)
    react(str(record(member.pk, Activity.CHALLENGE_JOINED).pk))
    participant.refresh_from_db()
    assert participant.score == 1
    session = make_session(member, hack, started_at=start + timedelta(minutes=20))
    react(str(record(member.pk, Activity.SESSION_LOGGED).pk))
    participant.refresh_from_db()
    assert participant.score == 2
    session.delete()
    react(str(record(member.pk, Activity.SESSION_DELETED).pk))
    participant.refresh_from_db()
    assert participant.score == 1


@pytest.mark.parametrize("activity", [Activity.CHECKIN_SAVED, Activity.CHECKIN_DELETED, Activity.SESSION_CHANGED])
def test_reactions_to_other_activities_update_score(member, activity):
    participant = take_part(ChallengeFactory(criteria_json={"type": "checkins", "value": 1}), member)
    make_checkin(member, timezone.now().date())
    react(str(record(member.pk, activity).pk))
    participant.refresh_from_db()
    assert participant.score == 1


def test_nightly_task_repairs_scores_and_logs_warning(member, caplog):
    participant = take_part(ChallengeFactory(), member)
    make_session(member, HackFactory(), started_at=timezone.now() - HOUR)
    assert (score_task(), score_task()) == (1, 0)
    assert caplog.messages == ["Challenges had drifted: corrected 1 scores."]
    participant.refresh_from_db()
    assert participant.score == 1


def standings(challenge):
    rows = challenge.participants.order_by("place", "joined_at").values_list(
        "user__display_name", "rank", "place", "is_listed"
    )
    return list(rows)


def test_equal_scores_share_rank_and_earlier_score_comes_first():
    contest = challenge(value=9)
    names = ["Fast", "Slow", "Same", "Late none", "None"]
    members = {name: make_member(display_name=name) for name in names}
    show(*members.values())
    for name, member in members.items():
        take_part(contest, member)
        if name in ("Fast", "Slow", "Same"):
            logged_at_end(member, START)
            logged_at_end(member, START + (HOUR if name == "Fast" else 2 * HOUR))
    ChallengeParticipant.objects.filter(user=members["None"]).update(joined_at=START)
    ChallengeParticipant.objects.filter(user=members["Same"]).update(joined_at=START)
    score_challenges(now=LATER)
    assert rank_participants(now=LATER) == 5
    assert standings(contest) == [
        ("Fast", 1, 1, True),
        ("Same", 2, 2, True),
        ("Slow", 2, 3, True),
        ("None", 4, 4, True),
        ("Late none", 4, 5, True),
    ]
    assert rank_participants(now=LATER) == 0


def test_hidden_member_has_rank_but_does_not_move_others():
    contest = challenge(value=9)
    shown, hidden, banned = (make_member(display_name=name) for name in ("Shown", "Hidden", "Banned"))
    show(shown, banned)
    Member.objects.filter(pk=banned.pk).update(is_active=False)
    for count, member in enumerate((shown, banned, hidden)):
        take_part(contest, member)
        for number in range(count + 1):
            logged_at_end(member, START + number * HOUR)
    score_challenges(now=LATER)
    assert rank_task() == 3
    assert set(standings(contest)) == {("Shown", 2, 1, True), ("Banned", 1, 1, False), ("Hidden", 1, 1, False)}
    for member, names in ((shown, {"Shown"}), (hidden, {"Shown", "Hidden"})):
        with database_identity(Role.MEMBER, member.pk):
            assert set(contest.participants.values_list("user__display_name", flat=True)) == names
        # visible_to() returns the same rows as row security.
        assert set(contest.participants.visible_to(member).values_list("user__display_name", flat=True)) == names
