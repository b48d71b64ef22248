"""Second connections to the databases of the test suite."""

from collections.abc import Callable
from threading import Thread
from urllib.parse import quote

from django.db import connection


def url_of(user: str, database: str = "") -> str:
    """Return the URL of the suite's server for another login; `database` defaults to the suite's own."""
    parameters = connection.get_connection_params()
    host = quote(str(parameters.get("host") or ""), safe="")
    password = f":{quote(parameters['password'], safe='')}" if parameters.get("password") else ""
    port = f"&port={parameters['port']}" if parameters.get("port") else ""
    return f"postgresql://{user}{password}@/{database or parameters['dbname']}?host={host}{port}"


def is_blocking() -> bool:
    """Return whether another connection waits for a lock of this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        return cursor.fetchone()[0]


def start_in_thread(action: Callable[[], object]) -> Thread:
    """Start `action` on a connection of its own. Return its thread once it waits for a lock or ends."""

    def run() -> None:
        try:
            action()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    while thread.is_alive() and not is_blocking():
        thread.join(0.01)
    return thread
