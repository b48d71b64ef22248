"""A member's favourites and private notes."""

import re
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.contrib.messages import get_messages
from django.db import connection

from accounts.tests.factories import make_member
from database.identity import Role, database_identity
from hacks.actions import save_notes, set_favourite
from hacks.models import UserHackProgress
from hacks.tests.factories import HackFactory
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def hack():
    return HackFactory(name="Quiet breath", slug="quiet-breath")


def stored(member, hack):
    return UserHackProgress.objects.filter(user=member, hack=hack).values_list("is_favorite", "notes").first()


def messages_in(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_favourite_is_set_and_removed(member_client, member, hack):
    url = "/hacks/quiet-breath/favourite/"
    response = member_client.post(url, {"is_favourite": "true"})
    assert response.status_code == 302
    assert response["Location"] == hack.get_absolute_url()
    assert messages_in(response) == ["Quiet breath added to your favourites."]
    assert stored(member, hack) == (True, "")
    page = member_client.get(hack.get_absolute_url()).content.decode()
    assert 'aria-pressed="true"' in page
    assert re.search(r'name="is_favourite"\s+value="false"', page)
    member_client.post(url, {"is_favourite": "false"})
    assert stored(member, hack) == (False, "")


def test_repeated_favourite_changes_nothing(member_client, member, hack):
    for _ in range(2):
        member_client.post("/hacks/quiet-breath/favourite/", {"is_favourite": "true"})
    assert stored(member, hack) == (True, "")
    assert UserHackProgress.objects.filter(user=member).count() == 1


def test_htmx_gets_button_only(member_client, member, hack):
    response = member_client.post("/hacks/quiet-breath/favourite/", {"is_favourite": "true"}, headers=HTMX)
    content = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in content
    assert 'aria-pressed="true"' in content
    assert 'data-announce="Quiet breath added to your favourites."' in content
    assert stored(member, hack) == (True, "")


@pytest.mark.parametrize("value", [None, "", "maybe", "1"])
def test_favourite_with_invalid_value_is_refused(member_client, member, hack, value):
    data = {} if value is None else {"is_favourite": value}
    assert member_client.post("/hacks/quiet-breath/favourite/", data).status_code == 400
    assert stored(member, hack) is None


def test_notes_are_saved_shown_and_cleared(member_client, member, hack):
    response = member_client.post("/hacks/quiet-breath/notes/", {"notes": "Warm <hands> first."})
    assert response["Location"] == hack.get_absolute_url()
    assert messages_in(response) == ["Notes saved."]
    assert stored(member, hack) == (False, "Warm <hands> first.")
    assert "Warm &lt;hands&gt; first." in member_client.get(hack.get_absolute_url()).content.decode()
    member_client.post("/hacks/quiet-breath/notes/", {"notes": ""})
    assert stored(member, hack) == (False, "")


def test_notes_over_limit_are_refused_and_shown_again(member_client, member, hack):
    response = member_client.post("/hacks/quiet-breath/notes/", {"notes": "a" * 5001})
    assert response.status_code == 200
    assert "at most 5000 characters" in response.content.decode()
    assert "a" * 5001 in response.content.decode()
    assert stored(member, hack) is None


def test_other_member_does_not_see_notes(sign_in, member, hack):
    save_notes(member=member, hack=hack, notes="A secret of mine.")
    page = sign_in(make_member()).get(hack.get_absolute_url()).content.decode()
    assert "A secret" not in page


def test_saving_keeps_other_columns(member_client, member, hack):
    make_session(member, hack, started_at=datetime(2026, 3, 2, 9, tzinfo=UTC), minutes=12)
    member_client.post("/hacks/quiet-breath/notes/", {"notes": "Good."})
    member_client.post("/hacks/quiet-breath/favourite/", {"is_favourite": "true"})
    own = UserHackProgress.objects.get(user=member, hack=hack)
    assert (own.notes, own.is_favorite) == ("Good.", True)
    assert (own.total_practice_count, own.total_practice_minutes, own.days_active) == (1, 12, 1)


def test_locked_hack_can_be_favourite_and_stays_locked(member_client, member):
    hack = HackFactory(prerequisite_hack=HackFactory())
    member_client.post(f"{hack.get_absolute_url()}favourite/", {"is_favourite": "true"})
    own = UserHackProgress.objects.get(user=member, hack=hack)
    assert (own.is_favorite, own.unlocked_at) == (True, None)


@pytest.mark.parametrize("kind", ["favourite", "notes"])
def test_visitor_is_redirected_to_login_and_back_to_hack(client, hack, kind):
    headers = {"Referer": "http://testserver/hacks/quiet-breath/"}
    data = {"is_favourite": "true", "notes": "Hello"}
    response = client.post(f"/hacks/quiet-breath/{kind}/", data, headers=headers)
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/hacks/quiet-breath/"
    by_htmx = client.post(f"/hacks/quiet-breath/{kind}/", data, headers={**headers, **HTMX})
    assert by_htmx["HX-Redirect"] == "/accounts/login/?next=/hacks/quiet-breath/"
    assert UserHackProgress.objects.count() == 0


@pytest.mark.parametrize("kind", ["favourite", "notes"])
def test_get_is_refused(member_client, hack, kind):
    assert member_client.get(f"/hacks/quiet-breath/{kind}/").status_code == 405


@pytest.mark.parametrize("kind", ["favourite", "notes"])
def test_unknown_or_unpublished_hack_is_not_found(member_client, hack, kind):
    data = {"is_favourite": "true", "notes": "x"}
    assert member_client.post(f"/hacks/nowhere/{kind}/", data).status_code == 404
    unpublished = HackFactory(is_active=False)
    assert member_client.post(f"{unpublished.get_absolute_url()}{kind}/", data).status_code == 404
    assert UserHackProgress.objects.count() == 0


@pytest.mark.parametrize("kind", ["favourite", "notes"])
def test_post_without_csrf_token_is_refused(member, sign_in, hack, kind):
    client = sign_in(member)
    client.handler.enforce_csrf_checks = True
    assert client.post(f"/hacks/quiet-breath/{kind}/", {"is_favourite": "true", "notes": "x"}).status_code == 403
    assert stored(member, hack) is None


@pytest.mark.django_db(transaction=True)
def test_concurrent_favourite_and_notes_share_one_row():
    member, hack = make_member(), HackFactory()
    barrier = Barrier(2)
    errors = []

    def run(action, **values):
        try:
            with database_identity(Role.MEMBER, member.pk):
                barrier.wait(timeout=10)
                action(member=member, hack=hack, **values)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [
        Thread(target=run, args=[set_favourite], kwargs={"is_favourite": True}),
        Thread(target=run, args=[save_notes], kwargs={"notes": "Both of us."}),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert errors == []
    with database_identity(Role.WORKER):
        assert stored(member, hack) == (True, "Both of us.")
