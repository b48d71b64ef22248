"""The admin of hacks, categories and progress: its pages, its errors and its queries."""

import pytest
from django.urls import reverse

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from database.identity import Role, database_identity
from gamification.models import Achievement
from hacks.models import Hack, HackCategory, UserHackProgress
from hacks.tests.factories import HackCategoryFactory, HackFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def unlock_requests(monkeypatch):
    """Replace the Celery call of `unlock_for_all` and return the list of recorded calls."""
    from hacks.tasks import unlock_for_all

    calls = []
    monkeypatch.setattr(unlock_for_all, "delay", lambda: calls.append("unlock_for_all"))
    return calls


def form_data(hack=None, **changes):
    """Return the POST data of the change form. A change to None removes the field."""
    values = {
        "name": "Soft Bubble",
        "slug": "soft-bubble",
        "short_description": "",
        "description": "",
        "text_guide": "",
        "content_url": "",
        "duration_minutes": "7",
        "position": "0",
        "difficulty_level": "2",
        "prerequisite_hack": "",
        "unlock_criteria_practice_count": "",
        "unlock_criteria_days_active": "",
        "verification_questions": [""],
        "verification_practice_count": "10",
        "reviewer_practice_count": "30",
        "is_active": "on",
        **changes,
    }
    if hack:
        values = {**values, "name": hack.name, "slug": hack.slug, "category": str(hack.category_id), **changes}
    return {name: value for name, value in values.items() if value is not None}


def change_url(hack):
    return reverse("admin:hacks_hack_change", args=[hack.pk])


def errors_of(response):
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def test_added_hack_is_stored_and_links_to_its_page(staff_client):
    prerequisite = HackFactory()
    data = form_data(
        category=str(HackCategoryFactory().pk),
        prerequisite_hack=str(prerequisite.pk),
        unlock_criteria_practice_count="4",
        unlock_criteria_days_active="3",
        verification_questions=["How does it feel?", " ", "Where?"],
    )
    response = staff_client.post(reverse("admin:hacks_hack_add"), data)
    assert response.status_code == 302
    hack = Hack.objects.get(slug="soft-bubble")
    assert hack.prerequisite_hack == prerequisite
    assert hack.unlock_criteria == {"practice_count": 4, "days_active": 3}
    assert hack.verification_questions == ["How does it feel?", "Where?"]
    page = staff_client.get(change_url(hack)).content.decode()
    assert f'<a href="/hacks/{hack.slug}/">' in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("unlock_criteria_practice_count", "often", "Enter a whole number."),
        ("unlock_criteria_practice_count", "0", "Enter 1 or more."),
        ("unlock_criteria_days_active", "1001", "Enter 1000 or less."),
        ("slug", "log", "Choose another slug"),
        ("content_url", "https://www.youtube.com/watch?v=1", "Enter the embed URL"),
        ("difficulty_level", "6", "Enter 5 or less."),
        ("duration_minutes", "0", "Enter 1 or more."),
    ],
)
def test_error_stands_beside_its_field(staff_client, field, value, words):
    hack = HackFactory(prerequisite_hack=HackFactory())
    data = form_data(hack, prerequisite_hack=str(hack.prerequisite_hack_id), **{field: value})
    beside = "unlock_criteria" if field.startswith("unlock_criteria") else field
    assert words in str(errors_of(staff_client.post(change_url(hack), data))[beside])


def test_criteria_without_prerequisite_are_refused(staff_client):
    hack = HackFactory()
    response = staff_client.post(change_url(hack), form_data(hack, unlock_criteria_practice_count="3"))
    assert "Choose a prerequisite." in str(errors_of(response))


def test_cycle_is_refused_beside_prerequisite(staff_client):
    first = HackFactory()
    last = HackFactory(prerequisite_hack=HackFactory(prerequisite_hack=first))
    response = staff_client.post(change_url(first), form_data(first, prerequisite_hack=str(last.pk)))
    assert "members could never unlock either" in str(errors_of(response)["prerequisite_hack"])
    first.refresh_from_db()
    assert first.prerequisite_hack is None


def test_hack_with_published_dependant_is_not_unpublished(staff_client):
    hack = HackFactory()
    dependant = HackFactory(prerequisite_hack=hack)
    response = staff_client.post(change_url(hack), form_data(hack, is_active=None))
    assert dependant.name in str(errors_of(response)["is_active"])


