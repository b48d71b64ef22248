"""Every page of the admin, for all apps, under the database role of staff's requests."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from unfold.admin import ModelAdmin

from accounts.tests.factories import make_member, make_staff, make_user
from community.tests.factories import make_verification
from database.identity import Role, database_identity
from gamification.models import Achievement, Challenge, DiscordRoleGrant
from hacks.tests.factories import HackFactory
from nrghax.tests.factories import leave_traces

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
LABELS = [model._meta.label for model in MODELS]
LOGIN = reverse("admin:login")
# A value that no template formatted: a default of the database, or a time with microseconds.
UNFORMATTED = re.compile(r"DatabaseDefault object|\d\.\d{6}\+00:00")


def leave_rows() -> None:
    leave_traces(make_member())
    HackFactory()
    with database_identity(Role.STAFF):
        number = Achievement.objects.count()
        criteria = {"type": "streak", "value": 7}
        Achievement.objects.create(name=f"First {number}", slug=f"first-{number}", criteria_json=criteria)


def page(model, name: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def requested_by(member):
    request = RequestFactory().get("/admin/")
    request.user = member.user
    return request


def test_all_our_models_are_registered():
    ours = {"accounts", "analytics", "hacks", "practice", "gamification", "community"}
    labels = {model._meta.label for model in apps.get_models() if model._meta.app_label in ours}
    assert labels - set(LABELS) == set()


def pages_of(model, staff) -> dict[str, bool]:
    """Return the URLs of a model's admin pages, and whether a superuser may open each."""
    model_admin = admin.site._registry[model]
    row = model._default_manager.order_by("pk").last()
    request = requested_by(staff)
    return {
        page(model, "changelist"): True,
        page(model, "add"): model_admin.has_add_permission(request),
        page(model, "change", row.pk): True,
        page(model, "history", row.pk): True,
        page(model, "delete", row.pk): model_admin.has_delete_permission(request, row),
    }


# One test for all models: creating the rows costs more than requesting the pages.
def test_every_page_responds(staff_client, staff):
    leave_rows()
    pages = {url: is_open for model in MODELS for url, is_open in pages_of(model, staff).items()}
    answers = {url: staff_client.get(url) for url in pages}
    statuses = {url: answer.status_code for url, answer in answers.items()}
    assert statuses == {url: 200 if is_open else 403 for url, is_open in pages.items()}
    assert [url for url, answer in answers.items() if UNFORMATTED.search(answer.text)] == []


def test_every_list_is_searchable_and_sortable(staff_client, staff):
    leave_rows()
    for model in MODELS:
        model_admin = admin.site._registry[model]
        url = page(model, "changelist")
        if model_admin.get_search_fields(requested_by(staff)):
            assert staff_client.get(url, {"q": "breath"}).status_code == 200, url
        for number in range(1, len(model_admin.list_display) + 1):
            response = staff_client.get(url, {"o": number})
            assert response.status_code == 200, url
            assert response.context["cl"].result_count > 0, url


def test_lists_run_no_query_per_row(staff_client):
    counts = {page(model, "changelist"): [] for model in MODELS}
    for _ in range(2):
        leave_rows()
        leave_rows()
        for url, seen in counts.items():
            with CaptureQueriesContext(connection) as captured:
                assert staff_client.get(url).status_code == 200, url
            seen.append(len(captured))
    assert {url: (few, many) for url, (few, many) in counts.items() if few != many or many > 20} == {}


def test_every_list_redirects_visitors_and_members_to_login(client):
    def answers():
        return {client.get(page(model, "changelist")).headers.get("Location") for model in MODELS}

    closed = {f"{LOGIN}?next={page(model, 'changelist')}" for model in MODELS}
    assert answers() == closed
    client.force_login(make_member().user)
    assert answers() == closed


def test_admin_login_redirects_visitor_to_common_login(client):
    response = client.get(LOGIN, {"next": "/admin/"})
    assert response.url == f"{reverse('account_login')}?next=%2Fadmin%2F"


def test_admin_login_refuses_member_without_staff_rights(member_client):
    assert member_client.get(LOGIN).status_code == 403


