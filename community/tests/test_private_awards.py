"""Awards for an anonymous verification stay private to its author, however late they are made."""

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

ANY_VERIFICATION = {"type": "verification", "value": 1}


@pytest.fixture
def make_author(hack):
    """Return a function that makes an author with a public profile who was verified and rewarded."""

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


def visible_achievements_of(member) -> set:
    """Return the ids of the member's achievements that other members and visitors can read."""
    seen = set()
    for role, reader_id in ((Role.MEMBER, make_member().pk), (Role.ANON, None)):
        with database_identity(role, reader_id):
            seen.update(UserAchievement.objects.filter(user_id=member.pk).values_list("achievement", flat=True))
    return seen


@pytest.mark.parametrize("hack_criterion", [{}, {"hack": "energy-shield"}])
@pytest.mark.parametrize("is_new", [True, False], ids=["new achievement", "nightly run"])
def test_achievement_created_later_is_private_for_anonymous_author(make_author, settings, hack_criterion, is_new):
    settings.DISCORD_BOT_TOKEN = "token"
    secretive, named = make_author(is_anonymous=True), make_author(is_anonymous=False)
    late = AchievementFactory(criteria_json=ANY_VERIFICATION | hack_criterion, points=40, discord_role_id="7")
    assert award_achievements(str(late.pk) if is_new else None) == 2
    react_to_everything()
    assert (visible_achievements_of(secretive), visible_achievements_of(named)) == (set(), {late.pk})
    assert secretive.achievements.get().achievement == late
    want_discord_roles()
    assert [grant.user for grant in DiscordRoleGrant.objects.all()] == [named]
    # The XP of the achievement is as private as the achievement.
    points = XpEntry.objects.filter(source="achievement", amount=40)
    assert dict(points.values_list("user", "is_private")) == {secretive.pk: True, named.pk: False}


def test_level_reached_by_private_achievement_is_private(make_author):
    author = make_author(is_anonymous=True)
    level = AchievementFactory(criteria_json={"type": "level", "value": 4}, points=0)
    AchievementFactory(criteria_json=ANY_VERIFICATION, points=500)
    award_achievements()
    react_to_everything()
    assert author.achievements.filter(achievement=level).exists()
    assert visible_achievements_of(author) == set()


def test_achievement_for_level_reached_earlier_is_public(make_author):
    author = make_author(is_anonymous=True)
    level = AchievementFactory(criteria_json={"type": "level", "value": 2}, points=0)
    award_achievements(str(level.pk))
    assert visible_achievements_of(author) == {level.pk}
