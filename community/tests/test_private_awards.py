"""What comes of a verification without a name stays its author's to know, whenever it comes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Member, Profile
from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from community import tasks
from community.tests.factories import make_verification
from database.identity import Role, database_identity
from gamification.discord.actions import want_discord_roles
from gamification.models import DiscordRoleGrant, UserAchievement, XpEntry
from gamification.tasks import award_achievements
from gamification.tests.factories import AchievementFactory
from nrghax.tests.factories import react_to_everything

pytestmark = pytest.mark.django_db

OF_ANY = {"type": "verification", "value": 1}


@pytest.fixture
def make_author(hack):
    """Makes somebody who shows their page, and was verified and rewarded."""

    def make_author(*, is_anonymous):
        yesterday = timezone.now() - timedelta(days=1)
        verification = make_verification(
            hack, status="verified", is_anonymous=is_anonymous, decided_at=yesterday, verified_at=yesterday
        )
        author = verification.user
        Member.objects.filter(pk=author.pk).update(privacy_settings={"profile_public": True})
        Profile.objects.filter(pk=author.pk).update(discord_id=f"1{author.pk.int}"[:20])
        if is_anonymous:
            tasks.reward_anonymous()
        else:
            named = {"verification_id": str(verification.pk), "hack_id": str(hack.pk), "name": hack.name}
            UserActivityLog.objects.create(
                user=author,
                activity_type=Activity.VERIFICATION_DECIDED,
                activity_data={**named, "slug": hack.slug, "round": 1, "outcome": "verified", "is_anonymous": False},
                created_at=timezone.now(),
            )
        react_to_everything()
        return author

    return make_author


def shown(person) -> set:
    """The achievements of theirs that other people can read."""
    seen = set()
    for role, asker in ((Role.MEMBER, make_member().pk), (Role.ANON, None)):
        with database_identity(role, asker):
            seen.update(UserAchievement.objects.filter(user_id=person.pk).values_list("achievement", flat=True))
    return seen


@pytest.mark.parametrize("narrowed", [{}, {"hack": "energy-shield"}])
@pytest.mark.parametrize("is_new", [True, False], ids=["reaching back", "nightly"])
def test_an_achievement_that_is_made_later_names_nobody(make_author, settings, narrowed, is_new):
    settings.DISCORD_BOT_TOKEN = "token"
    secretive, named = make_author(is_anonymous=True), make_author(is_anonymous=False)
    late = AchievementFactory(criteria_json=OF_ANY | narrowed, points=40, discord_role_id="7")
    assert award_achievements(str(late.pk) if is_new else None) == 2
    react_to_everything()
    assert (shown(secretive), shown(named)) == (set(), {late.pk})
    assert secretive.achievements.get().achievement == late
    want_discord_roles()
    assert [grant.user for grant in DiscordRoleGrant.objects.all()] == [named]
    # Its XP comes of the same, and so would a level that it reaches.
    points = XpEntry.objects.filter(source="achievement", amount=40)
    assert dict(points.values_list("user", "is_private")) == {secretive.pk: True, named.pk: False}


def test_a_level_that_a_late_achievement_brings_is_private_too(make_author):
    author = make_author(is_anonymous=True)
    level = AchievementFactory(criteria_json={"type": "level", "value": 4}, points=0)
    AchievementFactory(criteria_json=OF_ANY, points=500)
    award_achievements()
    react_to_everything()
    assert author.achievements.filter(achievement=level).exists()
    assert shown(author) == set()


def test_a_level_that_was_reached_long_ago_says_no_more_than_the_total(make_author):
    author = make_author(is_anonymous=True)
    level = AchievementFactory(criteria_json={"type": "level", "value": 2}, points=0)
    award_achievements(str(level.pk))
    assert shown(author) == {level.pk}
