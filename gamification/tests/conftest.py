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
    """Discord with a bot of ours; each test finds it as it was."""
    discord_server.restore()
    settings.DISCORD_API_URL, settings.DISCORD_TIMEOUT = discord_server.url, 10
    settings.DISCORD_GUILD_ID, settings.DISCORD_BOT_TOKEN = GUILD, TOKEN
    return discord_server


@pytest.fixture
def achievement(db):
    return AchievementFactory(discord_role_id="7")


@pytest.fixture
def make_wearer(achievement):
    """Makes somebody with a connected account who has earned the achievement that brings a role."""

    def make_wearer(account, member=None):
        member = member or make_member()
        Profile.objects.filter(pk=member.pk).update(discord_id=account)
        UserAchievement.objects.create(user=member, achievement=achievement)
        return member

    return make_wearer


@pytest.fixture
def wearer(make_wearer, member):
    return make_wearer("1001", member)
