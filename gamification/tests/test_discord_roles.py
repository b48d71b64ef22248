"""Who shall have which role on Discord: it follows from what is earned and connected."""

import json
from datetime import timedelta

import pytest
from allauth.socialaccount.models import SocialAccount
from celery import current_app
from django.utils import timezone

from accounts.models import Profile
from accounts.tests.factories import make_member
from analytics.actions import record
from analytics.models import Activity
from database.identity import Role, database_identity
from gamification.discord import tasks
from gamification.discord.actions import forget_erased_accounts, want_discord_roles
from gamification.models import Achievement, DiscordRoleGrant, UserAchievement
from gamification.tests.discord_roles import grant, send, settle
from gamification.tests.discord_server import Failure
from gamification.tests.factories import AchievementFactory
from nrghax.tasks import react

pytestmark = pytest.mark.django_db

State = DiscordRoleGrant.State


def connect(member, account="1001"):
    Profile.objects.filter(pk=member.pk).update(discord_id=account)


def earn(member, achievement):
    UserAchievement.objects.create(user=member, achievement=achievement)


def test_an_earned_role_is_given_once(discord, wearer):
    assert want_discord_roles() == 1
    assert want_discord_roles() == 0
    assert send().number == 1
    assert discord.worn == {("1001", "7")}
    assert (grant().user, grant().state, grant().last_error) == (wearer, State.DONE, "")
    assert settle().number == 0
    assert len(discord.requests) == 1


def test_what_is_private_is_not_worn(discord, wearer):
    UserAchievement.objects.update(is_private=True)
    assert want_discord_roles() == 0


def queued() -> list[tuple[str, list[str], bool]]:
    """What waits for a worker: the task, its arguments, and whether it waits for a time."""
    with current_app.connection_for_read() as broker:
        waiting = broker.default_channel.client.lrange("celery", 0, -1)
    headers = [json.loads(message)["headers"] for message in waiting]
    return [(each["task"].rpartition(".")[2], each["argsrepr"], bool(each["eta"])) for each in headers]


def test_earning_writes_it_down_at_once_and_has_it_sent(discord, wearer, django_capture_on_commit_callbacks):
    earned = record(wearer.pk, Activity.ACHIEVEMENT_EARNED, earned_data())
    with django_capture_on_commit_callbacks(execute=True):
        react(str(earned.pk))
    assert grant().state == State.PENDING
    assert ("send_discord_roles", "()", False) in queued()


def test_connecting_and_disconnecting_has_a_worker_look(discord, member, django_capture_on_commit_callbacks):
    expected = ("want_discord_roles", f"('{member.pk}',)", False)
    with django_capture_on_commit_callbacks(execute=True):
        SocialAccount.objects.create(user=member.user, provider="google", uid="1")
    assert queued() == []
    with django_capture_on_commit_callbacks(execute=True):
        account = SocialAccount.objects.create(user=member.user, provider="discord", uid="1001")
    assert queued() == [expected]
    with django_capture_on_commit_callbacks(execute=True):
        account.delete()
    assert queued() == [expected] * 2


@pytest.mark.parametrize(("seconds", "again"), [("2.5", [("send_discord_roles", "()", True)]), ("3600", [])])
def test_after_a_short_pause_the_worker_comes_again(discord, wearer, seconds, again):
    tasks.want_discord_roles()
    discord.answers.append(Failure(429, {"retry_after": seconds}))
    assert tasks.send_discord_roles() == 1
    assert queued() == again


def earned_data():
    achievement = Achievement.objects.get()
    return {
        "achievement_id": str(achievement.pk),
        "name": achievement.name,
        "slug": achievement.slug,
        "points": 10,
        "type": "practice_count",
    }


def test_two_achievements_with_one_role_ask_for_it_once_and_keep_it_together(discord, wearer):
    other = AchievementFactory(discord_role_id="7")
    earn(wearer, other)
    settle()
    with database_identity(Role.STAFF):
        Achievement.objects.filter(pk=other.pk).update(discord_role_id="")
    settle()
    assert discord.worn == {("1001", "7")}
    assert len(discord.requests) == 1


