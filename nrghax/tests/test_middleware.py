"""The request's transaction and database identity, over HTTP against views that exist for these tests."""

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client
from django.urls import path

from accounts.models import Profile
from accounts.tests.factories import PASSWORD, make_member, make_user
from database.identity import Role, database_identity
from nrghax.urls import urlpatterns as product_urls


def show_identity(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, app.uid()")
        role, uid = cursor.fetchone()
    return HttpResponse(f"{role} {uid}")


def write_then_end(request, ending):
    Profile.objects.filter(pk=request.member.pk).update(bio="written")
    if ending == "raise":
        raise ValueError("after the write")
    if ending == "raise-404":
        raise Http404
    return HttpResponse(status=int(ending))


def stream(request):
    def chunks():
        for _ in range(2):
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_user, app.uid()")
                yield "{} {}\n".format(*cursor.fetchone())

    return StreamingHttpResponse(chunks())


def late_template(request):
    template = engines["django"].from_string("{% for profile in profiles %}{{ profile.bio }}{% endfor %}")
    return TemplateResponse(request, template, {"profiles": Profile.objects.all()})


urlpatterns = [
    path("who/", show_identity),
    path("admin/who/", show_identity),
    path("accounts/who/", show_identity),
    path("write/<ending>/", write_then_end),
    path("stream/", stream),
    path("late/", late_template),
    *product_urls,
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls("nrghax.tests.test_middleware")]


def test_role_depends_on_visitor_and_path(client, sign_in):
    assert client.get("/who/").content == b"nrghax_anon None"
    assert client.get("/accounts/who/").content == b"nrghax_auth None"
    assert client.get("/admin/who/").content == b"nrghax_auth None"
    member = make_member()
    sign_in(member)
    assert client.get("/who/").content.decode() == f"nrghax_member {member.pk}"
    assert client.get("/accounts/who/").content.decode() == f"nrghax_auth {member.pk}"
    assert client.get("/admin/who/").content.decode() == f"nrghax_auth {member.pk}"


def test_staff_have_staff_role_in_admin_only(client, sign_in):
    staff = make_member(user=make_user(is_staff=True))
    sign_in(staff)
    assert client.get("/admin/who/").content.decode() == f"nrghax_staff {staff.pk}"
    assert client.get("/who/").content.decode() == f"nrghax_member {staff.pk}"


def test_unknown_session_is_anonymous(client):
    client.cookies["sessionid"] = "0" * 32
    assert client.get("/who/").content == b"nrghax_anon None"


def test_deactivated_user_is_anonymous_at_once(member, member_client):
    member.user.is_active = False
    member.user.save(update_fields=["is_active"])
    assert member_client.get("/who/").content == b"nrghax_anon None"


@pytest.mark.parametrize(("ending", "bio"), [("200", "written"), ("404", "written"), ("500", ""), ("503", "")])
def test_5xx_response_rolls_back(member, member_client, ending, bio):
    assert member_client.get(f"/write/{ending}/").status_code == int(ending)
    assert Profile.objects.get(pk=member.pk).bio == bio


def test_exception_rolls_back(member, sign_in):
    client = sign_in(member)
    client.raise_request_exception = False
    assert client.get("/write/raise/").status_code == 500
    assert Profile.objects.get(pk=member.pk).bio == ""


def test_raised_404_rolls_back_and_renders_whole_page(member, member_client):
    response = member_client.get("/write/raise-404/")
    assert response.status_code == 404
    assert "Notifications" in response.content.decode()
    assert Profile.objects.get(pk=member.pk).bio == ""


def test_streamed_response_keeps_its_identity(member, member_client):
    response = member_client.get("/stream/")
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert lines == [f"nrghax_member {member.pk}"] * 2


def test_template_response_renders_under_visitor_identity(member, member_client):
    make_member(profile={"bio": "another's"})
    Profile.objects.filter(pk=member.pk).update(bio="own")
    assert member_client.get("/late/").content == b"own"


@pytest.mark.django_db(transaction=True)
def test_identity_does_not_leak_into_next_request_on_same_connection():
    first, second = make_member(), make_member()
    clients = []
    for member in (first, second):
        client = Client()
        with database_identity(Role.AUTH):
            client.force_login(member.user)
        clients.append(client)
    anonymous = Client()
    for _ in range(3):
        assert clients[0].get("/who/").content.decode() == f"nrghax_member {first.pk}"
        assert anonymous.get("/who/").content == b"nrghax_anon None"
        assert clients[1].get("/who/").content.decode() == f"nrghax_member {second.pk}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, NULLIF(current_setting('app.user_id', true), '')")
            assert cursor.fetchone() == ("nrghax_test", None)


@pytest.mark.django_db(transaction=True)
def test_login_and_logout_set_their_own_identity(client):
    """The session is read before the request has an identity and written after its transaction."""
    make_member(user=make_user(email="someone@example.com"))
    response = client.post("/accounts/login/", {"login": "someone@example.com", "password": PASSWORD})
    assert response.status_code == 302
    assert client.get("/who/").content.startswith(b"nrghax_member")
    with database_identity(Role.AUTH):
        assert Session.objects.count() == 1
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/who/").content == b"nrghax_anon None"
    with database_identity(Role.AUTH):
        assert Session.objects.count() == 0


def test_cookie_of_deleted_session_is_anonymous(member, member_client):
    Session.objects.all().delete()
    from django.core.cache import cache

    cache.clear()
    assert member_client.get("/who/").content == b"nrghax_anon None"


def test_security_headers_are_strict(client):
    response = client.get("/who/")
    policy = response["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "camera=()" in response["Permissions-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"


def test_htmx_request_without_login_redirects_whole_page(client):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/journal/?kind=session"}
    response = client.get("/journal/", headers=headers)
    assert response.status_code == 200
    assert response["HX-Redirect"] == "/accounts/login/?next=%2Fjournal%2F%3Fkind%3Dsession"
    elsewhere = client.get("/journal/", headers={**headers, "HX-Current-URL": "https://elsewhere.example/x"})
    assert elsewhere["HX-Redirect"] == "/accounts/login/?next=%2F"
    assert client.get("/journal/").status_code == 302
