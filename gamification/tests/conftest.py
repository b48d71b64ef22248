import pytest

from accounts.models import Profile
from accounts.tests.factories import make_member
from gamification.models import UserAchievement
from gamification.tests.discord_server import GUILD, TOKEN, running_discord
from gamification.tests.factories import AchievementFactory


@pytest.fixture(scope="session")
def discord_server():
    with running_discord() as server:
        yield server


@pytest.fixture
def discord(discord_server, settings):
    """A fake Discord server with our bot, reset for each test."""
    discord_server.reset()
    settings.DISCORD_API_URL, settings.DISCORD_TIMEOUT = discord_server.url, 10
    settings.DISCORD_GUILD_ID, settings.DISCORD_BOT_TOKEN = GUILD, TOKEN
    return discord_server


@pytest.fixture
def achievement(db):
    return AchievementFactory(discord_role_id="7")


@pytest.fixture
def make_role_holder(achievement):
    """A function that makes a member with this Discord account who earned the achievement with the role."""

    def make_role_holder(account, member=None):
        member = member or make_member()
        Profile.objects.filter(pk=member.pk).update(discord_id=account)
        UserAchievement.objects.create(user=member, achievement=achievement)
        return member

    return make_role_holder


@pytest.fixture
def role_holder(make_role_holder, member):
    return make_role_holder("1001", member)