def test_new_criteria_queue_unlocking_for_all(
    staff_client, member, unlock_requests, django_capture_on_commit_callbacks
):
    first = HackFactory()
    hack = HackFactory(prerequisite_hack=first, unlock_criteria={"practice_count": 9})
    data = form_data(hack, prerequisite_hack=str(first.pk), unlock_criteria_practice_count="2")
    with django_capture_on_commit_callbacks(execute=True):
        staff_client.post(change_url(hack), data)
    assert unlock_requests == ["unlock_for_all"]


def test_other_changes_queue_nothing(staff_client, unlock_requests, django_capture_on_commit_callbacks):
    hack = HackFactory()
    with django_capture_on_commit_callbacks(execute=True):
        data = form_data(hack, name="Another name")
        response = staff_client.post(change_url(hack), data)
    assert response.status_code == 302
    assert unlock_requests == []


def test_hack_in_use_is_not_deleted_and_message_says_why(staff_client, member):
    with_notes, with_dependant, unused = HackFactory(), HackFactory(), HackFactory()
    UserHackProgress.objects.create(user=member, hack=with_notes, notes="Mine.")
    HackFactory(prerequisite_hack=with_dependant)
    for hack in (with_notes, with_dependant):
        response = staff_client.post(reverse("admin:hacks_hack_delete", args=[hack.pk]), {"post": "yes"}, follow=True)
        assert "Unpublish it instead" in response.content.decode()
        assert Hack.objects.filter(pk=hack.pk).exists()
    staff_client.post(reverse("admin:hacks_hack_delete", args=[unused.pk]), {"post": "yes"})
    assert not Hack.objects.filter(pk=unused.pk).exists()


def test_hacks_have_no_bulk_deletion(staff_client):
    hack = HackFactory()
    staff_client.post(
        reverse("admin:hacks_hack_changelist"),
        {"action": "delete_selected", "_selected_action": [str(hack.pk)], "post": "yes"},
    )
    assert Hack.objects.filter(pk=hack.pk).exists()


def run_action(client, action, *hacks):
    return client.post(
        reverse("admin:hacks_hack_changelist"),
        {"action": action, "_selected_action": [str(hack.pk) for hack in hacks], "confirmed": "yes"},
        follow=True,
    ).content.decode()


def test_bulk_publishing_skips_hack_with_unpublished_prerequisite(
    staff_client, unlock_requests, django_capture_on_commit_callbacks
):
    unpublished, plain = HackFactory(is_active=False), HackFactory(is_active=False)
    waiting = HackFactory(prerequisite_hack=unpublished, is_active=False, name="Waiting for it")
    with django_capture_on_commit_callbacks(execute=True):
        page = run_action(staff_client, "publish", plain, waiting)
    assert "Published: 1." in page
    assert "because their prerequisite isn&#x27;t published: Waiting for it." in page
    assert set(Hack.objects.published()) == {plain}
    assert unlock_requests == ["unlock_for_all"]


def test_bulk_unpublishing_skips_hack_with_published_dependant(staff_client):
    needed, plain = HackFactory(name="Needed"), HackFactory()
    waiting = HackFactory(prerequisite_hack=needed)
    page = run_action(staff_client, "unpublish", plain, needed)
    assert "Unpublished: 1." in page
    assert "because published hacks need them: Needed." in page
    assert set(Hack.objects.published()) == {needed, waiting}
    again = run_action(staff_client, "unpublish", needed)
    assert "No hack was changed." in again
    assert "Unpublished:" not in again


def test_progress_is_read_only_and_hides_notes(staff_client, member):
    own = UserHackProgress.objects.create(user=member, hack=HackFactory(), notes="A secret of mine.")
    url = reverse("admin:hacks_userhackprogress_change", args=[own.pk])
    page = staff_client.get(url)
    assert page.status_code == 200
    assert "A secret" not in page.content.decode()
    assert staff_client.post(url, {"total_practice_count": "99"}).status_code == 403
    assert staff_client.get(reverse("admin:hacks_userhackprogress_add")).status_code == 403
    delete = reverse("admin:hacks_userhackprogress_delete", args=[own.pk])
    assert staff_client.post(delete, {"post": "yes"}).status_code == 403


