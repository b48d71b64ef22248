import pytest
from django.conf import settings as configured
from django.core.cache import cache
from django.db import connection
from django.test import Client

from database.identity import Role, database_identity
from database.models import SqlFile
from nrghax.tasks import WORKER_SEEN_KEY, heartbeat

OK = {"database": "ok", "valkey": "ok", "migrations": "ok", "sql_files": "ok", "worker": "ok"}


@pytest.fixture
def worker_seen():
    heartbeat()


def checks(response):
    return response.json()["checks"]


def test_healthz_needs_neither_database_nor_session(client):
    client.cookies[configured.SESSION_COOKIE_NAME] = "any-session-key"

    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_readyz_passes_when_every_check_passes(client, worker_seen):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": OK}
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_readyz_fails_without_worker_heartbeat(client, worker_seen):
    cache.delete(WORKER_SEEN_KEY)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"status": "failed", "checks": {**OK, "worker": "failed"}}


def test_worker_heartbeat_expires_within_a_minute(worker_seen):
    assert 0 < cache._cache.get_client().ttl(cache.make_key(WORKER_SEEN_KEY)) <= 60


@pytest.mark.django_db
def test_readyz_fails_when_migration_is_missing(client, worker_seen):
    with database_identity(Role.OWNER), connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'practice' AND name LIKE '0001%'")

    assert checks(client.get("/readyz")) == {**OK, "migrations": "failed"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", ["DELETE FROM sql_files WHERE path LIKE %s", "UPDATE sql_files SET digest = 'x' WHERE path LIKE %s"]
)
def test_readyz_fails_when_sql_file_is_missing_or_outdated(client, worker_seen, change):
    with database_identity(Role.OWNER), connection.cursor() as cursor:
        cursor.execute(change, ["practice/%streak.sql"])

    assert checks(client.get("/readyz")) == {**OK, "sql_files": "failed"}


@pytest.mark.django_db
@pytest.mark.parametrize("digest", ["later", ""], ids=["changed", "removed"])
def test_readyz_of_old_release_passes_after_later_migrate(client, worker_seen, digest):
    with database_identity(Role.OWNER):
        file = SqlFile.objects.get(path__endswith="streak.sql")
        SqlFile.objects.filter(pk=file.pk).update(digest=digest, former_digests=[file.digest])

    assert checks(client.get("/readyz")) == OK


@pytest.mark.django_db
def test_readyz_fails_without_valkey(client, settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}

    response = client.get("/readyz")

    assert response.status_code == 503
    assert checks(response) == {**OK, "valkey": "failed", "worker": "failed"}


@pytest.mark.django_db(transaction=True)
def test_readyz_fails_without_database_and_recovers(client, worker_seen, monkeypatch):
    assert client.get("/readyz").status_code == 200
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nowhere")
        connection.close()

        response = client.get("/readyz")

        assert response.status_code == 503
        assert checks(response) == {**OK, "database": "failed", "migrations": "failed", "sql_files": "failed"}
        assert b"nowhere" not in response.content
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_refuse_post_without_token(path):
    client = Client(enforce_csrf_checks=True)
    client.cookies[configured.SESSION_COOKIE_NAME] = "a" * 32
    assert client.post(path).status_code == 405
