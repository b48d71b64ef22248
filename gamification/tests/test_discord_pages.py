"""What members and staff see of roles on Discord, and what they can do about what failed."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import PASSWORD, make_member, make_user
from database.identity import Role, database_identity
from gamification.discord.actions import want_discord_roles
from gamification.models import DiscordRoleGrant
from gamification.tests.discord_roles import grant, send, settle
from gamification.tests.factories import AchievementFactory

pytestmark = pytest.mark.django_db

State = DiscordRoleGrant.State


def page_of(client, achievement) -> str:
    return client.get(reverse("gamification:achievement-detail", args=[achievement.slug])).content.decode()


def retry(client, achievement):
    return client.post(reverse("gamification:achievement-discord", args=[achievement.slug]))


def test_the_achievements_page_says_how_it_stands(discord, wearer, member_client, achievement):
    assert "Your role on Discord" not in page_of(member_client, achievement)
    want_discord_roles()
    assert "It is on its way." in page_of(member_client, achievement)
    send()
    page = page_of(member_client, achievement)
    assert "You have it." in page
    assert "Try again" not in page


def test_who_was_not_on_the_server_joins_it_and_tries_again(discord, wearer, member_client, achievement):
    discord.members.remove("1001")
    settle()
    page = page_of(member_client, achievement)
    assert "you are not on our server" in page
    assert "Try again" in page
    discord.members.add("1001")
    retry(member_client, achievement)
    # Not so soon: somebody who clicks and clicks would have Discord shut us out.
    assert grant().state == State.FAILED
    a_minute_passes()
    retry(member_client, achievement)
    send()
    assert "You have it." in page_of(member_client, achievement)


def test_a_role_is_told_of_where_it_was_earned(discord, wearer, member_client):
    settle()
    assert "Your role on Discord" not in page_of(member_client, AchievementFactory(discord_role_id="7"))


def test_a_role_that_is_being_taken_is_over_for_its_wearer(discord, wearer, member_client, achievement):
    settle()
    assert DiscordRoleGrant.objects.visible_to(wearer).exists()
    assert not DiscordRoleGrant.objects.visible_to(make_member()).exists()
    DiscordRoleGrant.objects.update(is_wanted=False)
    assert "Your role on Discord" not in page_of(member_client, achievement)


def test_what_is_a_secret_is_not_tried_again_either(discord, wearer, member_client):
    secret = AchievementFactory(is_hidden=True)
    assert retry(member_client, secret).status_code == 404


def a_minute_passes():
    DiscordRoleGrant.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_nobody_retries_for_another(discord, wearer, sign_in, achievement):
    discord.above_the_bot.add("7")
    settle()
    a_minute_passes()
    retry(sign_in(make_member()), achievement)
    assert grant().state == State.FAILED


@pytest.mark.parametrize(
    "fields",
    [{"state": State.DONE}, {"state": State.PENDING, "attempts": 5}, {"state": State.FAILED, "is_wanted": False}],
    ids=["done", "on its way", "to be taken"],
)
def test_what_was_not_refused_is_not_tried_again(discord, wearer, member_client, achievement, fields):
    want_discord_roles()
    DiscordRoleGrant.objects.update(**fields)
    a_minute_passes()
    before = list(DiscordRoleGrant.objects.values())
    retry(member_client, achievement)
    assert list(DiscordRoleGrant.objects.values()) == before


def test_trying_again_is_posted_by_members(client, discord, wearer, achievement):
    url = reverse("gamification:achievement-discord", args=[achievement.slug])
    assert retry(client, achievement).url.startswith(reverse("account_login"))
    assert client.get(url).status_code == 405


def test_the_page_of_connected_accounts_says_that_a_role_is_seen(discord, settings, member_client):
    url = reverse("socialaccount_connections")
    member_client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert "Discord server" in member_client.get(url).content.decode()
    settings.DISCORD_BOT_TOKEN = ""
    assert "Discord server" not in member_client.get(url).content.decode()


def test_staff_see_why_and_try_again(discord, wearer, staff_client):
    discord.above_the_bot.add("7")
    settle()
    url = reverse("admin:gamification_discordrolegrant_changelist")
    page = staff_client.get(f"{url}?state__exact=failed").content.decode()
    assert "Manage Roles" in page
    assert wearer.display_name in page
    discord.above_the_bot.clear()
    staff_client.post(url, {"action": "try_again", "_selected_action": [str(grant().pk)]})
    assert send().number == 1
    assert grant().state == State.DONE


def test_staff_who_may_only_look_have_nothing_tried_again(discord, wearer, sign_in):
    discord.above_the_bot.add("7")
    settle()
    viewer = make_member(user=make_user(is_staff=True))
    with database_identity(Role.STAFF):
        viewer.user.user_permissions.add(Permission.objects.get(codename="view_discordrolegrant"))
    client, url = sign_in(viewer), reverse("admin:gamification_discordrolegrant_changelist")
    assert client.get(url).status_code == 200
    client.post(url, {"action": "try_again", "_selected_action": [str(grant().pk)]})
    assert grant().state == State.FAILED


def test_the_role_of_an_achievement_is_a_number():
    AchievementFactory(discord_role_id="123456789012345678").full_clean()
    AchievementFactory().full_clean()
    with pytest.raises(ValidationError, match="is a number"):
        AchievementFactory(discord_role_id="../../bans").full_clean()
