"""Discord roles follow earned achievements and connected accounts."""

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
from gamification.tests.discord_roles import grant, send, sync
from gamification.tests.discord_server import Failure
from gamification.tests.factories import AchievementFactory
from nrghax.tasks import react

pytestmark = pytest.mark.django_db

State = DiscordRoleGrant.State


def connect(member, account="1001"):
    Profile.objects.filter(pk=member.pk).update(discord_id=account)


def earn(member, achievement):
    UserAchievement.objects.create(user=member, achievement=achievement)


def test_earned_role_is_assigned_once(discord, role_holder):
    assert want_discord_roles() == 1
    assert want_discord_roles() == 0
    assert send().number == 1
    assert discord.assigned == {("1001", "7")}
    assert (grant().user, grant().state, grant().last_error) == (role_holder, State.DONE, "")
    assert sync().number == 0
    assert len(discord.requests) == 1


def test_private_achievement_gives_no_role(discord, role_holder):
    UserAchievement.objects.update(is_private=True)
    assert want_discord_roles() == 0


def queued() -> list[tuple[str, list[str], bool]]:
    """Return the queued tasks: name, arguments, and whether they are delayed."""
    with current_app.connection_for_read() as broker:
        messages = broker.default_channel.client.lrange("celery", 0, -1)
    headers = [json.loads(message)["headers"] for message in messages]
    return [(each["task"].rpartition(".")[2], each["argsrepr"], bool(each["eta"])) for each in headers]


def test_earning_achievement_creates_grant_and_queues_sending(discord, role_holder, django_capture_on_commit_callbacks):
    earned = record(role_holder.pk, Activity.ACHIEVEMENT_EARNED, earned_data())
    with django_capture_on_commit_callbacks(execute=True):
        react(str(earned.pk))
    assert grant().state == State.PENDING
    assert ("send_discord_roles", "()", False) in queued()


def test_connecting_and_disconnecting_queue_update_of_roles(discord, member, django_capture_on_commit_callbacks):
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


@pytest.mark.parametrize(("seconds", "expected"), [("2.5", [("send_discord_roles", "()", True)]), ("3600", [])])
def test_sending_is_queued_again_after_short_rate_limit(discord, role_holder, seconds, expected):
    tasks.want_discord_roles()
    discord.answers.append(Failure(429, {"retry_after": seconds}))
    assert tasks.send_discord_roles() == 1
    assert queued() == expected


def earned_data():
    achievement = Achievement.objects.get()
    return {
        "achievement_id": str(achievement.pk),
        "name": achievement.name,
        "slug": achievement.slug,
        "points": 10,
        "type": "practice_count",
    }


def test_role_of_two_achievements_is_assigned_once_and_kept_while_one_gives_it(discord, role_holder):
    other = AchievementFactory(discord_role_id="7")
    earn(role_holder, other)
    sync()
    with database_identity(Role.STAFF):
        Achievement.objects.filter(pk=other.pk).update(discord_role_id="")
    sync()
    assert discord.assigned == {("1001", "7")}
    assert len(discord.requests) == 1


@pytest.mark.parametrize("change", ["nothing earned", "not connected", "no role", "hides streaks", "closed"])
def test_role_needs_every_condition(discord, role_holder, change):
    _remove_condition(change, role_holder)
    assert want_discord_roles() == 0
    assert not DiscordRoleGrant.objects.exists()


@pytest.mark.parametrize("change", ["not connected", "no role", "hides streaks", "closed", "erased"])
def test_unwanted_role_is_removed_with_its_grant(discord, role_holder, change):
    sync()
    _remove_condition(change, role_holder)
    sync()
    assert discord.assigned == set()
    assert discord.requests[-1] == ("DELETE", "1001", "7")
    assert not DiscordRoleGrant.objects.exists()


def _remove_condition(change, member):
    match change:
        case "nothing earned":
            UserAchievement.objects.all().delete()
        case "not connected":
            connect(member, None)
        case "no role":
            _set_role("")
        case "hides streaks":
            with database_identity(Role.STAFF):
                Achievement.objects.update(criteria_json={"type": "streak", "value": 7})
            Profile.objects.update(hide_streaks=True)
        case "closed":
            member.user.is_active = False
            member.user.save()
        case "erased":
            member.user.delete()


def _set_role(role):
    with database_identity(Role.STAFF):
        Achievement.objects.update(discord_role_id=role)


def test_changed_role_and_changed_account_replace_old_ones(discord, role_holder):
    sync()
    _set_role("8")
    sync()
    assert discord.assigned == {("1001", "8")}
    connect(role_holder, "1002")
    sync()
    assert discord.assigned == {("1002", "8")}
    assert grant().discord_id == "1002"


@pytest.mark.parametrize("first", ["old owner", "new owner"])
def test_account_keeps_role_when_it_moves_to_another_member(discord, role_holder, achievement, first):
    sync()
    new_owner = make_member()
    earn(new_owner, achievement)
    connect(role_holder, None)
    connect(new_owner)
    for member in (role_holder, new_owner) if first == "old owner" else (new_owner, role_holder):
        want_discord_roles(member_id=member.pk)
    send()
    assert discord.assigned == {("1001", "7")}
    assert (grant().user, grant().state) == (new_owner, State.DONE)


def test_update_of_one_member_does_not_change_others(discord, role_holder, make_role_holder):
    other = make_role_holder("1002")
    assert want_discord_roles(member_id=other.pk) == 1
    assert grant().user == other
    connect(other, None)
    assert want_discord_roles(member_id=role_holder.pk) == 1
    assert grant(user=other).is_wanted


def test_failed_removal_for_erased_account_is_deleted_after_30_days(discord, role_holder):
    sync()
    role_holder.user.delete()
    discord.roles_above_bot.add("7")
    sync()
    assert (grant().user, grant().state) == (None, State.FAILED)
    assert forget_erased_accounts(now=timezone.now() + timedelta(days=29)) == 0
    assert forget_erased_accounts(now=timezone.now() + timedelta(days=31)) == 1


def test_failed_removal_is_not_retried_at_each_update(discord, role_holder):
    sync()
    connect(role_holder, None)
    discord.roles_above_bot.add("7")
    sync()
    assert sync().number == 0
    assert (grant().is_wanted, grant().state) == (False, State.FAILED)


def test_failed_grant_of_existing_member_is_kept(discord, role_holder):
    discord.members.clear()
    sync()
    assert grant().state == State.FAILED
    assert forget_erased_accounts(now=timezone.now() + timedelta(days=31)) == 0


def test_nothing_happens_without_bot(discord, settings, role_holder, member_client, achievement):
    want_discord_roles()
    settings.DISCORD_BOT_TOKEN = ""
    assert (want_discord_roles(), send().number) == (0, 0)
    assert discord.requests == []
    assert "Discord" not in member_client.get(achievement.get_absolute_url()).content.decode()
