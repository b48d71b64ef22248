import pytest
from django.contrib import messages
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.test import Client
from django.urls import path, reverse

from accounts.tests.factories import make_member
from database.identity import Role, database_identity
from hacks import shared_pages
from hacks.models import Hack
from hacks.tests.factories import HackCategoryFactory, HackFactory
from nrghax import urls

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_pages_of_other_tests():
    shared_pages._pages.clear()


@pytest.fixture
def hack():
    return HackFactory(name="Energy Ball", slug="energy-ball", is_gateway=True)


@pytest.fixture(params=["home", "hacks:hack-list", "hacks:hack-detail"])
def address(request, hack):
    return reverse(request.param, args=[hack.slug] if request.param == "hacks:hack-detail" else [])


@shared_pages.shared_page
def with_token(request):
    return HttpResponse(get_token(request))


@shared_pages.shared_page
def with_cookie(request):
    response = HttpResponse("Yours")
    response.set_cookie("own", "1")
    return response


@shared_pages.shared_page
def with_session(request):
    request.session["own"] = True
    return HttpResponse("Yours")


@shared_pages.shared_page
def not_there(request):
    return HttpResponse("Not yet", status=404)


urlpatterns = [
    *urls.urlpatterns,
    path("token/", with_token),
    path("cookie/", with_cookie),
    path("session/", with_session),
    path("not-there/", not_there),
]


def test_a_second_visitor_gets_the_same_page_without_its_queries(client, address, queries_of):
    first = client.get(address)
    again = []
    statements = queries_of(lambda: again.append(client.get(address)) or again[0])
    assert again[0].content == first.content
    assert again[0].headers == first.headers
    assert "Cookie" in again[0].headers["Vary"]
    assert len(statements) == 2  # who asks, and the state of the content


def test_what_staff_save_is_in_the_next_answer(client, address, hack):
    client.get(address)
    with database_identity(Role.STAFF):
        Hack.objects.filter(pk=hack.pk).update(name="Energy Bowl")
    assert "Energy Bowl" in client.get(address).content.decode()


def test_a_change_of_a_category_counts_too(client, address, hack):
    client.get(address)
    hack.category.title = "Warmth in the hands"
    with database_identity(Role.STAFF):
        hack.category.save()
    assert "Warmth in the hands" in client.get(address).content.decode()


def test_a_deleted_or_new_hack_counts_too(client, hack):
    other = HackFactory(name="Night Descent")
    assert "Night Descent" in client.get("/hacks/").content.decode()
    with database_identity(Role.STAFF):
        other.delete()
    assert "Night Descent" not in client.get("/hacks/").content.decode()
    HackFactory(name="Island")
    assert "Island" in client.get("/hacks/").content.decode()


def test_a_hidden_hack_is_gone(client, hack):
    assert client.get(hack.get_absolute_url()).status_code == 200
    with database_identity(Role.STAFF):
        Hack.objects.update(is_active=False)
    assert client.get(hack.get_absolute_url()).status_code == 404


def test_members_get_their_own_page_and_visitors_never_see_it(client, sign_in, hack):
    visitors = client.get("/hacks/").content
    member = make_member(display_name="Lea Learner")
    own = sign_in(member).get("/hacks/")
    assert b"Lea Learner" in own.content
    client.logout()
    assert client.get("/hacks/").content == visitors
    assert len(shared_pages._pages) == 1


def test_a_member_who_comes_first_leaves_nothing_behind(member_client, hack):
    assert member_client.get("/hacks/").status_code == 200
    assert shared_pages._pages == {}


def test_whoever_has_a_session_is_not_like_any_other(client, hack, settings):
    client.cookies[settings.SESSION_COOKIE_NAME] = "long-gone"
    assert client.get("/hacks/").status_code == 200
    assert shared_pages._pages == {}


def test_a_message_is_shown_to_whom_it_is_for_alone(client, address, rf):
    plain = client.get(address).content
    request = rf.get("/")
    storage = messages.storage.cookie.CookieStorage(request)
    request._messages = storage
    messages.success(request, "You are signed out, Lea.")
    response = HttpResponse()
    storage.update(response)
    client.cookies["messages"] = response.cookies["messages"].value
    assert b"You are signed out, Lea." in client.get(address).content
    assert client.get(address).content == plain


def test_a_search_is_never_kept(client, hack):
    client.get("/hacks/")
    assert "1 hack found" in client.get("/hacks/?q=energy+ball").content.decode()
    assert "No hack" in client.get("/hacks/?q=nothing+of+the+kind").content.decode()
    assert len(shared_pages._pages) == 1


def test_a_part_of_a_page_is_not_taken_for_the_whole(client, hack):
    part = {"HX-Request": "true", "HX-Target": "results"}
    whole = client.get("/hacks/").content
    assert b"<html" not in client.get("/hacks/", headers=part).content
    assert client.get("/hacks/").content == whole


def test_hosts_and_schemes_do_not_share(client, hack, settings):
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    for host in settings.ALLOWED_HOSTS:
        for secure in (False, True):
            client.get("/hacks/", headers={"host": host}, secure=secure)
    assert len(shared_pages._pages) == 4


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("own", ["token", "cookie", "session", "not-there"])
def test_what_was_made_for_one_visitor_is_never_kept(client, own):
    client.get(f"/{own}/")
    assert shared_pages._pages == {}


@pytest.mark.urls(__name__)
def test_each_visitor_has_a_token_of_their_own(client):
    assert client.get("/token/").content != Client().get("/token/").content


def test_who_writes_templates_sees_them(client, settings, hack):
    settings.DEBUG = True
    client.get("/hacks/")
    assert shared_pages._pages == {}


def test_the_pages_kept_have_an_end(client, monkeypatch):
    monkeypatch.setattr(shared_pages, "MOST_PAGES", 2)
    hacks = [HackFactory(category=HackCategoryFactory()) for _ in range(3)]
    for hack in hacks:
        client.get(hack.get_absolute_url())
    assert [key[-1] for key in shared_pages._pages] == [hack.get_absolute_url() for hack in hacks[1:]]


def test_a_head_request_is_answered_from_the_page_that_is_kept(client, hack):
    client.get("/hacks/")
    response = client.head("/hacks/")
    assert response.status_code == 200
    assert response.content == b""