def test_categories_and_achievements_can_be_added(staff_client):
    data = {"name": "stillness", "title": "Stillness", "description": "", "icon_url": "moon", "color_hex": "#2f7f79"}
    staff_client.post(reverse("admin:hacks_hackcategory_add"), {**data, "sort_order": "60"})
    assert HackCategory.objects.get(name="stillness").color_hex == "#2f7f79"
    response = staff_client.post(
        reverse("admin:hacks_hackcategory_add"), {**data, "name": "red", "color_hex": "red", "sort_order": "1"}
    )
    assert "Enter a colour as #RRGGBB." in str(errors_of(response)["color_hex"])
    achievement = {
        "name": "A week",
        "slug": "a-week",
        "criteria_json_type": "streak",
        "criteria_json_value": "7",
        "points": "10",
        "sort_order": "1",
    }
    staff_client.post(reverse("admin:gamification_achievement_add"), achievement)
    assert Achievement.objects.get(slug="a-week").criteria_json == {"type": "streak", "value": 7}


def test_category_with_hacks_is_not_deleted(staff_client):
    hack = HackFactory()
    url = reverse("admin:hacks_hackcategory_delete", args=[hack.category_id])
    assert "protected" in staff_client.get(url).content.decode()
    staff_client.post(url, {"post": "yes"})
    assert HackCategory.objects.filter(pk=hack.category_id).exists()


def test_prerequisite_search_finds_name(staff_client):
    HackFactory(name="Energy Ball")
    HackFactory(name="Island")
    response = staff_client.get(
        reverse("admin:autocomplete"),
        {"term": "energy", "app_label": "hacks", "model_name": "hack", "field_name": "prerequisite_hack"},
    )
    assert [row["text"] for row in response.json()["results"]] == ["Energy Ball"]


LISTS = [
    "admin:hacks_hack_changelist",
    "admin:hacks_hackcategory_changelist",
    "admin:hacks_userhackprogress_changelist",
    "admin:gamification_achievement_changelist",
]


def add_rows(count):
    prerequisite = HackFactory()
    for _ in range(count):
        member = make_member()
        hack = HackFactory(prerequisite_hack=prerequisite)
        UserHackProgress.objects.create(user=member, hack=hack, total_practice_count=1)
    with database_identity(Role.STAFF):
        existing = Achievement.objects.count()
        criteria = {"type": "streak", "value": 7}
        for number in range(existing, existing + count):
            Achievement.objects.create(name=f"Award {number}", slug=f"award-{number}", criteria_json=criteria)


@pytest.mark.parametrize("name", LISTS)
def test_list_queries_do_not_grow_with_rows(staff_client, name, queries_of):
    def count_queries_after_adding(count):
        add_rows(count)
        return len(queries_of(lambda: staff_client.get(reverse(name), {"q": "a"})))

    staff_client.get(reverse(name))
    assert count_queries_after_adding(2) == count_queries_after_adding(12)


def test_change_page_queries_do_not_grow_with_rows(staff_client, queries_of):
    hack = HackFactory(prerequisite_hack=HackFactory())

    def count_queries_after_adding(count):
        add_rows(count)
        for member in [make_member() for _ in range(count)]:
            UserHackProgress.objects.create(user=member, hack=hack, total_practice_count=1)
        return len(queries_of(lambda: staff_client.get(change_url(hack))))

    staff_client.get(change_url(hack))
    assert count_queries_after_adding(1) == count_queries_after_adding(8)


@pytest.mark.parametrize("name", LISTS)
def test_list_is_for_staff_only(client, sign_in, name):
    assert client.get(reverse(name)).status_code == 302
    assert sign_in(make_member()).get(reverse(name)).status_code == 302


def test_unlock_for_all_unlocks_for_member_who_meets_criteria(member):
    from hacks.tasks import unlock_for_all

    first = HackFactory()
    hack = HackFactory(prerequisite_hack=first, unlock_criteria={"practice_count": 2})
    UserHackProgress.objects.create(user=member, hack=first, total_practice_count=2, days_active=1)
    assert unlock_for_all() == 1
    assert UserHackProgress.objects.get(user=member, hack=hack).unlocked_at is not None
    assert UserActivityLog.objects.filter(user=member, activity_type=Activity.HACK_UNLOCKED).exists()
