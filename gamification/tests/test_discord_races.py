"""Concurrent workers on separate connections, and workers that die."""

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
    def run():
        try:
            with database_identity(Role.WORKER):
                action()
        finally:
            connection.close()

    return run


def rows() -> list[tuple]:
    with database_identity(Role.WORKER):
        return list(DiscordRoleGrant.objects.values_list("discord_id", "is_wanted", "state"))


def is_any_connection_waiting_for_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND wait_event_type = 'Lock')"
        )
        return cursor.fetchone()[0]


@pytest.fixture
def waiting_worker(discord, make_role_holder):
    """The thread of a worker that waits for Discord's answer to the first of two changes."""
    with database_identity(Role.WORKER):
        make_role_holder("1001")
        make_role_holder("1002")
        want_discord_roles()
    discord.waits_before_answer = True
    worker = Thread(target=as_worker(lambda: send_discord_roles(now=timezone.now())))
    worker.start()
    assert discord.request_received.wait(10)
    yield worker
    discord.may_answer.set()
    worker.join()


def test_two_workers_share_pending_grants(discord, waiting_worker):
    discord.request_received.clear()
    second = Thread(target=as_worker(lambda: send_discord_roles(now=timezone.now())))
    second.start()
    assert discord.request_received.wait(10)
    third = Thread(target=as_worker(lambda: send_discord_roles(now=timezone.now())))
    third.start()
    third.join()
    assert waiting_worker.is_alive()
    assert second.is_alive()
    discord.may_answer.set()
    waiting_worker.join()
    second.join()
    assert sorted(account for _, account, _ in discord.requests) == ["1001", "1002"]
    assert sorted(rows()) == [("1001", True, "done"), ("1002", True, "done")]


def test_removal_waits_until_grant_is_sent(discord, waiting_worker):
    with database_identity(Role.WORKER):
        Profile.objects.update(discord_id=None)
    removal = Thread(target=as_worker(want_discord_roles))
    removal.start()
    while removal.is_alive() and not is_any_connection_waiting_for_lock():
        removal.join(0.01)
    assert removal.is_alive()
    discord.waits_before_answer = False
    discord.may_answer.set()
    waiting_worker.join()
    removal.join()
    assert {(wanted, state) for _, wanted, state in rows()} == {(False, "pending")}
    with database_identity(Role.WORKER):
        send_discord_roles(now=timezone.now())
    assert (discord.assigned, rows()) == (set(), [])


def test_grant_that_another_worker_just_finished_is_kept(discord, make_role_holder):
    outcome = []
    with database_identity(Role.WORKER):
        make_role_holder("1001")
    with database_identity(Role.WORKER):
        assert want_discord_roles() == 1
        DiscordRoleGrant.objects.update(state=DiscordRoleGrant.State.DONE)
        other = start_in_thread(as_worker(lambda: outcome.append(want_discord_roles())))
        assert other.is_alive()
    other.join()
    assert (outcome, rows()) == ([0], [("1001", True, "done")])


def test_grant_is_sent_again_when_worker_dies_before_commit(discord, make_role_holder):
    with database_identity(Role.WORKER):
        make_role_holder("1001")
        want_discord_roles()
    with database_identity(Role.WORKER):
        send_discord_roles(now=timezone.now())
        transaction.set_rollback(True)
    assert rows() == [("1001", True, "pending")]
    with database_identity(Role.WORKER):
        assert send_discord_roles(now=timezone.now()).number == 1
    assert rows() == [("1001", True, "done")]
    assert discord.requests == [("PUT", "1001", "7")] * 2
