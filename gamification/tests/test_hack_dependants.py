"""Admin pages warn staff before they unpublish or delete a hack or category that criteria use."""

import pytest
from django.urls import reverse

from database.identity import Role, database_identity
from gamification.tests.factories import AchievementFactory, ChallengeFactory
from hacks.models import Hack, HackCategory
from hacks.tests.factories import HackCategoryFactory, HackFactory
from hacks.tests.test_admin import change_url, form_data

pytestmark = pytest.mark.django_db
NAMES = "the achievement “Bubble keeper”, the challenge “Bubble week”"


@pytest.fixture
def hack():
    criteria = {"type": "practice_count", "value": 3, "hack": "soft-bubble"}
    AchievementFactory(name="Bubble keeper", criteria_json=criteria)
    ChallengeFactory(name="Bubble week", criteria_json=criteria)
    ChallengeFactory(name="Last year", criteria_json=criteria, days=(-3, -2))
    AchievementFactory(name="Of another", criteria_json=criteria | {"hack": "deep-gaze"})
    return HackFactory(slug="soft-bubble")


def test_unpublish_confirmation_lists_dependants_of_hack(staff_client, hack):
    other = HackFactory()
    data = {"action": "unpublish", "_selected_action": [str(hack.pk), str(other.pk)]}
    page = staff_client.post(reverse("admin:hacks_hack_changelist"), data).text
    assert page.count("Used by:") == 1
    assert f"Used by: {NAMES}." in page


def test_hack_page_lists_dependants_and_warns_after_unpublishing(staff_client, hack):
    assert NAMES in staff_client.get(change_url(hack)).text
    page = staff_client.post(change_url(hack), form_data(hack, is_active=None), follow=True).text
    assert f"Other members can no longer reach {NAMES}." in page


def test_hack_with_dependants_cannot_be_deleted(staff_client, hack):
    url = reverse("admin:hacks_hack_delete", args=[hack.pk])
    assert f"because it&#x27;s used by {NAMES}." in staff_client.post(url, {"post": "yes"}, follow=True).text
    assert Hack.objects.filter(pk=hack.pk).exists()


def test_category_with_dependants_cannot_be_deleted(staff_client):
    category, free = HackCategoryFactory(name="before"), HackCategoryFactory(name="free")
    criteria = {"type": "practice_count", "value": 3, "category": "before"}
    AchievementFactory(name="Bubble keeper", criteria_json=criteria)
    ChallengeFactory(name="Bubble week", criteria_json=criteria)
    ChallengeFactory(name="Last year", criteria_json=criteria | {"category": "free"}, days=(-3, -2))
    AchievementFactory(criteria_json={"type": "practice_count", "value": 3, "hack": "free"})
    with database_identity(Role.STAFF):
        HackCategory.objects.filter(pk=category.pk).update(name="after")
    urls = [reverse("admin:hacks_hackcategory_delete", args=[each.pk]) for each in (category, free)]
    pages = [staff_client.post(url, {"post": "yes"}, follow=True).text for url in urls]
    assert f"because it&#x27;s used by {NAMES}." in pages[0]
    assert list(HackCategory.objects.all()) == [category]
    data = {"action": "delete_selected", "_selected_action": [str(category.pk)], "post": "yes"}
    staff_client.post(reverse("admin:hacks_hackcategory_changelist"), data)
    assert list(HackCategory.objects.all()) == [category]
