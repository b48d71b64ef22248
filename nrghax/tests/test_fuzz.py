"""Malformed addresses and parameters of the admin and of the product: a clear refusal, never a 500."""

from itertools import cycle

import pytest
from django.contrib import admin
from django.urls import reverse

from hacks.tests.factories import HackFactory
from nrghax.tests.test_post_buttons import all_urls

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
KEYS = ["zzz", "9" * 30, "9" * 5000, "%00"]
ACTIONS = ("change", "delete")
VALUES = ["x", "9" * 5000, "\x00", "2026-02-30"]
# Sent to each page of the product: the names of filters and of fields.
NAMES = [
    *("q", "page", "category", "sort", "state", "month", "day", "next", "hack", "show", "period", "board", "length"),
    *("difficulty", "gateway", "username", "display_name", "timezone", "bio", "notes", "mood_before", "mood_after"),
    *("selected_hack", "minutes", "started_on", "started_at_time", "session_type", "feedback_score", "id", "session"),
    *(
        "zone",
        "starts_on",
        "ends_on",
        "answer-0",
        "is_authentic",
        "comment",
        "review",
        "lease",
        "key",
        "moment",
        "word",
    ),
]
OTHER_PAGES = ["account_login", "account_signup", "account_reset_password", "account_email", "mfa_index", "home"]


def page(model, action, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


def failures(answers: dict) -> dict:
    return {url: status for url, status in answers.items() if status >= 500}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_admin_refuses_malformed_keys(staff_client, model):
    urls = [
        page(model, action, "KEY").replace("KEY", key) for key in KEYS for action in ("change", "delete", "history")
    ]
    assert failures({url: staff_client.get(url).status_code for url in urls}) == {}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_admin_lists_refuse_malformed_parameters(staff_client, rf, staff, model):
    request = rf.get("/")
    request.user = staff.user
    offered = admin.site._registry[model]._filter_parameters(request)
    url = page(model, "changelist")
    names = (*offered, "p", "o", "all", "e", "_to_field")
    # Each value for the search, and one value for each other parameter, in turn.
    queries = [("q", value) for value in VALUES] + list(zip(names, cycle(VALUES), strict=False))
    answers = {f"{name}={value[:40]}": staff_client.get(url, {name: value}).status_code for name, value in queries}
    assert failures(answers) == {}


@pytest.mark.parametrize("method", ["get", "post"])
def test_product_refuses_malformed_parameters(member_client, method):
    HackFactory(slug="energy-shield")
    send = getattr(member_client, method)
    answers = {}
    for url in (*all_urls(), *(reverse(name) for name in OTHER_PAGES)):
        for value in VALUES:
            answers[f"{url} {value[:40]!r}"] = send(url, dict.fromkeys(NAMES, value)).status_code
    assert failures(answers) == {}


@pytest.mark.parametrize("value", [*VALUES, '["a\x00"]', "{}", "[1]"])
def test_hack_form_refuses_malformed_fields(staff_client, value):
    hack = HackFactory(slug="energy-shield")
    url = page(type(hack), "change", hack.pk)
    form = staff_client.get(url).context["adminform"].form
    fields = {each.html_name: each.value() for each in form if each.value() is not None}
    statuses = {name: staff_client.post(url, {**fields, name: value}).status_code for name in form.fields}
    assert failures(statuses) == {}
