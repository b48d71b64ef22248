"""Each kind of achievement counts the same as a simple second implementation in Python."""

from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import pytest

from accounts.tests.factories import make_member
from gamification.actions import achievements_progress, award_achievements
from gamification.kinds import KINDS
from gamification.models import UserAchievement, XpEntry
from gamification.rules import level_of
from gamification.tests.factories import AchievementFactory, make_award
from hacks.tests.factories import HackCategoryFactory, HackFactory
from practice.models import DailyCheckin, PracticeSession
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def sessions(member, *, hack=None, category=None) -> list[PracticeSession]:
    return [
        session
        for session in PracticeSession.objects.filter(user=member).select_related("hack__category")
        if session.ended_at is not None
        and (hack is None or session.hack.slug == hack)
        and (category is None or session.hack.category.name == category)
    ]


def longest_run(member) -> int:
    days = sorted(DailyCheckin.objects.filter(user=member).values_list("checkin_date", flat=True))
    runs = groupby(enumerate(days), key=lambda pair: pair[1] - timedelta(days=pair[0]))
    return max((len(list(run)) for _, run in runs), default=0)


def whole_minutes(member, **narrowed) -> int:
    by_hack = {}
    for session in sessions(member, **narrowed):
        by_hack[session.hack_id] = by_hack.get(session.hack_id, 0) + session.duration_seconds
    return sum(seconds // 60 for seconds in by_hack.values())


def count_entries(source):
    def count(member, hack=None) -> int:
        rows = XpEntry.objects.filter(user=member, source=source).select_related("hack")
        return len([row for row in rows if hack is None or (row.hack and row.hack.slug == hack)])

    return count


def level(member, category=None) -> int:
    rows = XpEntry.objects.filter(user=member).select_related("category")
    counted = [row.amount for row in rows if category is None or (row.category and row.category.name == category)]
    return level_of(sum(counted)) if counted else 0


COUNTS = {
    "streak": longest_run,
    "practice_count": lambda member, **narrowed: len(sessions(member, **narrowed)),
    "practice_minutes": whole_minutes,
    "hacks_tried": lambda member, **narrowed: len({session.hack_id for session in sessions(member, **narrowed)}),
    "days_active": lambda member: len({session.practice_date for session in sessions(member)}),
    "verification": count_entries("verification"),
    "reviews_given": count_entries("review"),
    "validations": count_entries("validation"),
    "teaching": count_entries("teaching"),
    "group": count_entries("group"),
    "referral": count_entries("referral"),
    "challenge": count_entries("challenge"),
    "graduation": count_entries("graduation"),
    "level": level,
}
CASES = [
    (kind, narrowed)
    for kind in KINDS
    for narrowed in [{}, *({key: "first"} for key in sorted(KINDS[kind].narrowed_by))]
]


@pytest.fixture
def members():
    """Three members with growing histories, one with only a running session, and one without history."""
    categories = [HackCategoryFactory(name=name) for name in ("first", "second")]
    hacks = [
        HackFactory(slug="first", category=categories[0]),
        HackFactory(category=categories[0]),
        HackFactory(category=categories[1]),
    ]
    active = [make_member() for _ in range(3)]
    for size, member in enumerate(active, start=1):
        for number in range(4 * size):
            moment = NOON + timedelta(days=number % (size + 2), minutes=20 * number)
            make_session(member, hacks[number % size], started_at=moment, duration_seconds=45 + 97 * number)
        for day in (0, 1, *range(4, 5 + size)):
            make_checkin(member, NOON.date() + timedelta(days=day))
        for index, source in enumerate(XpEntry.Source.values):
            for number in range(size + index % 2):
                hack = [hacks[0], None, hacks[2], hacks[1]][(number + index + 2) % 4]
                category = hack.category if hack else None
                make_award(member, 60 * number, source=source, hack=hack, category=category)
    beginner = make_member()
    make_session(beginner, hacks[0], started_at=NOON, ended_at=None)
    return [*active, beginner, make_member()]


def achievement(kind, narrowed, value=None):
    value = value or KINDS[kind].min_value
    return AchievementFactory(criteria_json={"type": kind, "value": value, **narrowed})


def test_every_kind_has_second_implementation():
    assert set(COUNTS) == set(KINDS)


def test_progress_and_awards_match_second_implementation(members):
    """One test covers all kinds, because making the members takes longest."""
    for kind, narrowed in CASES:
        expected = {member.pk: COUNTS[kind](member, **narrowed) for member in members}
        assert len(set(expected.values())) > 1, f"{kind} {narrowed}: the members' counts must differ"
        wanted = achievement(kind, narrowed)
        shown = {member.pk: achievements_progress(member=member)[wanted.pk].value for member in members}
        assert shown == expected, (kind, narrowed)
        # The second highest count: some members earn the achievement, some don't.
        needed = max(min(sorted(expected.values())[-2], KINDS[kind].max_value), KINDS[kind].min_value)
        due = achievement(kind, narrowed, needed)
        award_achievements(achievement_id=due.pk)
        earned = UserAchievement.objects.filter(achievement=due)
        assert {row.user_id: row.progress_data["value"] for row in earned} == {
            member: count for member, count in expected.items() if count >= needed
        }, (kind, narrowed)


def test_deleted_practice_does_not_count(member):
    session = make_session(member, HackFactory(), started_at=NOON)
    session.delete()
    kinds = ["practice_count", "practice_minutes", "hacks_tried", "days_active"]
    wanted = [achievement(kind, {}) for kind in kinds]
    progress = achievements_progress(member=member)
    assert [progress[each.pk].value for each in wanted] == [0, 0, 0, 0]


def test_broken_streak_still_counts(member):
    for day in (1, 2, 3, 9):
        make_checkin(member, date(2026, 3, day))
    wanted = achievement("streak", {}, 3)
    assert achievements_progress(member=member)[wanted.pk].value == 3


def test_progress_includes_hack_name_and_category_title(member):
    hack = HackFactory(name="Soft Bubble", category=HackCategoryFactory(name="healing", title="Healing"))
    of_hack = achievement("practice_count", {"hack": hack.slug})
    of_category = achievement("level", {"category": "healing"})
    progress = achievements_progress(member=member)
    assert progress[of_hack.pk] == (0, "Soft Bubble", "")
    assert progress[of_category.pk] == (0, "", "Healing")


def test_all_progress_takes_one_query(member, django_assert_num_queries):
    for kind, narrowed in CASES:
        achievement(kind, narrowed)
    with django_assert_num_queries(1):
        assert len(achievements_progress(member=member)) == len(CASES)


@pytest.mark.parametrize("for_all", [True, False], ids=["all", "one"])
@pytest.mark.parametrize(
    ("public_entries", "private_entries", "is_private"), [(2, 0, False), (2, 1, False), (1, 1, True), (0, 2, True)]
)
def test_achievement_is_private_when_it_needs_private_entries(
    member, public_entries, private_entries, is_private, for_all
):
    hack = HackFactory()
    for number in range(public_entries + private_entries):
        make_award(member, source="verification", hack=hack, is_private=number >= public_entries)
        # Entries of other members and of other sources must not make it public.
        make_award(make_member(), source="verification", hack=hack)
        make_award(member, source="review", hack=hack)
    of_all, of_hack = achievement("verification", {}, 2), achievement("verification", {"hack": hack.slug}, 2)
    award_achievements(member_id=None if for_all else member.pk)
    earned = UserAchievement.objects.filter(user=member)
    assert dict(earned.values_list("achievement", "is_private")) == {of_all.pk: is_private, of_hack.pk: is_private}
