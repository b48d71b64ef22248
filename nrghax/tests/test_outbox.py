"""Activities survive the loss of a worker or of Valkey. The tests kill real workers and a Valkey of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_member
from analytics.actions import enqueue_reactions, record
from analytics.models import Activity, Notification, UserActivityLog
from database.identity import Role, database_identity
from database.tests.connections import is_blocking, url_of
from dev.embedded.valkey import Valkey
from hacks.tests.factories import HackFactory
from nrghax.tasks import SWEEP_AFTER, sweep_activities
from practice.models import DailyCheckin, MemberStats
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db(transaction=True)


def wait_until(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"timed out after {seconds} s"
        Event().wait(0.05)


@pytest.fixture(scope="module")
def own_valkey(tmp_path_factory):
    """A broker and cache that only these tests use, so that they can kill it."""
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(own_valkey, settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": own_valkey.url}}
    before = current_app.conf.broker_url
    use_broker(own_valkey.url)
    yield own_valkey
    use_broker(before)


def use_broker(url: str) -> None:
    current_app.conf.broker_url = url
    # Celery keeps a pool of connections to the URL that was set when the first task was sent.
    current_app.amqp._producer_pool = None


class Worker:
    COMMAND = "-m celery -A nrghax worker --pool solo --without-gossip --without-mingle --without-heartbeat -l info"

    def __init__(self, broker: str, log: Path) -> None:
        database = url_of(connection.settings_dict["USER"])
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, *self.COMMAND.split(), "--hostname", f"{log.stem}@test"],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "NRGHAX_PROCESS": "worker",
                "DATABASE_URL": database,
                "DATABASE_WORKER_URL": database,
                "REDIS_URL": broker,
                "DEBUG": "1",
            },
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
        )

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def has_logged(self, text: str, *, since: int = 0) -> bool:
        return text in self.log.read_text()[since:]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)


@pytest.fixture(scope="module")
def all_workers():
    workers: list[Worker] = []
    yield workers
    for worker in workers:
        worker.kill()


@pytest.fixture
def workers(valkey, all_workers, tmp_path_factory) -> list[Worker]:
    """Two running workers of the product. Workers that an earlier test killed are replaced."""
    logs = tmp_path_factory.mktemp("workers")
    while sum(worker.is_alive() for worker in all_workers) < 2:
        all_workers.append(Worker(valkey.url, logs / f"worker{len(all_workers)}.log"))
    alive = [worker for worker in all_workers if worker.is_alive()]
    wait_until(lambda: all(worker.has_logged(" ready.") for worker in alive))
    return alive


def check_in(member) -> UserActivityLog:
    """Check in over HTTP. Return the recorded activity."""
    client = Client()
    with database_identity(Role.AUTH):
        client.force_login(member.user)
    response = client.post(
        reverse("practice:checkin"), {"date": timezone.now().date().isoformat(), "seen": "", "mood_before": "5"}
    )
    assert (response.status_code, response["Location"]) == (302, reverse("practice:today"))
    with database_identity(Role.WORKER):
        return UserActivityLog.objects.get(user=member, activity_type=Activity.CHECKIN_SAVED)


def practise_to_unlock(member) -> UserActivityLog:
    """Log a practice whose reaction unlocks a hack. Return its activity."""
    first = HackFactory()
    HackFactory(slug="next", prerequisite_hack=first)
    with database_identity(Role.WORKER):
        make_session(member, first, started_at=timezone.now() - timedelta(hours=1))
        return record(member.pk, Activity.SESSION_LOGGED)


def is_processed(activity: UserActivityLog) -> bool:
    with database_identity(Role.WORKER):
        activity.refresh_from_db()
    return activity.processed_at is not None


def is_notified(member) -> bool:
    with database_identity(Role.WORKER):
        return Notification.objects.filter(user=member).exists()


def sweep() -> int:
    """Run the sweeper as beat does each minute, on activities that are old enough."""
    with database_identity(Role.WORKER):
        for activity in UserActivityLog.objects.filter(processed_at=None):
            activity.created_at -= SWEEP_AFTER
            activity.save(update_fields=["created_at"])
        return sweep_activities()


def assert_unlocked_once(member) -> None:
    with database_identity(Role.WORKER):
        assert Notification.objects.filter(user=member).count() == 1
        activities = UserActivityLog.objects.filter(user=member, activity_type=Activity.HACK_UNLOCKED)
        assert [activity.processed_at is not None for activity in activities] == [True]


def queue_is_empty() -> bool:
    with current_app.connection_for_read() as broker:
        client = broker.default_channel.client
        return client.llen("celery") == 0 and client.hlen("unacked") == 0


def record_on_other_connection(member) -> UserActivityLog:
    """Record a check-in and commit it while the test's own transaction stays open."""

    def record_and_commit():
        try:
            with database_identity(Role.WORKER):
                return record(member.pk, Activity.CHECKIN_SAVED)
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        return pool.submit(record_and_commit).result()


def test_worker_reacts_to_check_in_and_repeated_delivery_has_one_effect(workers):
    member = make_member()
    activity = check_in(member)
    wait_until(lambda: is_processed(activity))
    practice = practise_to_unlock(member)
    for _ in range(6):
        enqueue_reactions(practice.pk)
    wait_until(lambda: is_notified(member))
    for _ in range(6):
        enqueue_reactions(practice.pk)
        enqueue_reactions(activity.pk)
    wait_until(queue_is_empty)
    assert is_processed(practice)
    assert_unlocked_once(member)


def test_check_in_succeeds_and_is_swept_later_when_valkey_is_killed_before_commit(valkey, workers):
    member = make_member()
    valkey.process().kill()
    wait_until(lambda: not valkey.answers())
    started = time.monotonic()
    activity = check_in(member)
    assert time.monotonic() - started < 2
    assert not is_processed(activity)
    with database_identity(Role.WORKER):
        assert DailyCheckin.objects.filter(user=member).count() == 1
    valkey.start()
    assert sweep() == 1
    # The same workers reconnect to the broker by themselves.
    wait_until(lambda: is_processed(activity))
    assert all(worker.is_alive() for worker in workers)
    assert sweep() == 0


def test_other_worker_reacts_when_one_is_killed_between_commit_and_task(workers):
    member = make_member()
    for worker in workers:
        worker.process.send_signal(signal.SIGSTOP)
    activity = check_in(member)
    practice = practise_to_unlock(member)
    dying, other = workers
    dying.kill()
    assert not is_processed(activity)
    other.process.send_signal(signal.SIGCONT)
    # Tasks that the killed worker had received exist only in the activity log now.
    sweep()
    wait_until(lambda: is_processed(activity) and is_processed(practice) and is_notified(member))
    assert_unlocked_once(member)


def test_activity_is_swept_when_worker_is_killed_during_reaction(workers):
    member = make_member()
    log_lengths = [len(worker.log.read_text()) for worker in workers]
    with database_identity(Role.WORKER):
        MemberStats.objects.select_for_update().get(pk=member.pk)
        activity = record_on_other_connection(member)
        # Recomputing the streak needs the locked row. The worker waits for it and is killed meanwhile.
        wait_until(is_blocking)
        (busy,) = [
            worker
            for worker, length in zip(workers, log_lengths, strict=True)
            if worker.has_logged("Task nrghax.tasks.react", since=length)
        ]
        busy.kill()
    assert not is_processed(activity)
    assert activity.attempts == 0
    assert sweep() == 1
    wait_until(lambda: is_processed(activity))
