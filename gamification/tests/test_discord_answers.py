"""Discord's answers to role changes and their effects, tested against a local server with Discord's API."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import Profile
from gamification.discord.actions import want_discord_roles
from gamification.discord.api import (
    BAD_TOKEN,
    MAX_ATTEMPTS,
    MISSING_PERMISSION,
    NO_ROLE,
    NOT_INVITED,
    NOT_ON_SERVER,
    RATE_LIMITED,
    UNREACHABLE,
    backoff,
)
from gamification.models import DiscordRoleGrant
from gamification.tests.discord_roles import grant, send, sync
from gamification.tests.discord_server import GUILD, TOKEN, Failure

pytestmark = pytest.mark.django_db

State = DiscordRoleGrant.State


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "65", "X-RateLimit-Scope": "user"}, {"retry_after": 64.57, "global": False}, 65),
        ({"Retry-After": "1337", "X-RateLimit-Scope": "shared"}, {"retry_after": 1336.57}, 1337),
        ({"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}, {"retry_after": 2.5, "global": True}, 2.5),
        ({"Retry-After": "12"}, b"<html>error code: 1015</html>", 12),
        ({"Retry-After": "soon"}, {"retry_after": "Infinity"}, 60),
    ],
    ids=["route", "shared", "global", "by the proxy", "no duration"],
)
def test_rate_limit_stops_all_requests_until_it_ends(discord, role_holder, make_role_holder, headers, body, seconds):
    make_role_holder("1002")
    want_discord_roles()
    discord.answers.append(Failure(429, body, headers))
    assert send() == (1, seconds)
    limited = grant(last_error=RATE_LIMITED)
    assert (limited.state, limited.attempts) == (State.PENDING, 0)
    assert abs((limited.next_attempt_at - timezone.now()).total_seconds() - seconds) < 2

    assert send(after=timedelta(seconds=seconds - 1.5)) == (0, None)
    assert len(discord.requests) == 1
    assert send(after=timedelta(seconds=seconds + 1.5)).number == 2
    assert discord.assigned == {("1001", "7"), ("1002", "7")}


def test_redirect_is_not_followed(discord, role_holder):
    address = f"{discord.url}/guilds/{GUILD}/members/1001/roles/7"
    discord.answers.append(Failure(307, b"", {"Location": address}))
    sync()
    assert (len(discord.requests), grant().state) == (1, State.FAILED)


def test_sending_stops_when_no_request_remains(discord, role_holder, make_role_holder):
    make_role_holder("1002")
    want_discord_roles()
    discord.remaining = "0"
    assert send() == (1, 2.5)
    assert send() == (0, None)
    assert send(after=timedelta(seconds=4)).number == 1
    assert len(discord.assigned) == 2


def test_server_error_is_retried_until_attempts_are_used_up(discord, role_holder):
    want_discord_roles()
    discord.answers.extend([Failure(500, b"<html>")] * MAX_ATTEMPTS)
    later = timedelta()
    for attempt in range(1, MAX_ATTEMPTS):
        assert send(after=later).number == 1
        assert (grant().state, grant().attempts) == (State.PENDING, attempt)
        assert send(after=later + timedelta(seconds=10)).number == 0
        later = grant().next_attempt_at - timezone.now() + timedelta(seconds=31)
    assert send(after=later).number == 1
    assert (grant().state, grant().attempts) == (State.FAILED, MAX_ATTEMPTS)
    assert grant().last_error == "Discord answered 500."
    cache.clear()
    assert send(after=timedelta(days=1)).number == 0
    assert want_discord_roles() == 0


def test_backoff_grows_and_has_jitter():
    assert [backoff(attempts, 0) for attempts in (1, 2, 8)] == [timedelta(seconds=30 * n) for n in (1, 2, 128)]
    assert backoff(1, 1) == timedelta(seconds=15)


@pytest.mark.parametrize("failure", ["timeout", "no connection"])
def test_unreachable_server_is_retried(discord, settings, role_holder, failure):
    want_discord_roles()
    if failure == "timeout":
        discord.waits_before_answer, settings.DISCORD_TIMEOUT = True, 0.1
    else:
        settings.DISCORD_API_URL = "http://127.0.0.1:1/api/v10"
    assert send().number == 1
    assert (grant().state, grant().attempts, grant().last_error) == (State.PENDING, 1, UNREACHABLE)
    discord.waits_before_answer, settings.DISCORD_TIMEOUT, settings.DISCORD_API_URL = False, 5, discord.url
    discord.may_answer.set()
    assert send(after=timedelta(seconds=31)).number == 1
    assert grant().state == State.DONE


def test_bad_token_stops_all_requests(discord, settings, role_holder, make_role_holder):
    make_role_holder("1002")
    want_discord_roles()
    settings.DISCORD_BOT_TOKEN = "wrong-token"
    assert send() == (1, 300)
    assert len(discord.requests) == 1
    assert set(DiscordRoleGrant.objects.values_list("state", "last_error")) == {("pending", ""), ("pending", BAD_TOKEN)}
    settings.DISCORD_BOT_TOKEN = TOKEN
    assert send(after=timedelta(seconds=310)).number == 2
    assert len(discord.assigned) == 2


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("left", NOT_ON_SERVER),
        ("role gone", NO_ROLE),
        ("bot too low", MISSING_PERMISSION),
        ("wrong server", NOT_INVITED),
        ("wrong address", "Discord answered 404, code 0."),
        ("unknown error", "Discord answered 400, code 50035."),
        ("no json", "Discord answered 403."),
    ],
)
def test_permanent_error_is_not_retried(discord, settings, role_holder, reason, error):
    want_discord_roles()
    make_fail_permanently(discord, settings, reason)
    assert send().number == 1
    assert (grant().state, grant().attempts, grant().last_error) == (State.FAILED, 1, error)
    assert send(after=timedelta(days=1)).number == 0


def make_fail_permanently(discord, settings, reason):
    match reason:
        case "left":
            discord.members.clear()
        case "role gone":
            discord.roles.clear()
        case "bot too low":
            discord.roles_above_bot.add("7")
        case "wrong server":
            settings.DISCORD_GUILD_ID = "1"
        case "wrong address":
            settings.DISCORD_API_URL = discord.url.replace("v10", "v1")
        case "unknown error":
            discord.answers.append(Failure(400, {"code": 50035}))
        case "no json":
            discord.answers.append(Failure(403, b"<html>error code: 1010</html>"))


@pytest.mark.parametrize(("reason", "is_removed"), [("left", True), ("role gone", True), ("bot too low", False)])
def test_grant_is_removed_when_account_or_role_no_longer_exists(discord, settings, role_holder, reason, is_removed):
    sync()
    Profile.objects.update(discord_id=None)
    make_fail_permanently(discord, settings, reason)
    sync()
    assert DiscordRoleGrant.objects.filter(state=State.FAILED).exists() == (not is_removed)
    assert DiscordRoleGrant.objects.exists() == (not is_removed)


def test_failed_grant_does_not_block_others(discord, role_holder, make_role_holder):
    make_role_holder("1002")
    discord.members.remove("1001")
    assert sync().number == 2
    assert discord.assigned == {("1002", "7")}
