"""/@username/: the member's level and achievements, and who can see them."""

import pytest

from accounts.models import Member, Profile
from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from gamification.models import UserAchievement
from gamification.tests.factories import AchievementFactory, make_award

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    member = make_member(username="slow_river", display_name="Slow River")
    make_award(member, 450)
    for name, fields in {
        "First Steps": {},
        "Week Warrior": {"criteria_json": {"type": "streak", "value": 7}},
        "Night Owl": {"is_hidden": True},
    }.items():
        UserAchievement.objects.create(user=member, achievement=AchievementFactory(name=name, **fields))
    return member


def show(member, *, profile=True, totals=True):
    switches = {"profile_public": profile, "leaderboard_visible": totals}
    Member.objects.filter(pk=member.pk).update(privacy_settings=switches)


@pytest.fixture(params=["a visitor", "another member", "its owner"])
def visitor_client(request, client, sign_in, person):
    members = {"another member": make_member, "its owner": lambda: person}
    return sign_in(members[request.param]()) if request.param in members else client


def page(client):
    response = client.get("/@slow_river/")
    read_page(response)
    return response


def test_level_and_achievements_are_shown_without_secret_ones(visitor_client, person):
    show(person)
    response = page(visitor_client)
    content = response.content.decode()
    assert ("Level", "3") in response.context["facts"]
    assert "First Steps" in content
    assert "Week Warrior" in content
    assert "Night Owl" not in content, "a secret achievement must stay secret"


def test_latest_six_achievements_are_shown_and_others_unfold(visitor_client, person):
    show(person)
    for number in range(5):
        UserAchievement.objects.create(user=person, achievement=AchievementFactory(name=f"Later {number}"))
    latest, others = page(visitor_client).content.decode().split('<details class="fold">', 1)
    assert "Show 1 more" in others
    assert [latest.count("Later"), latest.count("Week Warrior"), others.count("First Steps")] == [5, 1, 1]
    assert "Night Owl" not in latest + others
    UserAchievement.objects.filter(achievement__name="Later 4").delete()
    assert "The other" not in page(visitor_client).content.decode()


def test_private_achievement_is_not_shown(visitor_client, person):
    show(person)
    UserAchievement.objects.filter(achievement__name="Week Warrior").update(is_private=True)
    content = page(visitor_client).content.decode()
    assert "First Steps" in content
    assert "Week Warrior" not in content


def test_streak_achievement_is_not_shown_when_streaks_are_hidden(visitor_client, person):
    show(person)
    Profile.objects.filter(pk=person.pk).update(hide_streaks=True)
    content = page(visitor_client).content.decode()
    assert "First Steps" in content
    assert "Week Warrior" not in content


def test_level_is_not_shown_when_totals_are_private(visitor_client, person):
    show(person, totals=False)
    response = page(visitor_client)
    assert "Level" not in dict(response.context["facts"])
    assert "First Steps" in response.content.decode()


def test_other_members_achievements_are_not_shown(visitor_client, person):
    show(person)
    other = make_member()
    show(other)
    UserAchievement.objects.create(user=other, achievement=AchievementFactory(name="Not Theirs"))
    assert "Not Theirs" not in page(visitor_client).content.decode()


def test_query_count_does_not_grow_with_achievements(visitor_client, person, queries_of):
    show(person)
    counts = []
    for _ in range(2):
        counts.append(len(queries_of(lambda: visitor_client.get("/@slow_river/"))))
        for _ in range(4):
            UserAchievement.objects.create(user=person, achievement=AchievementFactory())
    assert counts[0] == counts[1] <= 6