def test_staff_see_only_models_that_their_permissions_allow(sign_in):
    client = sign_in(make_staff("add_hack", "change_hack", "delete_hack", "view_hack"))
    index = client.get(reverse("admin:index"))
    listed = [model["object_name"] for app in index.context["app_list"] for model in app["models"]]
    assert listed == ["Hack"]
    assert client.get(reverse("admin:hacks_hack_changelist")).status_code == 200
    assert client.get(reverse("admin:accounts_user_changelist")).status_code == 403
    assert client.get(reverse("admin:accounts_user_add")).status_code == 403


def directives(response) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))


def test_only_admin_pages_relax_content_security_policy(staff_client):
    """docs/decisions/admin.md lists the exceptions. Inline scripts are never allowed."""
    strict = directives(staff_client.get("/"))
    loose = directives(staff_client.get(reverse("admin:index")))
    assert {name: value for name, value in loose.items() if strict.get(name) != value} == {
        "script-src": "'self' 'unsafe-eval'",
        "style-src-attr": "'unsafe-inline'",
    }
    assert strict["script-src"] == "'self'"


@pytest.mark.parametrize("model", MODELS, ids=LABELS)
def test_every_model_admin_has_unfold_look(model):
    """Third-party admins such as allauth's count too."""
    assert isinstance(admin.site._registry[model], ModelAdmin)


def test_sidebar_groups_models_by_topic_and_follows_permissions(sign_in, staff_client):
    def sidebar(client):
        groups = client.get(reverse("admin:index")).context["sidebar_navigation"]
        return {group["title"]: [item["title"] for item in group["items"]] for group in groups}

    topics = ["Library", "People", "Practice", "Progress", "Verification", "Activity"]
    everything = sidebar(staff_client)
    assert list(everything) == topics
    assert "XP awards" in everything["Progress"]
    curator = make_staff("view_hack")
    assert sidebar(sign_in(curator)) == {"Library": ["Hacks"]}


def test_start_page_and_sidebar_count_verifications_that_wait_for_staff(sign_in, staff, staff_client):
    def shown(client) -> tuple[str, list[int]]:
        index = client.get(reverse("admin:index"))
        groups = index.context["sidebar_navigation"]
        items = [item for group in groups for item in group["items"] if item["title"] == "Verifications"]
        return index.content.decode(), [item["badge"] for item in items]

    listed = f"{reverse('admin:community_hackverification_changelist')}?status__exact=escalated"
    page, badges = shown(staff_client)
    assert (listed in page, badges) == (False, [0])
    make_verification(status="submitted")
    # Staff can't decide their own verification, and those of banned members don't count.
    make_verification(author=staff, status="escalated")
    make_verification(author=make_member(user=make_user(is_active=False)), status="escalated")
    for _ in range(2):
        make_verification(status="escalated")
    page, badges = shown(staff_client)
    assert (listed in page, badges) == (True, [2])
    assert "2 verifications need a staff decision" in page
    assert staff_client.get(listed).context["cl"].result_count == 4
    viewer = make_staff("view_hackverification")
    page, badges = shown(sign_in(viewer))
    assert (listed in page, badges) == (False, [0])


@pytest.mark.parametrize(
    ("model", "query", "words", "others"),
    [
        (DiscordRoleGrant, {}, ["Nothing here yet"], ["Reset filters", "/add/", "Create a new"]),
        (DiscordRoleGrant, {"q": "x"}, ["No matches", "Reset filters"], ["/add/", "Create a new"]),
        (DiscordRoleGrant, {"role_id": "no such"}, ["No matches", "Reset filters"], ["/add/"]),
        (Challenge, {"q": "no such"}, ["No matches", "Add challenge"], ["Create a new"]),
    ],
)
def test_empty_list_offers_only_possible_actions(staff_client, model, query, words, others):
    listed = staff_client.get(page(model, "changelist"), query).content.decode()
    content = listed[listed.index('id="changelist"') :]
    assert [word for word in words if word not in content] == []
    assert [word for word in others if word in content] == []
