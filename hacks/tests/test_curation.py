"""The tools of staff who curate hacks: preview, form fields, publishing, history and path problems."""

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.tests.factories import make_member, make_user
from database.identity import Role, database_identity
from hacks import rules
from hacks.guides import render_guide
from hacks.models import Hack, UserHackProgress
from hacks.rules import PathNode
from hacks.tests.factories import HackCategoryFactory, HackFactory
from hacks.tests.test_admin import change_url, form_data

LIST = reverse("admin:hacks_hack_changelist")
PREVIEW = reverse("admin:hacks_hack_preview")


def history_page(client, hack) -> str:
    return client.get(reverse("admin:hacks_hack_history", args=[hack.pk])).content.decode()


@pytest.mark.django_db
def test_preview_renders_guide_like_its_page(staff_client):
    text = "# Breathe\n\n<script>alert(1)</script>\n\n[out](javascript:alert(1))"
    response = staff_client.post(PREVIEW, {"text": text})
    assert response.content.decode() == render_guide(text)
    assert "<script>" not in response.content.decode()
    assert staff_client.get(PREVIEW).status_code == 405


@pytest.mark.django_db
def test_preview_needs_permission_to_edit_hacks(client, sign_in):
    assert client.post(PREVIEW, {"text": "x"}).status_code == 302
    assert sign_in(make_member()).post(PREVIEW, {"text": "x"}).status_code == 302
    assert sign_in(make_member(user=make_user(is_staff=True))).post(PREVIEW, {"text": "x"}).status_code == 403


@pytest.mark.django_db
def test_form_shows_stored_criteria_and_questions(staff_client):
    hack = HackFactory(
        prerequisite_hack=HackFactory(), unlock_criteria={"days_active": 3}, verification_questions=["Where?"]
    )
    form = staff_client.get(change_url(hack)).context["adminform"].form
    assert 'name="unlock_criteria_days_active" value="3"' in str(form["unlock_criteria"])
    assert str(form["verification_questions"]).count("<input") == 3
    data = form_data(
        hack,
        prerequisite_hack=str(hack.prerequisite_hack_id),
        unlock_criteria_days_active="3",
        verification_questions=["Where?", "", ""],
        short_description=hack.short_description,
    )
    staff_client.post(change_url(hack), data)
    hack.refresh_from_db()
    assert (hack.unlock_criteria, hack.verification_questions) == ({"days_active": 3}, ["Where?"])


@pytest.mark.django_db
def test_form_clears_criteria_and_questions(staff_client):
    hack = HackFactory(
        prerequisite_hack=HackFactory(), unlock_criteria={"days_active": 3}, verification_questions=["Where?"]
    )
    staff_client.post(change_url(hack), form_data(hack))
    hack.refresh_from_db()
    assert (hack.unlock_criteria, hack.verification_questions) == ({}, [])


@pytest.mark.django_db
@pytest.mark.parametrize("can_be_verified", [True, False])
def test_verified_criterion_needs_prerequisite_with_verification(staff_client, can_be_verified):
    prerequisite = HackFactory(requires_verification=can_be_verified, verification_questions=["How?"])
    hack = HackFactory(prerequisite_hack=prerequisite)
    data = form_data(
        hack,
        prerequisite_hack=str(prerequisite.pk),
        unlock_criteria_practice_count="3",
        unlock_criteria_verified="on",
        short_description=hack.short_description,
    )
    response = staff_client.post(change_url(hack), data)
    hack.refresh_from_db()
    assert hack.unlock_criteria == ({"practice_count": 3, "verified": 1} if can_be_verified else {})
    if can_be_verified:
        form = staff_client.get(change_url(hack)).context["adminform"].form
        assert form["unlock_criteria"].value() == {"practice_count": 3, "verified": 1}
        assert "checked" in str(form["unlock_criteria"])
    else:
        assert "Members can&#x27;t be verified in" in response.content.decode()


@pytest.mark.django_db
def test_verification_without_question_is_refused(staff_client):
    hack = HackFactory()
    data = form_data(hack, requires_verification="on", short_description=hack.short_description)
    assert "Add at least one question" in staff_client.post(change_url(hack), data).content.decode()
    hack.refresh_from_db()
    assert not hack.requires_verification


@pytest.mark.django_db
def test_unpublishing_shows_dependants_before_confirmation(staff_client, member):
    hack = HackFactory(name="Root")
    HackFactory(name="Branch", prerequisite_hack=hack)
    HackFactory(name="Twig", prerequisite_hack=hack)
    HackFactory(name="Bud", prerequisite_hack=hack, is_active=False)
    UserHackProgress.objects.create(user=member, hack=hack, total_practice_count=2)
    data = {"action": "unpublish", "_selected_action": [str(hack.pk)]}
    page = " ".join(staff_client.post(LIST, data).content.decode().split())
    assert "1 member practises it. Needed by: Branch, Twig." in page
    assert "keep them and their history" in page
    assert Hack.objects.get(pk=hack.pk).is_active


@pytest.mark.django_db
def test_unpublishing_keeps_progress(staff_client, member):
    hack = HackFactory()
    own = UserHackProgress.objects.create(user=member, hack=hack, total_practice_count=2)
    page = staff_client.post(change_url(hack), form_data(hack, is_active=None), follow=True).content.decode()
    assert "Members who practise this hack: 1. They keep it" in page
    assert UserHackProgress.objects.get(pk=own.pk).total_practice_count == 2


