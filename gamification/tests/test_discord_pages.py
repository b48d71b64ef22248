"""Discord roles on the pages of members and staff, and retries of failed ones."""

from datetime import timedelta
from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import PASSWORD, make_member, make_staff
from gamification.discord.actions import want_discord_roles
from gamification.models import DiscordRoleGrant
from gamification.tests.discord_roles import grant, send, sync
from gamification.tests.factories import AchievementFactory

pytestmark = pytest.mark.django_db

State = DiscordRoleGrant.State


def page_of(client, achievement) -> str:
    return unescape(client.get(reverse("gamification:achievement-detail", args=[achievement.slug])).content.decode())


def retry(client, achievement):
    return client.post(reverse("gamification:achievement-discord", args=[achievement.slug]))


def test_achievement_page_shows_state_of_role(discord, role_holder, member_client, achievement):
    assert "Discord role" not in page_of(member_client, achievement)
    want_discord_roles()
    assert "It's on its way." in page_of(member_client, achievement)
    send()
    page = page_of(member_client, achievement)
    assert "You've got it." in page
    assert "Try again" not in page


def test_member_can_retry_after_joining_server(discord, role_holder, member_client, achievement):
    discord.members.remove("1001")
    sync()
    page = page_of(member_client, achievement)
    assert "You're not on our Discord server yet." in page
    assert "Try again" in page
    discord.members.add("1001")
    retry(member_client, achievement)
    # A retry within a minute is ignored, so that repeated clicks don't exceed Discord's rate limit.
    assert grant().state == State.FAILED
    pass_retry_delay()
    retry(member_client, achievement)
    send()
    assert "You've got it." in page_of(member_client, achievement)


def test_role_is_shown_only_on_achievement_that_was_earned(discord, role_holder, member_client):
    sync()
    assert "Discord role" not in page_of(member_client, AchievementFactory(discord_role_id="7"))


def test_role_that_is_being_removed_is_not_shown(discord, role_holder, member_client, achievement):
    sync()
    assert DiscordRoleGrant.objects.visible_to(role_holder).exists()
    assert not DiscordRoleGrant.objects.visible_to(make_member()).exists()
    DiscordRoleGrant.objects.update(is_wanted=False)
    assert "Discord role" not in page_of(member_client, achievement)


def test_retry_for_hidden_achievement_is_404(discord, role_holder, member_client):
    secret = AchievementFactory(is_hidden=True)
    assert retry(member_client, secret).status_code == 404


def pass_retry_delay():
    DiscordRoleGrant.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_member_cannot_retry_for_another(discord, role_holder, sign_in, achievement):
    discord.roles_above_bot.add("7")
    sync()
    pass_retry_delay()
    retry(sign_in(make_member()), achievement)
    assert grant().state == State.FAILED


@pytest.mark.parametrize(
    "fields",
    [{"state": State.DONE}, {"state": State.PENDING, "attempts": 5}, {"state": State.FAILED, "is_wanted": False}],
    ids=["done", "pending", "to be removed"],
)
def test_only_failed_grant_is_retried(discord, role_holder, member_client, achievement, fields):
    want_discord_roles()
    DiscordRoleGrant.objects.update(**fields)
    pass_retry_delay()
    before = list(DiscordRoleGrant.objects.values())
    retry(member_client, achievement)
    assert list(DiscordRoleGrant.objects.values()) == before


def test_retry_needs_login_and_post(client, discord, role_holder, achievement):
    url = reverse("gamification:achievement-discord", args=[achievement.slug])
    assert retry(client, achievement).url.startswith(reverse("account_login"))
    assert client.get(url).status_code == 405


def test_connections_page_mentions_server_when_bot_is_configured(discord, settings, member_client):
    url = reverse("socialaccount_connections")
    member_client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert "role on our server" in member_client.get(url).content.decode()
    settings.DISCORD_BOT_TOKEN = ""
    assert "role on our server" not in member_client.get(url).content.decode()


def test_staff_see_error_and_retry(discord, role_holder, staff_client):
    discord.roles_above_bot.add("7")
    sync()
    url = reverse("admin:gamification_discordrolegrant_changelist")
    page = staff_client.get(f"{url}?state__exact=failed").content.decode()
    assert "Manage Roles" in page
    assert role_holder.display_name in page
    discord.roles_above_bot.clear()
    staff_client.post(url, {"action": "try_again", "_selected_action": [str(grant().pk)]})
    assert send().number == 1
    assert grant().state == State.DONE


def test_staff_with_view_permission_cannot_retry(discord, role_holder, sign_in):
    discord.roles_above_bot.add("7")
    sync()
    viewer = make_staff("view_discordrolegrant")
    client, url = sign_in(viewer), reverse("admin:gamification_discordrolegrant_changelist")
    assert client.get(url).status_code == 200
    client.post(url, {"action": "try_again", "_selected_action": [str(grant().pk)]})
    assert grant().state == State.FAILED


def test_discord_role_id_must_be_number():
    AchievementFactory(discord_role_id="123456789012345678").full_clean()
    AchievementFactory().full_clean()
    with pytest.raises(ValidationError, match="a long number"):
        AchievementFactory(discord_role_id="../../bans").full_clean()
