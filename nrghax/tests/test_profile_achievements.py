"""/@username/: the level and the achievements of a member, and from whom they are kept."""

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
def asker(request, client, sign_in, person):
    members = {"another member": make_member, "its owner": lambda: person}
    return sign_in(members[request.param]()) if request.param in members else client


def page(client):
    response = client.get("/@slow_river/")
    read_page(response)
    return response


def test_level_and_achievements_are_shown_but_no_secret(asker, person):
    show(person)
    response = page(asker)
    content = response.content.decode()
    assert ("Level", "3") in response.context["facts"]
    assert "First Steps" in content
    assert "Week Warrior" in content
    assert "Night Owl" not in content, "it would be a secret no more"


def test_the_latest_six_are_shown_and_the_others_unfold(asker, person):
    show(person)
    for number in range(5):
        UserAchievement.objects.create(user=person, achievement=AchievementFactory(name=f"Later {number}"))
    latest, others = page(asker).content.decode().split('<details class="fold">', 1)
    assert "The other 1 of 7" in others
    assert [latest.count("Later"), latest.count("Week Warrior"), others.count("First Steps")] == [5, 1, 1]
    assert "Night Owl" not in latest + others
    UserAchievement.objects.filter(achievement__name="Later 4").delete()
    assert "The other" not in page(asker).content.decode()


def test_what_is_private_is_not_shown(asker, person):
    show(person)
    UserAchievement.objects.filter(achievement__name="Week Warrior").update(is_private=True)
    content = page(asker).content.decode()
    assert "First Steps" in content
    assert "Week Warrior" not in content


def test_whoever_hides_streaks_shows_no_achievement_of_one(asker, person):
    show(person)
    Profile.objects.filter(pk=person.pk).update(hide_streaks=True)
    content = page(asker).content.decode()
    assert "First Steps" in content
    assert "Week Warrior" not in content


def test_private_totals_have_no_level(asker, person):
    show(person, totals=False)
    response = page(asker)
    assert "Level" not in dict(response.context["facts"])
    assert "First Steps" in response.content.decode()


def test_another_ones_achievements_are_not_mixed_in(asker, person):
    show(person)
    other = make_member()
    show(other)
    UserAchievement.objects.create(user=other, achievement=AchievementFactory(name="Not Theirs"))
    assert "Not Theirs" not in page(asker).content.decode()


def test_any_number_of_achievements_costs_the_same(asker, person, queries_of):
    show(person)
    counts = []
    for _ in range(2):
        counts.append(len(queries_of(lambda: asker.get("/@slow_river/"))))
        for _ in range(4):
            UserAchievement.objects.create(user=person, achievement=AchievementFactory())
    assert counts[0] == counts[1] <= 6
