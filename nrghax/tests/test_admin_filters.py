"""A list of the admin filters only by what it offers, whatever column or lookup its URL names."""

import pytest
from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.db import connection
from django.db.models.constants import LOOKUP_SEP
from django.urls import reverse

from accounts.tests.factories import make_staff

pytestmark = pytest.mark.django_db

ADMINS = sorted(admin.site._registry.items(), key=lambda item: item[0]._meta.label)
# What a member writes down for oneself. Staff read it neither on a page nor in the database.
INTIMATE = {
    "practice_sessions": {"notes", "feedback_score", "biometric_data"},
    "daily_checkins": {"notes", "mood_before", "mood_after"},
    "user_hack_progress": {"notes"},
}


def paths_of(model, *, depth=2):
    """Return the paths to the model's columns, and to those of the models that it refers to."""
    for field in model._meta.get_fields():
        yield field.name
        if field.is_relation and field.related_model and depth > 1:
            yield from (f"{field.name}{LOOKUP_SEP}{path}" for path in paths_of(field.related_model, depth=depth - 1))


def lookups_of(model, path):
    """Return each parameter that Django would turn into a condition on this path."""
    field = get_fields_from_path(model, path)[-1]
    names = getattr(field, "get_lookups", dict)()
    return [path, *(f"{path}{LOOKUP_SEP}{name}" for name in names)]


def offered(model_admin, request):
    """Return the paths of the list's filters and of its date navigation."""
    paths = {item if isinstance(item, str) else item[0] for item in model_admin.get_list_filter(request)
             if not isinstance(item, type)}  # fmt: skip
    keys = {f"{path}{LOOKUP_SEP}id" for path in paths}
    return {*paths, *keys, *getattr(model_admin, "linked_filters", ()), model_admin.date_hierarchy} - {None}


@pytest.mark.parametrize(("model", "model_admin"), ADMINS, ids=lambda each: getattr(each, "__name__", ""))
def test_only_offered_columns_are_looked_up(rf, staff, model, model_admin):
    request = rf.get("/")
    request.user = staff.user
    is_open = {
        path
        for path in paths_of(model)
        for lookup in lookups_of(model, path)
        if model_admin.lookup_allowed(lookup, "1", request)
    }
    assert is_open <= offered(model_admin, request)
    assert not model_admin.lookup_allowed("user__notes__regex", "1", request)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("practice_practicesession", "notes__regex=^I"),
        ("practice_practicesession", "feedback_score__exact=5"),
        ("practice_practicesession", "biometric_data__pulse=60"),
        ("practice_practicesession", "user__checkins__notes__startswith=I"),
        ("practice_dailycheckin", "mood_before__exact=1"),
        ("practice_dailycheckin", "notes__contains=I"),
        ("hacks_userhackprogress", "notes__regex=^I"),
        ("accounts_user", "password__startswith=argon2"),
        ("accounts_member", "user__password__startswith=argon2"),
        ("mfa_authenticator", "data__secret__startswith=a"),
    ],
)
def test_hidden_column_is_refused(staff_client, name, query):
    assert staff_client.get(f"{reverse(f'admin:{name}_changelist')}?{query}").status_code == 400


def test_every_offered_filter_works(staff_client):
    for model, _ in ADMINS:
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        changes = staff_client.get(url).context["cl"]
        # The last choice of each filter: all choices of a filter have the same parameters.
        links = [[choice["query_string"] for choice in each.choices(changes)][-1] for each in changes.filter_specs]
        for link in links:
            assert staff_client.get(url + link).status_code == 200, url + link


def test_database_hides_intimate_columns_from_staff():
    for table, columns in INTIMATE.items():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
                "AND has_column_privilege('nrghax_staff', attrelid, attnum, 'SELECT, INSERT, UPDATE, REFERENCES')",
                [table],
            )
            readable = {name for (name,) in cursor.fetchall()}
        assert readable
        assert not readable & columns


def test_staff_with_view_permission_count_no_note(sign_in):
    client = sign_in(make_staff("view_practicesession"))
    url = reverse("admin:practice_practicesession_changelist")
    assert client.get(url).status_code == 200
    assert client.get(f"{url}?notes__isnull=False").status_code == 400
