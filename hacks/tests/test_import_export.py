"""Import and export of hacks: the dry run reports every bad row, and the confirmed import is atomic."""

import csv
import io
import json

import pytest
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.tests.factories import make_member, make_user
from database.identity import Role, database_identity
from hacks.import_export import COLUMNS
from hacks.models import Hack
from hacks.tests.factories import HackCategoryFactory, HackFactory

pytestmark = pytest.mark.django_db

IMPORT = reverse("admin:hacks_hack_import")
CONFIRM = reverse("admin:hacks_hack_process_import")
EXPORT = reverse("admin:hacks_hack_export")
CSV, JSON = "0", "1"


@pytest.fixture
def category():
    return HackCategoryFactory(name="stillness")


def row(slug, **values):
    hack = {"slug": slug, "name": slug.title(), "category": "stillness", "duration_minutes": 5, "difficulty_level": 1}
    return {**hack, "is_active": "yes", **values}


def dry_run(client, rows, kind=CSV):
    if kind == CSV:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys(name for each in rows for name in each)))
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue()
    else:
        content = json.dumps(rows)
    upload = SimpleUploadedFile("hacks.csv" if kind == CSV else "hacks.json", content.encode())
    response = client.post(IMPORT, {"import_file": upload, "format": kind, "resource": "0"})
    assert response.status_code == 200
    return response


def confirm(client, response):
    data = {name: value for name, value in response.context["confirm_form"].initial.items() if value is not None}
    return client.post(CONFIRM, data, follow=True)


@pytest.mark.parametrize("kind", [CSV, JSON])
def test_valid_file_is_imported_after_confirmation(staff_client, category, kind):
    criteria = '{"practice_count": 3}'
    rows = [row("rest", unlock_criteria="", prerequisite_hack=""), row("sink", unlock_criteria=criteria)]
    rows[1]["prerequisite_hack"] = "rest"
    response = dry_run(staff_client, rows, kind)
    assert not Hack.objects.exists()
    page = confirm(staff_client, response).content.decode()
    assert "2 new, 0 updated" in page
    sink = Hack.objects.get(slug="sink")
    assert (sink.prerequisite_hack.slug, sink.unlock_criteria) == ("rest", {"practice_count": 3})


BAD_ROWS = [
    ({"category": "nowhere"}, "There is no category “nowhere”"),
    ({"prerequisite_hack": "later"}, "There is no hack “later”"),
    ({"content_url": "https://www.youtube.com/watch?v=1"}, "Enter the embed URL"),
    ({"difficulty_level": 6}, "Enter 5 or less."),
    ({"is_active": "ja"}, "Enter yes or no instead of “ja”."),
    ({"unlock_criteria": '{"practice_count": 3}'}, "Choose a prerequisite."),
    ({"verification_questions": '{"a": 1}'}, "Enter a list of questions"),
    ({"name": ""}, "name: Fill in this field."),
    ({"duration_minutes": "five"}, "duration_minutes: Enter a whole number instead of “five”."),
    ({"duration_minutes": "5.5"}, "duration_minutes: Enter a whole number instead of “5.5”."),
    ({"unlock_criteria": "{oops"}, "unlock_criteria: “{oops” isn&#x27;t valid JSON."),
    ({"slug": "rest"}, "slug: “rest” is already in row 1."),
]


@pytest.mark.parametrize(("values", "words"), BAD_ROWS)
def test_dry_run_reports_bad_row_and_changes_nothing(staff_client, category, values, words):
    response = dry_run(staff_client, [row("rest"), {**row("sink"), **values}])
    page = " ".join(response.content.decode().split())
    assert "Nothing was imported" in page
    assert "Row 2" in page
    assert words in page
    assert "Row 1" not in page
    assert "confirm_form" not in response.context
    assert not Hack.objects.exists()


def test_dry_run_reports_every_bad_row(staff_client, category):
    rows = [row("rest"), *({**row(f"hack-{number}"), **values} for number, (values, _) in enumerate(BAD_ROWS))]
    page = dry_run(staff_client, rows)
    for number, (_, words) in enumerate(BAD_ROWS, 2):
        assert f"Row {number}" in page.content.decode()
        assert words in page.content.decode()


def test_unknown_column_is_refused(staff_client, category):
    page = dry_run(staff_client, [row("rest", titel="Rest")]).content.decode()
    assert "Unknown column &#x27;titel&#x27;" in page
    assert "Traceback" not in page


@pytest.mark.parametrize(("content", "kind"), [("Übung".encode("latin-1"), CSV), (b'{"slug":', JSON), (b"[1]", JSON)])
def test_unreadable_file_is_refused(staff_client, content, kind):
    upload = SimpleUploadedFile("hacks", content)
    page = staff_client.post(IMPORT, {"import_file": upload, "format": kind, "resource": "0"}).text
    assert "saved as UTF-8." in page
    assert "Error" not in page


def test_update_is_recorded_in_history_with_values(staff_client, category):
    hack = HackFactory(slug="rest", category=category, duration_minutes=4)
    same = HackFactory(slug="same", name="Same", category=category, duration_minutes=5)
    response = dry_run(staff_client, [row("rest", name=hack.name), row("same")])
    page = confirm(staff_client, response).content.decode()
    assert "0 new, 1 updated, 0 deleted and 1 skipped" in page
    entry = LogEntry.objects.get(object_id=str(hack.pk))
    assert json.loads(entry.change_message)[0]["changed"]["values"] == [["duration minutes", "4", "5"]]
    assert not LogEntry.objects.filter(object_id=str(same.pk)).exists()


def test_row_that_became_invalid_after_dry_run_changes_nothing(staff_client, category):
    response = dry_run(staff_client, [row("rest"), row("sink")])
    HackFactory(slug="other")
    with database_identity(Role.STAFF):
        category.delete()
    assert "Nothing was imported" in confirm(staff_client, response).content.decode()
    assert set(Hack.objects.values_list("slug", flat=True)) == {"other"}


def test_expired_upload_changes_nothing(staff_client, category):
    response = dry_run(staff_client, [row("rest")])
    cache.clear()
    assert "Choose the file again" in confirm(staff_client, response).content.decode()
    assert not Hack.objects.exists()


@pytest.mark.parametrize("kind", [CSV, JSON])
def test_exported_file_can_be_imported(staff_client, kind):
    last = HackFactory(name="A", prerequisite_hack=HackFactory(name="B", verification_questions=["Where?"]))
    response = staff_client.post(EXPORT, {"format": kind, "resource": "0", **dict.fromkeys(COLUMNS, "on")})
    text = response.content.decode()
    rows = json.loads(text) if kind == JSON else list(csv.DictReader(io.StringIO(text)))
    assert [each["slug"] for each in rows] == [last.prerequisite_hack.slug, last.slug]
    assert list(rows[0]) == list(COLUMNS)
    stored = Hack.objects.order_by("slug").values(*COLUMNS)
    before = list(stored)
    with database_identity(Role.STAFF):
        last.delete()
        last.prerequisite_hack.delete()
    confirm(staff_client, dry_run(staff_client, rows, kind))
    prerequisite = Hack.objects.get(slug=last.prerequisite_hack.slug).pk
    expected = [{**each, "prerequisite_hack": each["prerequisite_hack"] and prerequisite} for each in before]
    assert list(stored.all()) == expected


def test_import_and_export_need_permission(client, sign_in):
    for url in (IMPORT, EXPORT):
        assert client.get(url).status_code == 302
        assert sign_in(make_member()).get(url).status_code == 302
        assert sign_in(make_member(user=make_user(is_staff=True))).get(url).status_code == 403
        client.logout()
