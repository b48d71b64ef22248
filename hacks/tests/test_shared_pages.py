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
def _clear_page_cache():
    shared_pages._pages.clear()


@pytest.fixture
def hack():
    return HackFactory(name="Energy Ball", slug="energy-ball", is_gateway=True)


@pytest.fixture(params=["home", "hacks:hack-list", "hacks:hack-detail"])
def url(request, hack):
    return reverse(request.param, args=[hack.slug] if request.param == "hacks:hack-detail" else [])


@shared_pages.shared_page
def sets_csrf_token(request):
    return HttpResponse(get_token(request))


@shared_pages.shared_page
def sets_cookie(request):
    response = HttpResponse("Yours")
    response.set_cookie("own", "1")
    return response


@shared_pages.shared_page
def writes_session(request):
    request.session["own"] = True
    return HttpResponse("Yours")


@shared_pages.shared_page
def not_found(request):
    return HttpResponse("Not yet", status=404)


urlpatterns = [
    *urls.urlpatterns,
    path("token/", sets_csrf_token),
    path("cookie/", sets_cookie),
    path("session/", writes_session),
    path("not-found/", not_found),
]


def test_second_visitor_gets_same_page_without_its_queries(client, url, queries_of):
    first = client.get(url)
    again = []
    statements = queries_of(lambda: again.append(client.get(url)) or again[0])
    assert again[0].content == first.content
    assert again[0].headers == first.headers
    assert "Cookie" in again[0].headers["Vary"]
    assert len(statements) == 2  # the identity and the state of the content


def test_edited_hack_shows_in_next_response(client, url, hack):
    client.get(url)
    with database_identity(Role.STAFF):
        Hack.objects.filter(pk=hack.pk).update(name="Energy Bowl")
    assert "Energy Bowl" in client.get(url).content.decode()


def test_edited_category_shows_in_next_response(client, url, hack):
    client.get(url)
    hack.category.title = "Warmth in the hands"
    with database_identity(Role.STAFF):
        hack.category.save()
    assert "Warmth in the hands" in client.get(url).content.decode()


def test_deleted_or_new_hack_shows_in_next_response(client, hack):
    other = HackFactory(name="Night Descent")
    assert "Night Descent" in client.get("/hacks/").content.decode()
    with database_identity(Role.STAFF):
        other.delete()
    assert "Night Descent" not in client.get("/hacks/").content.decode()
    HackFactory(name="Island")
    assert "Island" in client.get("/hacks/").content.decode()


def test_unpublished_hack_is_not_found(client, hack):
    assert client.get(hack.get_absolute_url()).status_code == 200
    with database_identity(Role.STAFF):
        Hack.objects.update(is_active=False)
    assert client.get(hack.get_absolute_url()).status_code == 404


def test_visitors_never_see_page_of_member(client, sign_in, hack):
    visitor_page = client.get("/hacks/").content
    member = make_member(display_name="Lea Learner")
    own = sign_in(member).get("/hacks/")
    assert b"Lea Learner" in own.content
    client.logout()
    assert client.get("/hacks/").content == visitor_page
    assert len(shared_pages._pages) == 1


def test_page_of_member_is_not_cached(member_client, hack):
    assert member_client.get("/hacks/").status_code == 200
    assert shared_pages._pages == {}


def test_page_of_visitor_with_session_is_not_cached(client, hack, settings):
    client.cookies[settings.SESSION_COOKIE_NAME] = "long-gone"
    assert client.get("/hacks/").status_code == 200
    assert shared_pages._pages == {}


def test_message_is_shown_to_its_visitor_only(client, url, rf):
    plain = client.get(url).content
    request = rf.get("/")
    storage = messages.storage.cookie.CookieStorage(request)
    request._messages = storage
    messages.success(request, "You are signed out, Lea.")
    response = HttpResponse()
    storage.update(response)
    client.cookies["messages"] = response.cookies["messages"].value
    assert b"You are signed out, Lea." in client.get(url).content
    assert client.get(url).content == plain


def test_search_is_not_cached(client, hack):
    client.get("/hacks/")
    assert "1 hack found" in client.get("/hacks/?q=energy+ball").content.decode()
    assert "No hack" in client.get("/hacks/?q=nothing+of+the+kind").content.decode()
    assert len(shared_pages._pages) == 1


def test_partial_page_is_not_cached(client, hack):
    part = {"HX-Request": "true", "HX-Target": "results"}
    whole = client.get("/hacks/").content
    assert b"<html" not in client.get("/hacks/", headers=part).content
    assert client.get("/hacks/").content == whole


def test_hosts_and_schemes_have_separate_pages(client, hack, settings):
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    for host in settings.ALLOWED_HOSTS:
        for secure in (False, True):
            client.get("/hacks/", headers={"host": host}, secure=secure)
    assert len(shared_pages._pages) == 4


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("own", ["token", "cookie", "session", "not-found"])
def test_personal_or_failed_response_is_not_cached(client, own):
    client.get(f"/{own}/")
    assert shared_pages._pages == {}


@pytest.mark.urls(__name__)
def test_each_visitor_gets_own_csrf_token(client):
    assert client.get("/token/").content != Client().get("/token/").content


def test_pages_are_not_cached_in_debug_mode(client, settings, hack):
    settings.DEBUG = True
    client.get("/hacks/")
    assert shared_pages._pages == {}


def test_cache_drops_oldest_page_when_full(client, monkeypatch):
    monkeypatch.setattr(shared_pages, "MAX_PAGES", 2)
    hacks = [HackFactory(category=HackCategoryFactory()) for _ in range(3)]
    for hack in hacks:
        client.get(hack.get_absolute_url())
    assert [key[-1] for key in shared_pages._pages] == [hack.get_absolute_url() for hack in hacks[1:]]


def test_head_request_is_answered_from_cache(client, hack):
    client.get("/hacks/")
    response = client.head("/hacks/")
    assert response.status_code == 200
    assert response.content == b""
