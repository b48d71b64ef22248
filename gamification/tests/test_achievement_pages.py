"""The list of achievements and the page of each."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Profile
from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from analytics.models import Notification
from gamification.actions import award_achievements
from gamification.kinds import KINDS
from gamification.models import UserAchievement
from gamification.tests.factories import AchievementFactory, practise
from hacks.tests.factories import HackCategoryFactory, HackFactory

pytestmark = pytest.mark.django_db

LIST = reverse("gamification:achievement-list")


def detail(achievement) -> str:
    return reverse("gamification:achievement-detail", args=[achievement.slug])


def earn(member, achievement, **ago):
    return UserAchievement.objects.create(
        user=member, achievement=achievement, earned_at=timezone.now() - timedelta(**ago)
    )


def make_achievement(value, kind="practice_count", **fields):
    return AchievementFactory(criteria_json={"type": kind, "value": value}, **fields)


def names(response, category="More") -> list[str]:
    return [card.row["name"] for card in dict(response.context["groups"])[category]]


def test_list_shows_new_earned_ones_first_then_nearest(member_client, member):
    practise(member, times=3)
    untouched = make_achievement(5, kind="reviews_given")
    far, near, done, next_one = make_achievement(12), make_achievement(4), make_achievement(2), make_achievement(3)
    award_achievements(member_id=member.pk)
    UserAchievement.objects.filter(achievement=done).update(earned_at=timezone.now() - timedelta(days=2))
    never = make_achievement(1, kind="referral", sort_order=-1)
    make_achievement(1, kind="teaching", category="teaching")
    response = member_client.get(LIST)
    page = read_page(response)
    assert names(response) == [each.name for each in (next_one, done, near, far, untouched, never)]
    assert response.context["earned_count"] == 2
    content = response.content.decode()
    assert "3 of 4 practices" in content
    assert "Can't be earned yet" in content
    assert "2 of 5" in content, "achievements that can't be earned yet are left out of the total"
    assert page.tags["progress"] == 3


def test_groups_are_sorted_by_their_first_achievement(member_client):
    make_achievement(1, category="mastery", sort_order=20)
    make_achievement(1, category="first_light", sort_order=10)
    make_achievement(1, category="mastery", sort_order=5)
    groups = member_client.get(LIST).context["groups"]
    assert [(title, len(cards)) for title, cards in groups] == [("Mastery", 2), ("First light", 1)]


def test_hidden_achievement_is_invisible_until_earned(member_client, member):
    secret = make_achievement(1, name="Night Owl", slug="night-owl", description="In the dark.", is_hidden=True)
    make_achievement(1)
    content = member_client.get(LIST).content.decode()
    for trace in ("Night Owl", "night-owl", "In the dark", str(secret.pk)):
        assert trace not in content
    assert "secret left to find" in content
    missing = member_client.get(detail(secret))
    assert missing.status_code == 404
    assert "Night Owl" not in missing.content.decode()
    earn(make_member(), secret)
    assert member_client.get(detail(secret)).status_code == 404, "another member's award must not reveal it"
    earn(member, secret)
    content = member_client.get(LIST).content.decode()
    assert "Night Owl" in content
    assert "left to find" not in content
    assert "In the dark." in member_client.get(detail(secret)).content.decode()


def test_streak_achievements_are_invisible_when_streaks_are_hidden(member_client, member):
    streak = make_achievement(7, kind="streak", name="Week Warrior")
    assert "Week Warrior" in member_client.get(LIST).content.decode()
    assert member_client.get(detail(streak)).status_code == 200
    Profile.objects.filter(pk=member.pk).update(hide_streaks=True)
    content = member_client.get(LIST).content.decode()
    assert "Week Warrior" not in content
    assert "secret" not in content
    assert member_client.get(detail(streak)).status_code == 404


def test_hiding_streaks_deletes_notifications_of_streak_achievements(member_client, member):
    other = make_member()
    for name, kind in (("Week Warrior", "streak"), ("Deep Diver", "practice_count")):
        subject = str(make_achievement(7, kind=kind, name=name).pk)
        for user in (member, other):
            Notification.objects.create(user=user, type="achievement_earned", subject=subject, title=name)
    member_client.post(reverse("practice:streak-hide"), {"hidden": "1"})
    assert list(Notification.objects.filter(user=member).values_list("title", flat=True)) == ["Deep Diver"]
    assert Notification.objects.filter(user=other).count() == 2


def test_page_shows_criteria_and_progress(member_client, member):
    hack = HackFactory(name="Soft Bubble", slug="soft-bubble")
    practise(member, times=2, hack=hack)
    practise(member, times=1)
    achievement = AchievementFactory(
        criteria_json={"type": "practice_count", "value": 10, "hack": "soft-bubble"}, points=25, description="Round."
    )
    response = member_client.get(detail(achievement))
    read_page(response)
    content = response.content.decode()
    for words in ("Practise Soft Bubble 10 times", "2 of 10 practices", "25 XP", "Go to Soft Bubble"):
        assert words in content
    assert reverse("hacks:hack-detail", args=["soft-bubble"]) in content
    for words in ("Earned on", "Round."):
        assert words not in content


def test_page_shows_earned_date_in_member_time_zone(member_client, member):
    Profile.objects.filter(pk=member.pk).update(timezone="Pacific/Auckland")
    achievement = make_achievement(1, description="You began.")
    earn(member, achievement)
    UserAchievement.objects.update(earned_at=datetime(2026, 3, 2, 20, tzinfo=UTC))
    response = member_client.get(detail(achievement))
    read_page(response)
    content = response.content.decode()
    assert "3 March 2026" in content
    assert "You began." in content
    assert "Practise today" not in content, "an earned achievement has no next step"
    assert "Earned on 3 March 2026" in member_client.get(LIST).content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_next_step_links_to_existing_page(member_client, kind):
    achievement = make_achievement(KINDS[kind].min_value, kind=kind)
    page, overview = member_client.get(detail(achievement)), member_client.get(LIST)
    step = page.context["next_step"]
    assert (step is None) == (KINDS[kind].next_step is None)
    for response in (page, overview):
        assert ("Can't be earned yet" in response.content.decode()) == (step is None), "kinds without next step say so"
    if step:
        assert member_client.get(step[0]).status_code == 200


@pytest.mark.parametrize("is_active", [True, False])
def test_next_step_links_to_hack_only_when_active(member_client, is_active):
    HackFactory(slug="sea", is_active=is_active)
    achievement = AchievementFactory(criteria_json={"type": "practice_count", "value": 3, "hack": "sea"})
    assert ("/hacks/sea/" in member_client.get(detail(achievement)).text) == is_active


def test_next_step_in_category_links_to_its_hacks(member_client):
    HackCategoryFactory(name="healing", title="Healing")
    achievement = AchievementFactory(criteria_json={"type": "hacks_tried", "value": 3, "category": "healing"})
    url, words = member_client.get(detail(achievement)).context["next_step"]
    assert (url, words) == (f"{reverse('hacks:hack-list')}?category=healing", "Hacks for Healing")


@pytest.mark.parametrize("path", [LIST, "/achievements/first-steps/"])
def test_anonymous_visitor_is_redirected_to_login(client, path):
    make_achievement(1, slug="first-steps")
    assert client.get(path).url == f"{reverse('account_login')}?next={path}"


@pytest.mark.parametrize("path", [LIST, "/achievements/first-steps/"])
def test_post_is_not_allowed(member_client, path):
    make_achievement(1, slug="first-steps")
    assert member_client.post(path).status_code == 405


def test_unknown_achievement_is_404(member_client):
    assert member_client.get("/achievements/nothing/").status_code == 404


def test_list_without_achievements_shows_empty_state(member_client):
    response = member_client.get(LIST)
    read_page(response)
    assert "No achievements yet" in response.content.decode()


def test_number_of_queries_does_not_depend_on_achievements(member_client, member, queries_of):
    counts = []
    for _ in range(2):
        for kind in KINDS:
            earn(member, make_achievement(KINDS[kind].min_value, kind=kind))
            make_achievement(KINDS[kind].max_value, kind=kind)
        last = make_achievement(9)
        counts.append([len(queries_of(lambda url=url: member_client.get(url))) for url in (LIST, detail(last))])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 8
