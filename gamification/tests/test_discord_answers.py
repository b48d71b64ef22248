"""What Discord answers when it is asked for a role, and what follows; it is a server that speaks Discord's API."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import Profile
from gamification.discord.actions import want_discord_roles
from gamification.discord.api import (
    BAD_TOKEN,
    LIMITED,
    MISSING_PERMISSION,
    MOST_ATTEMPTS,
    NO_ROLE,
    NOT_INVITED,
    NOT_ON_SERVER,
    UNREACHABLE,
    backoff,
)
from gamification.models import DiscordRoleGrant
from gamification.tests.discord_roles import grant, send, settle
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
    ids=["route", "shared", "global", "by the proxy", "unsaid"],
)
def test_a_limit_stops_everybody_until_it_is_over(discord, wearer, make_wearer, headers, body, seconds):
    make_wearer("1002")
    want_discord_roles()
    discord.answers.append(Failure(429, body, headers))
    assert send() == (1, seconds)
    limited = grant(last_error=LIMITED)
    assert (limited.state, limited.attempts) == (State.PENDING, 0)
    assert abs((limited.next_attempt_at - timezone.now()).total_seconds() - seconds) < 2

    assert send(after=timedelta(seconds=seconds - 1.5)) == (0, None)
    assert len(discord.requests) == 1
    assert send(after=timedelta(seconds=seconds + 1.5)).number == 2
    assert discord.worn == {("1001", "7"), ("1002", "7")}


def test_the_bots_token_goes_nowhere_else(discord, wearer):
    address = f"{discord.url}/guilds/{GUILD}/members/1001/roles/7"
    discord.answers.append(Failure(307, b"", {"Location": address}))
    settle()
    assert (len(discord.requests), grant().state) == (1, State.FAILED)


def test_what_remains_of_a_limit_is_not_used_up(discord, wearer, make_wearer):
    make_wearer("1002")
    want_discord_roles()
    discord.left = "0"
    assert send() == (1, 2.5)
    assert send() == (0, None)
    assert send(after=timedelta(seconds=4)).number == 1
    assert len(discord.worn) == 2


def test_a_server_that_breaks_is_asked_again_later_and_given_up_in_the_end(discord, wearer):
    want_discord_roles()
    discord.answers.extend([Failure(500, b"<html>")] * MOST_ATTEMPTS)
    later = timedelta()
    for attempt in range(1, MOST_ATTEMPTS):
        assert send(after=later).number == 1
        assert (grant().state, grant().attempts) == (State.PENDING, attempt)
        assert send(after=later + timedelta(seconds=10)).number == 0
        later = grant().next_attempt_at - timezone.now() + timedelta(seconds=31)
    assert send(after=later).number == 1
    assert (grant().state, grant().attempts) == (State.FAILED, MOST_ATTEMPTS)
    assert grant().last_error == "Discord answered 500."
    cache.clear()
    assert send(after=timedelta(days=1)).number == 0
    assert want_discord_roles() == 0


def test_the_pauses_grow_and_differ():
    assert [backoff(attempts, 0) for attempts in (1, 2, 8)] == [timedelta(seconds=30 * n) for n in (1, 2, 128)]
    assert backoff(1, 1) == timedelta(seconds=15)


@pytest.mark.parametrize("failure", ["hangs", "is away"])
def test_a_server_that_does_not_answer_is_asked_again_later(discord, settings, wearer, failure):
    want_discord_roles()
    if failure == "hangs":
        discord.holds, settings.DISCORD_TIMEOUT = True, 0.1
    else:
        settings.DISCORD_API_URL = "http://127.0.0.1:1/api/v10"
    assert send().number == 1
    assert (grant().state, grant().attempts, grant().last_error) == (State.PENDING, 1, UNREACHABLE)
    discord.holds, settings.DISCORD_TIMEOUT, settings.DISCORD_API_URL = False, 5, discord.url
    discord.may_answer.set()
    assert send(after=timedelta(seconds=31)).number == 1
    assert grant().state == State.DONE


def test_a_bad_token_stops_everybody(discord, settings, wearer, make_wearer):
    make_wearer("1002")
    want_discord_roles()
    settings.DISCORD_BOT_TOKEN = "somebody else's"
    assert send() == (1, 300)
    assert len(discord.requests) == 1
    assert set(DiscordRoleGrant.objects.values_list("state", "last_error")) == {("pending", ""), ("pending", BAD_TOKEN)}
    settings.DISCORD_BOT_TOKEN = TOKEN
    assert send(after=timedelta(seconds=310)).number == 2
    assert len(discord.worn) == 2


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("left", NOT_ON_SERVER),
        ("role gone", NO_ROLE),
        ("bot too low", MISSING_PERMISSION),
        ("wrong server", NOT_INVITED),
        ("wrong address", "Discord answered 404, code 0."),
        ("unheard of", "Discord answered 400, code 50035."),
        ("no json", "Discord answered 403."),
    ],
)
def test_what_will_never_work_is_given_up_at_once(discord, settings, wearer, reason, error):
    want_discord_roles()
    break_for_good(discord, settings, reason)
    assert send().number == 1
    assert (grant().state, grant().attempts, grant().last_error) == (State.FAILED, 1, error)
    assert send(after=timedelta(days=1)).number == 0


def break_for_good(discord, settings, reason):
    match reason:
        case "left":
            discord.members.clear()
        case "role gone":
            discord.roles.clear()
        case "bot too low":
            discord.above_the_bot.add("7")
        case "wrong server":
            settings.DISCORD_GUILD_ID = "1"
        case "wrong address":
            settings.DISCORD_API_URL = discord.url.replace("v10", "v1")
        case "unheard of":
            discord.answers.append(Failure(400, {"code": 50035}))
        case "no json":
            discord.answers.append(Failure(403, b"<html>error code: 1010</html>"))


@pytest.mark.parametrize(("reason", "is_over"), [("left", True), ("role gone", True), ("bot too low", False)])
def test_who_left_the_server_wears_nothing_that_could_be_taken(discord, settings, wearer, reason, is_over):
    settle()
    Profile.objects.update(discord_id=None)
    break_for_good(discord, settings, reason)
    settle()
    assert DiscordRoleGrant.objects.filter(state=State.FAILED).exists() == (not is_over)
    assert DiscordRoleGrant.objects.exists() == (not is_over)


def test_one_refusal_does_not_hold_up_the_others(discord, wearer, make_wearer):
    make_wearer("1002")
    discord.members.remove("1001")
    assert settle().number == 2
    assert discord.worn == {("1002", "7")}
