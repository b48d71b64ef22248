"""The embedded servers, really started, crashed and shared between processes."""

import os
import socket
import subprocess
import sys

import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from dev.embedded import Embedded, Urls
from dev.embedded.postgres import SYSTEM_USER

# Faster settings that may lose data.
FAST = {"fsync": "off", "shared_buffers": "16MB"}

USE_SERVERS = """
import sys
from pathlib import Path
from dev.embedded import Embedded, ensure_servers
data_dir = Path(sys.argv[1])
ensure_servers(data_dir)
embedded = Embedded(data_dir)
print(embedded.postgres.process().pid, embedded.valkey.process().pid, flush=True)
"""


def use_from_another_process(data_dir, then="sys.stdin.read()"):
    return subprocess.Popen(
        [sys.executable, "-c", f"{USE_SERVERS}\n{then}", str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def server_pids(embedded):
    found = embedded.postgres.process(), embedded.valkey.process()
    return tuple(process and process.pid for process in found)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A directory with a complete cluster, so that a test that leaves servers running does not fail the next one."""
    data_dir = tmp_path_factory.mktemp("embedded")
    embedded = Embedded(data_dir, FAST)
    embedded.acquire()
    embedded.release()
    return data_dir


@pytest.fixture
def embedded(data_dir):
    embedded = Embedded(data_dir, FAST)
    yield embedded
    embedded.release()
    embedded.stop()


def test_each_login_connects_as_itself(embedded):
    urls = embedded.acquire()
    for login in ("owner", "web", "worker", "backup", "test"):
        with psycopg.connect(getattr(urls, login)) as connection:
            assert connection.execute("SELECT current_user, current_database()").fetchone() == (
                f"nrghax_{login}",
                "nrghax",
            )
    with psycopg.connect(urls.superuser) as connection:
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,)
    assert redis.Redis.from_url(urls.redis).ping()


def test_servers_listen_only_locally_and_with_password(embedded):
    urls = embedded.acquire()
    postgres, valkey = embedded.postgres.process(), embedded.valkey.process()
    addresses = {
        connection.laddr.ip
        for server in (postgres, valkey)
        for connection in server.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}
    assert embedded.postgres.data_dir.stat().st_mode & 0o077 == 0
    assert (embedded.valkey.data_dir / "valkey.conf").stat().st_mode & 0o077 == 0
    port = redis.Redis.from_url(urls.redis).connection_pool.connection_kwargs["port"]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=port, retry=Retry(NoBackoff(), 0)).ping()


def test_crashed_servers_restart_at_same_address_with_data(embedded):
    urls = embedded.acquire()
    with psycopg.connect(urls.owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    redis.Redis.from_url(urls.redis).set("kept", 1)
    redis.Redis.from_url(urls.redis).execute_command("WAITAOF", 1, 0, 2000)
    for server in (embedded.postgres.process(), embedded.valkey.process()):
        server.kill()

    assert embedded.acquire() == urls
    with psycopg.connect(urls.owner) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
        connection.execute("DROP TABLE kept")
    assert redis.Redis.from_url(urls.redis).get("kept") == b"1"


def test_server_starts_despite_stale_pid_file_of_another_process(embedded, request):
    embedded.acquire()
    pid_file = embedded.postgres.data_dir / "postmaster.pid"
    contents = pid_file.read_text().splitlines()
    embedded.stop()
    # PostgreSQL ignores the pids of other users by itself, so the process runs as PostgreSQL's user.
    user = SYSTEM_USER if os.geteuid() == 0 else None
    other = subprocess.Popen(["sleep", "600"], user=user)
    request.addfinalizer(other.wait)
    request.addfinalizer(other.kill)
    pid_file.write_text("\n".join([str(other.pid), *contents[1:]]) + "\n")
    assert embedded.postgres.process() is None

    embedded.acquire()

    assert embedded.postgres.process().pid != other.pid


def test_interrupted_initialisation_starts_again(tmp_path):
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    embedded = Embedded(tmp_path, FAST)
    try:
        embedded.postgres.start()
        assert embedded.postgres.answers()
    finally:
        embedded.stop()


def test_data_directory_may_be_too_long_for_socket_and_contain_quote(tmp_path):
    data_dir = tmp_path / "it's" / ("long" * 20)
    embedded = Embedded(data_dir, FAST)
    try:
        urls = embedded.acquire()
        with psycopg.connect(urls.web) as connection:
            socket_dir = connection.info.host
        assert len(f"{data_dir}/postgres/.s.PGSQL.5432") > 103
        assert redis.Redis.from_url(urls.redis).ping()
    finally:
        embedded.release()
        embedded.stop()
    assert not os.path.exists(socket_dir)


def test_valkey_changes_port_when_port_is_taken(embedded):
    port = redis.Redis.from_url(embedded.acquire().redis).connection_pool.connection_kwargs["port"]
    embedded.release()
    with socket.create_server(("127.0.0.1", port)):
        urls = embedded.acquire()
        client = redis.Redis.from_url(urls.redis)
        assert client.connection_pool.connection_kwargs["port"] != port
        assert client.ping()


def test_last_user_stops_servers(embedded, data_dir):
    another = Embedded(data_dir, FAST)
    embedded.acquire()
    another.acquire()
    running = server_pids(embedded)

    embedded.release()
    assert server_pids(another) == running

    another.release()
    assert server_pids(another) == (None, None)


def test_exiting_process_stops_servers_only_if_it_is_last_user(embedded, data_dir):
    with use_from_another_process(data_dir) as process:
        assert process.stdout.readline().split() == [str(pid) for pid in server_pids(embedded)]
        embedded.acquire()
        running = server_pids(embedded)
        process.stdin.close()
        assert process.wait(30) == 0
    assert server_pids(embedded) == running
    embedded.release()

    with use_from_another_process(data_dir) as process:
        process.stdin.close()
        assert process.wait(30) == 0
    assert server_pids(embedded) == (None, None)


def test_killed_user_is_not_counted(embedded, data_dir):
    with use_from_another_process(data_dir) as process:
        running = process.stdout.readline().split()
        process.kill()
    assert [str(pid) for pid in server_pids(embedded)] == running

    embedded.acquire()
    embedded.release()

    assert server_pids(embedded) == (None, None)


def test_forked_child_counts_as_user(embedded, data_dir):
    fork = "import os\nif os.fork() == 0:\n    sys.stdin.read()\n    os._exit(0)"
    with use_from_another_process(data_dir, then=fork) as process:
        running = process.stdout.readline().split()
        assert process.wait(30) == 0
        assert [str(pid) for pid in server_pids(embedded)] == running
        process.stdin.close()
        # The pipe ends when the child exits, which holds its other end.
        process.stdout.read()
    embedded.acquire()
    embedded.release()
    assert server_pids(embedded) == (None, None)


def test_concurrent_starts_share_servers(tmp_path):
    with use_from_another_process(tmp_path) as one, use_from_another_process(tmp_path) as two:
        assert one.stdout.readline() == two.stdout.readline() != ""
        one.stdin.close()
        two.stdin.close()
        assert one.wait(60) == two.wait(60) == 0
    assert server_pids(Embedded(tmp_path)) == (None, None)


def test_one_server_can_run_without_the_other(embedded):
    urls = embedded.acquire(postgres=False)
    assert isinstance(urls, Urls)
    assert redis.Redis.from_url(urls.redis).ping()
    assert embedded.postgres.process() is None
