"""The admin pages of challenges and participants."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, ProgrammingError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.history import changes_in
from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from database.identity import Role, database_identity
from gamification.models import Challenge, ChallengeParticipant
from gamification.tests.factories import AchievementFactory, ChallengeFactory, take_part
from hacks.tests.factories import HackCategoryFactory, HackFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:gamification_challenge_changelist")
ADD = reverse("admin:gamification_challenge_add")


def change_url(challenge):
    return reverse("admin:gamification_challenge_change", args=[challenge.pk])


def form_data(**changes):
    """Return the data that the form submits."""
    start = timezone.now().replace(microsecond=0) + timedelta(days=1)
    end = start + timedelta(days=7)
    return {
        "name": "Spring",
        "slug": "spring",
        "description": "",
        "start_date_0": f"{start:%Y-%m-%d}",
        "start_date_1": f"{start:%H:%M:%S}",
        "end_date_0": f"{end:%Y-%m-%d}",
        "end_date_1": f"{end:%H:%M:%S}",
        "is_active": "on",
        "criteria_json_type": "practice_count",
        "criteria_json_value": "10",
        "criteria_json_hack": "",
        "criteria_json_category": "",
        "reward_type": "",
        "reward_value_xp": "",
        "reward_value_achievement": "",
        "max_participants": "",
        **changes,
    }


@pytest.mark.parametrize(
    ("fields", "criteria", "reward"),
    [
        ({}, {"type": "practice_count", "value": 10}, {}),
        (
            {"criteria_json_type": "days_active", "criteria_json_hack": "sea"},
            {"type": "days_active", "value": 10, "hack": "sea"},
            {},
        ),
        (
            {"criteria_json_type": "hacks_tried", "criteria_json_category": "calm", "reward_type": "rest_day"},
            {"type": "hacks_tried", "value": 10, "category": "calm"},
            {},
        ),
        (
            {"criteria_json_type": "checkins", "reward_type": "xp", "reward_value_xp": "250"},
            {"type": "checkins", "value": 10},
            {"xp": 250},
        ),
        (
            {"reward_type": "achievement", "reward_value_achievement": "bloom"},
            {"type": "practice_count", "value": 10},
            {"achievement": "bloom"},
        ),
    ],
    ids=["plain", "one hack", "one category", "XP", "achievement"],
)
def test_criteria_and_reward_are_chosen_from_lists_and_shown_again(staff_client, fields, criteria, reward):
    HackFactory(slug="sea", category=HackCategoryFactory(name="calm"))
    AchievementFactory(slug="bloom")
    assert staff_client.post(ADD, form_data(**fields)).status_code == 302
    challenge = Challenge.objects.get()
    assert (challenge.criteria_json, challenge.reward_value) == (criteria, reward)
    form = staff_client.get(change_url(challenge)).context["adminform"].form
    for value in [str(each) for each in [*criteria.values(), *reward.values()]]:
        assert f'value="{value}"' in f"{form['criteria_json']}{form['reward_value']}"
    assert staff_client.get(LIST).status_code == 200


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"criteria_json_type": ""}, "criteria_json", "Choose what counts."),
        ({"criteria_json_value": "0"}, "criteria_json", "whole number from 1"),
        ({"criteria_json_type": "hacks_tried", "criteria_json_hack": "sea"}, "criteria_json", "can't be narrowed"),
        ({"criteria_json_type": "checkins", "criteria_json_category": "calm"}, "criteria_json", "can't be narrowed"),
        ({"criteria_json_hack": "sea", "criteria_json_category": "calm"}, "criteria_json", "not both"),
        ({"criteria_json_type": "streak"}, "criteria_json", "Choose one of the options."),
        ({"reward_type": "xp"}, "reward_value", "Enter the XP"),
        ({"reward_type": "xp", "reward_value_xp": "10000"}, "reward_value", "Enter the XP"),
        (
            {"reward_type": "xp", "reward_value_xp": "5", "reward_value_achievement": "bloom"},
            "reward_value",
            "Leave the achievement empty",
        ),
        (
            {"reward_type": "achievement", "reward_value_xp": "5", "reward_value_achievement": "bloom"},
            "reward_value",
            "Leave the XP empty",
        ),
        ({"reward_type": "achievement"}, "reward_value", "Choose an achievement."),
        ({"reward_value_xp": "5"}, "reward_value", "Leave both fields empty"),
        ({"reward_type": "rest_day", "reward_value_xp": "5"}, "reward_value", "Leave both fields empty"),
        ({"end_date_0": "2026-01-01"}, "end_date", "Choose an end after the beginning."),
        ({"start_date_0": "2026-01-01", "end_date_0": "2026-02-01"}, "end_date", "Choose an end in the future"),
        ({"max_participants": "0"}, "max_participants", "Enter 1 or more"),
    ],
)
def test_invalid_value_shows_error_beside_field(staff_client, fields, field, words):
    HackFactory(slug="sea", category=HackCategoryFactory(name="calm"))
    AchievementFactory(slug="bloom")
    form = staff_client.post(ADD, form_data(**fields)).context["adminform"].form
    assert form.errors.keys() == {field}
    assert words in " ".join(form.errors[field])
    assert not Challenge.objects.exists()


def test_joined_challenge_has_read_only_criteria_and_dates(staff_client, member):
    challenge = ChallengeFactory(name="Before")
    take_part(challenge, member)
    fields = staff_client.get(change_url(challenge)).context["adminform"].form.fields
    assert set(fields) == {"name", "slug", "description", "max_participants"}
    assert staff_client.post(change_url(challenge), form_data(name="After", max_participants="9")).status_code == 302
    before = challenge.end_date
    challenge.refresh_from_db()
    assert (challenge.name, challenge.max_participants, challenge.end_date) == ("After", 9, before)
    take_part(challenge, make_member())
    form = staff_client.post(change_url(challenge), form_data(max_participants="1")).context["adminform"].form
    assert form.errors["max_participants"] == ["Enter 2 or more: 2 members have already joined."]


def test_challenge_without_participants_can_be_changed(staff_client):
    challenge = ChallengeFactory()
    staff_client.post(change_url(challenge), form_data(criteria_json_value="5"))
    challenge.refresh_from_db()
    assert challenge.criteria_json["value"] == 5
    entry = LogEntry.objects.latest("action_time")
    assert ("criteria", "type: practice_count, value: 3", "type: practice_count, value: 5") in changes_in(entry)


@pytest.mark.parametrize(
    "change",
    [
        {"end_date": timezone.now() + timedelta(days=30)},
        {"start_date": timezone.now() - timedelta(days=30)},
        {"criteria_json": {"type": "practice_count", "value": 4}},
        {"reward_type": "rest_day"},
        {"is_active": False},
        {"max_participants": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_database_refuses_changes_of_joined_challenge(change):
    challenge, free = ChallengeFactory(), ChallengeFactory()
    for _ in range(2):
        take_part(challenge, make_member())
    with database_identity(Role.STAFF):
        with pytest.raises(IntegrityError), transaction.atomic():
            Challenge.objects.filter(pk=challenge.pk).update(**change)
        assert Challenge.objects.filter(pk=free.pk).update(**change) == 1
        with pytest.raises(ProgrammingError), transaction.atomic():
            ChallengeParticipant.objects.update(score=9)


@pytest.mark.parametrize("is_joined", [True, False])
@pytest.mark.parametrize("change", [{"cancelled_at": None}, {"cancelled_at": None, "is_active": True}])
def test_database_refuses_to_reopen_cancelled_challenge(member, change, is_joined):
    challenge = ChallengeFactory(is_active=False, cancelled_at=timezone.now())
    if is_joined:
        take_part(challenge, member)
    with database_identity(Role.STAFF), pytest.raises(IntegrityError, match="keeps its dates"), transaction.atomic():
        Challenge.objects.filter(pk=challenge.pk).update(**change)


def test_database_refuses_changed_reward_of_joined_challenge(member):
    challenge = ChallengeFactory(reward_type="xp", reward_value={"xp": 50})
    take_part(challenge, member)
    with database_identity(Role.STAFF), pytest.raises(IntegrityError, match="keeps its dates"), transaction.atomic():
        Challenge.objects.filter(pk=challenge.pk).update(reward_value={"xp": 5})


def test_criteria_of_joined_challenge_follow_renamed_hack(member):
    hack = HackFactory(slug="sea")
    challenge = ChallengeFactory(criteria_json={"type": "practice_count", "value": 1, "hack": "sea"})
    take_part(challenge, member)
    with database_identity(Role.STAFF):
        hack.slug = "ocean"
        hack.save()
    challenge.refresh_from_db()
    assert challenge.criteria_json["hack"] == "ocean"


@pytest.mark.parametrize(
    "values",
    [
        {"criteria_json": {"type": "streak", "value": 1}},
        {"criteria_json": {"type": "checkins", "value": "7"}},
        {"criteria_json": {"type": "checkins", "value": 0}},
        {"criteria_json": {"type": "hacks_tried", "value": 1, "hack": "sea"}},
        {"criteria_json": {"type": "checkins", "value": 1, "category": "calm"}},
        {"criteria_json": {"type": "practice_count", "value": 1, "hack": "sea", "category": "calm"}},
        {"reward_type": "xp"},
        {"reward_type": "xp", "reward_value": {"xp": 0}},
        {"reward_type": "xp", "reward_value": {"xp": 5, "achievement": "bloom"}},
        {"reward_type": "achievement", "reward_value": {"achievement": ""}},
        {"reward_type": "rest_day", "reward_value": {"xp": 5}},
        {"reward_value": {"xp": 5}},
        {"reward_type": "cake"},
    ],
    ids=str,
)
def test_database_refuses_invalid_criteria_and_rewards(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        ChallengeFactory(**values)


def cancel(client, *challenges, **fields):
    return client.post(
        LIST, {"action": "cancel", "_selected_action": [str(each.pk) for each in challenges], **fields}, follow=True
    )


def test_cancelling_needs_reason(staff_client, member):
    challenge = ChallengeFactory(name="Spring")
    take_part(challenge, member)
    page = cancel(staff_client, challenge).content.decode()
    assert "1 participant" in page
    assert page.count("Cancel this challenge") == 3, "as title, heading and button"
    assert f"{challenge.end_date:%H:%M} (UTC)" in page
    assert "Cancel these 2 challenges?" in cancel(staff_client, challenge, ChallengeFactory()).content.decode()
    assert "Enter a reason" not in page
    for reason in ("  ", "x" * 301):
        assert "Enter a reason of up to 300" in cancel(staff_client, challenge, reason=reason).content.decode()
    assert Challenge.objects.filter(is_active=True).count() == 2
    response = cancel(staff_client, challenge, reason=" The weather. ")
    [message] = response.context["messages"]
    assert str(message) == "1 challenge cancelled. The participants are notified."
    challenge.refresh_from_db()
    assert (challenge.is_active, challenge.cancellation_reason) == (False, "The weather.")
    assert challenge.cancelled_at
    activity = UserActivityLog.objects.get()
    assert (activity.user_id, activity.activity_type) == (member.pk, Activity.CHALLENGE_CANCELLED)
    assert changes_in(LogEntry.objects.latest("action_time")) == [("cancelled", "no", "The weather.")]
    assert "Cancelled" in staff_client.get(change_url(challenge)).content.decode()


def test_joined_challenge_cannot_be_deleted(staff_client, member):
    free, joined = ChallengeFactory(name="Free"), ChallengeFactory(name="Joined")
    settled = ChallengeFactory(name="Settled", settled_at=timezone.now())
    take_part(joined, member)
    take_part(settled, member)
    for challenge, answer in ((free, 302), (joined, 403), (settled, 403)):
        delete = reverse("admin:gamification_challenge_delete", args=[challenge.pk])
        page = staff_client.get(change_url(challenge)).text
        assert (delete in page) == (challenge == free)
        assert ("so it can't be deleted" in page) == (challenge != free)
        assert ("you can cancel it in the list of challenges" in page) == (challenge == joined)
        assert staff_client.post(delete, {"post": "yes"}).status_code == answer
    assert set(Challenge.objects.all()) == {joined, settled}
    unseen = ChallengeFactory()
    staff_client.post(LIST, {"action": "delete_selected", "_selected_action": [str(unseen.pk)], "post": "yes"})
    assert Challenge.objects.filter(pk=unseen.pk).exists(), "the list has no bulk delete"


def test_settled_cancelled_or_draft_challenge_cannot_be_cancelled(staff_client):
    settled, draft = ChallengeFactory(settled_at=timezone.now()), ChallengeFactory(is_active=False)
    off = ChallengeFactory(is_active=False, cancelled_at=timezone.now())
    response = cancel(staff_client, settled, off, draft, reason="No.")
    assert "Not cancelled: 3 (" in str(next(iter(response.context["messages"])))
    settled.refresh_from_db()
    draft.refresh_from_db()
    assert settled.is_active
    assert draft.cancelled_at is None
    assert not LogEntry.objects.exists()


def test_participants_are_read_only(staff_client, member):
    participant = take_part(ChallengeFactory(), member, score=2)
    listed = reverse("admin:gamification_challengeparticipant_changelist")
    one = reverse("admin:gamification_challengeparticipant_change", args=[participant.pk])
    assert str(member) in staff_client.get(listed).content.decode()
    assert staff_client.get(one).status_code == 200
    assert staff_client.post(one, {"score": "9"}).status_code == 403
    assert f"{listed}?challenge__id__exact={participant.challenge_id}" in staff_client.get(LIST).content.decode()
