import pytest

from database.identity import Role, database_identity
from hacks.models import HackCategory
from hacks.tests.factories import HackCategoryFactory

pytestmark = pytest.mark.django_db

URL = "/hacks/colours.css"


def test_style_sheet_has_colour_of_each_category(client):
    HackCategoryFactory(name="breath", color_hex="#2F7F79", sort_order=1)
    HackCategoryFactory(name="rest", color_hex="#aa3311", sort_order=2)
    response = client.get(URL)
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert response.content.decode() == (
        '[data-category="breath"]{--accent:#2F7F79}\n[data-category="rest"]{--accent:#aa3311}\n'
    )
    assert "max-age=300" in response["Cache-Control"]


def test_etag_answers_not_modified_until_colour_changes(client):
    category = HackCategoryFactory(color_hex="#2f7f79")
    etag = client.get(URL)["ETag"]
    unchanged = client.get(URL, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    with database_identity(Role.STAFF):
        HackCategory.objects.filter(pk=category.pk).update(color_hex="#000000")
    changed = client.get(URL, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert b"#000000" in changed.content


def test_style_sheet_is_empty_without_categories_and_refuses_post(client):
    assert client.get(URL).content == b""
    assert client.post(URL).status_code == 405
