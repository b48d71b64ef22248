"""Two workers at once, each on a connection of its own, and workers that die."""

from threading import Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Profile
from database.identity import Role, database_identity
from database.tests.connections import start_in_thread
from gamification.discord.actions import send_discord_roles, want_discord_roles
from gamification.models import DiscordRoleGrant

pytestmark = pytest.mark.django_db(transaction=True)


def as_worker(action):
    def act():
        try:
            with database_identity(Role.WORKER):
                action()
        finally:
            connection.close()

    return act


def rows() -> list[tuple]:
    with database_identity(Role.WORKER):
        return list(DiscordRoleGrant.objects.values_list("discord_id", "is_wanted", "state"))


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND wait_event_type = 'Lock')"
        )
        return cursor.fetchone()[0]


@pytest.fixture
def asked(discord, make_wearer):
    """A worker that waits for Discord's answer on the first of two roles."""
    with database_identity(Role.WORKER):
        make_wearer("1001")
        make_wearer("1002")
        want_discord_roles()
    discord.holds = True
    worker = Thread(target=as_worker(lambda: send_discord_roles(now=timezone.now())))
    worker.start()
    assert discord.arrived.wait(10)
    yield worker
    discord.may_answer.set()
    worker.join()


def test_two_workers_share_what_is_due(discord, asked):
    discord.arrived.clear()
    second = Thread(target=as_worker(lambda: send_discord_roles(now=timezone.now())))
    second.start()
    assert discord.arrived.wait(10)
    third = Thread(target=as_worker(lambda: send_discord_roles(now=timezone.now())))
    third.start()
    third.join()
    assert asked.is_alive()
    assert second.is_alive()
    discord.may_answer.set()
    asked.join()
    second.join()
    assert sorted(account for _, account, _ in discord.requests) == ["1001", "1002"]
    assert sorted(rows()) == [("1001", True, "done"), ("1002", True, "done")]


def test_what_is_wanted_no_longer_waits_for_the_answer_and_is_taken_then(discord, asked):
    with database_identity(Role.WORKER):
        Profile.objects.update(discord_id=None)
    taking = Thread(target=as_worker(want_discord_roles))
    taking.start()
    while taking.is_alive() and not waits_for_a_lock():
        taking.join(0.01)
    assert taking.is_alive()
    discord.holds = False
    discord.may_answer.set()
    asked.join()
    taking.join()
    assert {(wanted, state) for _, wanted, state in rows()} == {(False, "pending")}
    with database_identity(Role.WORKER):
        send_discord_roles(now=timezone.now())
    assert (discord.worn, rows()) == (set(), [])


def test_what_another_worker_has_just_written_down_is_left_as_it_is(discord, make_wearer):
    outcome = []
    with database_identity(Role.WORKER):
        make_wearer("1001")
    with database_identity(Role.WORKER):
        assert want_discord_roles() == 1
        DiscordRoleGrant.objects.update(state=DiscordRoleGrant.State.DONE)
        other = start_in_thread(as_worker(lambda: outcome.append(want_discord_roles())))
        assert other.is_alive()
    other.join()
    assert (outcome, rows()) == ([0], [("1001", True, "done")])


def test_a_worker_that_dies_before_it_has_written_down_the_answer_does_no_harm(discord, make_wearer):
    with database_identity(Role.WORKER):
        make_wearer("1001")
        want_discord_roles()
    with database_identity(Role.WORKER):
        send_discord_roles(now=timezone.now())
        transaction.set_rollback(True)
    assert rows() == [("1001", True, "pending")]
    with database_identity(Role.WORKER):
        assert send_discord_roles(now=timezone.now()).number == 1
    assert rows() == [("1001", True, "done")]
    assert discord.requests == [("PUT", "1001", "7")] * 2