@pytest.mark.parametrize("change", ["nothing earned", "not connected", "no role", "hides streaks", "closed"])
def test_without_all_of_it_there_is_no_role(discord, wearer, change):
    _without(change, wearer)
    assert want_discord_roles() == 0
    assert not DiscordRoleGrant.objects.exists()


@pytest.mark.parametrize("change", ["not connected", "no role", "hides streaks", "closed", "erased"])
def test_what_is_wanted_no_longer_is_taken_and_leaves_no_row(discord, wearer, change):
    settle()
    _without(change, wearer)
    settle()
    assert discord.worn == set()
    assert discord.requests[-1] == ("DELETE", "1001", "7")
    assert not DiscordRoleGrant.objects.exists()


def _without(change, member):
    match change:
        case "nothing earned":
            UserAchievement.objects.all().delete()
        case "not connected":
            connect(member, None)
        case "no role":
            _give_the_achievement_the_role("")
        case "hides streaks":
            with database_identity(Role.STAFF):
                Achievement.objects.update(criteria_json={"type": "streak", "value": 7})
            Profile.objects.update(hide_streaks=True)
        case "closed":
            member.user.is_active = False
            member.user.save()
        case "erased":
            member.user.delete()


def _give_the_achievement_the_role(role):
    with database_identity(Role.STAFF):
        Achievement.objects.update(discord_role_id=role)


def test_another_role_and_another_account_replace_the_first(discord, wearer):
    settle()
    _give_the_achievement_the_role("8")
    settle()
    assert discord.worn == {("1001", "8")}
    connect(wearer, "1002")
    settle()
    assert discord.worn == {("1002", "8")}
    assert grant().discord_id == "1002"


@pytest.mark.parametrize("first", ["giver", "taker"])
def test_an_account_that_changes_hands_keeps_its_role(discord, wearer, achievement, first):
    settle()
    heir = make_member()
    earn(heir, achievement)
    connect(wearer, None)
    connect(heir)
    for member in (wearer, heir) if first == "giver" else (heir, wearer):
        want_discord_roles(member_id=member.pk)
    send()
    assert discord.worn == {("1001", "7")}
    assert (grant().user, grant().state) == (heir, State.DONE)


def test_one_members_round_leaves_the_others_alone(discord, wearer, make_wearer):
    other = make_wearer("1002")
    assert want_discord_roles(member_id=other.pk) == 1
    assert grant().user == other
    connect(other, None)
    assert want_discord_roles(member_id=wearer.pk) == 1
    assert grant(user=other).is_wanted


def test_what_an_erased_account_keeps_is_forgotten_in_time(discord, wearer):
    settle()
    wearer.user.delete()
    discord.above_the_bot.add("7")
    settle()
    assert (grant().user, grant().state) == (None, State.FAILED)
    assert forget_erased_accounts(now=timezone.now() + timedelta(days=29)) == 0
    assert forget_erased_accounts(now=timezone.now() + timedelta(days=31)) == 1


def test_what_could_not_be_taken_is_not_begun_anew_each_round(discord, wearer):
    settle()
    connect(wearer, None)
    discord.above_the_bot.add("7")
    settle()
    assert settle().number == 0
    assert (grant().is_wanted, grant().state) == (False, State.FAILED)


def test_what_a_member_could_not_be_given_is_kept(discord, wearer):
    discord.members.clear()
    settle()
    assert grant().state == State.FAILED
    assert forget_erased_accounts(now=timezone.now() + timedelta(days=31)) == 0


def test_without_a_bot_nothing_is_written_down_asked_for_or_shown(
    discord, settings, wearer, member_client, achievement
):
    want_discord_roles()
    settings.DISCORD_BOT_TOKEN = ""
    assert (want_discord_roles(), send().number) == (0, 0)
    assert discord.requests == []
    assert "Discord" not in member_client.get(achievement.get_absolute_url()).content.decode()
