"""Connections beside the test's own, to the databases of the test suite."""

from collections.abc import Callable
from threading import Thread
from urllib.parse import quote

from django.db import connection


def url_of(user: str, database: str = "") -> str:
    """How to reach the suite's server as another login; `database` is the suite's own unless named."""
    parameters = connection.get_connection_params()
    host = quote(str(parameters.get("host") or ""), safe="")
    password = f":{quote(parameters['password'], safe='')}" if parameters.get("password") else ""
    port = f"&port={parameters['port']}" if parameters.get("port") else ""
    return f"postgresql://{user}{password}@/{database or parameters['dbname']}?host={host}{port}"


def is_waited_for() -> bool:
    """Whether another connection waits for a lock of this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        return cursor.fetchone()[0]


def meanwhile(action: Callable[[], object]) -> Thread:
    """Start `action` on a connection of its own, and come back when it waits or is done."""

    def act() -> None:
        try:
            action()
        finally:
            connection.close()

    thread = Thread(target=act)
    thread.start()
    while thread.is_alive() and not is_waited_for():
        thread.join(0.01)
    return thread