@pytest.mark.django_db
def test_history_shows_editor_with_old_and_new_values(staff_client):
    hack = HackFactory(text_guide="Breathe in.")
    other = HackCategoryFactory(title="Stillness")
    before = hack.category.title
    data = form_data(hack, text_guide="Breathe <b>out</b>.", category=str(other.pk))
    staff_client.post(change_url(hack), data)
    values = json.loads(LogEntry.objects.get(object_id=str(hack.pk)).change_message)[0]["changed"]["values"]
    assert ["text guide", "Breathe in.", "Breathe <b>out</b>."] in values
    assert ["category", before, "Stillness"] in values
    page = history_page(staff_client, hack)
    assert "superuser@example.com" in page
    assert "Breathe &lt;b&gt;out&lt;/b&gt;." in page
    assert "Breathe in." in page


@pytest.mark.django_db
def test_bulk_unpublishing_is_recorded_in_history(staff_client):
    hack, unpublished = HackFactory(), HackFactory(is_active=False)
    data = {"action": "unpublish", "_selected_action": [str(hack.pk), str(unpublished.pk)], "confirmed": "yes"}
    staff_client.post(LIST, data)
    message = json.loads(LogEntry.objects.get(object_id=str(hack.pk)).change_message)
    assert message[0]["changed"]["values"] == [["published", "yes", "no"]]
    assert not LogEntry.objects.filter(object_id=str(unpublished.pk)).exists()


@pytest.mark.django_db
def test_history_shows_entry_without_values(staff_client):
    hack = HackFactory()
    editor = make_user(email="old@example.com")
    LogEntry.objects.log_actions(editor.pk, [hack], 2, change_message="Set by hand.", single_object=True)
    assert "Set by hand." in history_page(staff_client, hack)


@pytest.mark.parametrize(
    ("nodes", "problems"),
    [
        ({"a": PathNode(None, True, True), "b": PathNode("a", True, False)}, {}),
        (
            {"a": PathNode("b", True, False), "b": PathNode("a", True, False)},
            {"a": "form a cycle", "b": "form a cycle"},
        ),
        ({"a": PathNode(None, False, True), "b": PathNode("a", True, False)}, {"b": "isn't published"}),
        (
            {"a": PathNode(None, False, True), "b": PathNode("a", True, False), "c": PathNode("b", True, False)},
            {"b": "isn't published", "c": "isn't published"},
        ),
        ({"a": PathNode("gone", True, False)}, {"a": "isn't published"}),
        (
            {"a": PathNode(None, True, True), "b": PathNode("a", True, True)},
            {"b": "it's a gateway but has a prerequisite"},
        ),
        ({"a": PathNode("b", False, False), "b": PathNode("a", False, False)}, {}),
        (
            {"a": PathNode(None, True, True), "b": PathNode("a", True, False, needs_verified_prerequisite=True)},
            {"b": "doesn't offer it"},
        ),
        (
            {
                "a": PathNode(None, True, True, can_be_verified=True),
                "b": PathNode("a", True, False, needs_verified_prerequisite=True),
            },
            {},
        ),
    ],
)
def test_path_problems(nodes, problems):
    found = rules.path_problems(nodes)
    assert found.keys() == problems.keys()
    assert all(words in found[key] for key, words in problems.items())


@pytest.mark.django_db
def test_list_and_checkpath_report_hack_behind_unpublished_prerequisite(staff_client):
    HackFactory(is_gateway=True)
    assert 'id="path-problems"' not in staff_client.get(LIST).content.decode()
    HackFactory(name="Behind a wall", prerequisite_hack=HackFactory(is_active=False))
    page = staff_client.get(LIST).content.decode()
    assert 'id="path-problems"' in page
    assert "Behind a wall: one of its prerequisites isn&#x27;t published." in page
    with database_identity(Role.OWNER), pytest.raises(CommandError, match="Behind a wall"):
        call_command("checkpath")


@pytest.mark.django_db
def test_list_reports_missing_gateway(staff_client):
    HackFactory()
    assert "No published hack is a gateway" in staff_client.get(LIST).content.decode()


@pytest.mark.django_db
def test_seeds_pass_checkpath(capsys):
    with database_identity(Role.OWNER):
        call_command("loaddata", "seeds", verbosity=0)
        call_command("checkpath")
    assert "All 31 published hacks can be unlocked." in capsys.readouterr().out


@pytest.mark.django_db
def test_order_of_hacks_is_edited_in_list(staff_client):
    category = HackCategoryFactory()
    last, first = HackFactory(category=category, name="A"), HackFactory(category=category, name="B")
    data = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "2", "_save": "Save"}
    for number, (hack, position) in enumerate([(last, "2"), (first, "0")]):
        row = {"id": hack.pk, "position": position, "difficulty_level": hack.difficulty_level}
        data |= {f"form-{number}-{name}": str(value) for name, value in row.items()}
    assert list(Hack.objects.all()) == [last, first]
    assert staff_client.post(LIST, data).status_code == 302
    assert list(Hack.objects.all()) == [first, last]
    message = json.loads(LogEntry.objects.get(object_id=str(last.pk)).change_message)
    assert message[0]["changed"]["values"] == [["position", "0", "2"]]
