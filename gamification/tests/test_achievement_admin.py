"""The admin pages of achievements."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_member
from gamification.models import Achievement, UserAchievement
from gamification.tests.factories import AchievementFactory, ChallengeFactory, practise, take_part
from hacks.tests.factories import HackCategoryFactory, HackFactory

pytestmark = pytest.mark.django_db

ADD = reverse("admin:gamification_achievement_add")


@pytest.fixture
def queued_achievements(monkeypatch):
    """The ids of achievements that were queued for awarding."""
    from gamification.tasks import award_achievements

    queued = []
    monkeypatch.setattr(award_achievements, "delay", queued.append)
    return queued


def form_data(**changes):
    """Return the data that the form submits."""
    return {
        "name": "Regular",
        "slug": "regular",
        "criteria_json_type": "practice_count",
        "criteria_json_value": "2",
        "criteria_json_hack": "",
        "criteria_json_category": "",
        "points": "10",
        "sort_order": "1",
        **changes,
    }


def change_url(achievement):
    return reverse("admin:gamification_achievement_change", args=[achievement.pk])


def test_form_suggests_icons_and_categories_by_name(staff_client):
    AchievementFactory(category="steadiness")
    form = staff_client.get(ADD).content.decode()
    for words in (
        'list="icon_url_suggestions"',
        '<option value="award"></option>',
        "sprite.svg#award",
        'list="category_suggestions"',
        '<option value="steadiness"></option>',
    ):
        assert words in form


@pytest.mark.parametrize(("icon", "is_saved"), [("award", True), ("", True), ("no-such-icon", False)])
def test_icon_must_exist_in_sprite(staff_client, queued_achievements, icon, is_saved):
    response = staff_client.post(ADD, form_data(icon_url=icon, category="of its own"))
    assert Achievement.objects.filter(slug="regular", icon_url=icon, category="of its own").exists() == is_saved
    assert is_saved or "There&#x27;s no icon with this name." in response.content.decode()


def test_criteria_are_chosen_from_lists_and_shown_again(staff_client):
    HackFactory(slug="soft-bubble")
    HackCategoryFactory(name="healing")
    staff_client.post(ADD, form_data(criteria_json_hack="soft-bubble"))
    achievement = Achievement.objects.get()
    assert achievement.criteria_json == {"type": "practice_count", "value": 2, "hack": "soft-bubble"}
    url = change_url(achievement)
    field = str(staff_client.get(url).context["adminform"].form["criteria_json"])
    for chosen in ('value="practice_count" selected', 'value="2"', 'value="soft-bubble" selected'):
        assert chosen in field
    staff_client.post(url, form_data(criteria_json_type="level", criteria_json_category="healing"))
    achievement.refresh_from_db()
    assert achievement.criteria_json == {"type": "level", "value": 2, "category": "healing"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"criteria_json_type": ""}, "Choose what counts."),
        ({"criteria_json_type": "luck"}, "Choose one of the options."),
        ({"criteria_json_value": ""}, "Enter a target."),
        ({"criteria_json_value": "many"}, "Enter a whole number."),
        ({"criteria_json_value": "0"}, "Enter a whole number from 1 to 99999."),
        ({"criteria_json_hack": "nowhere"}, "Choose one of the options."),
        (
            {"criteria_json_type": "streak", "criteria_json_hack": "soft-bubble"},
            "“Days in a row with a check-in” can&#x27;t be narrowed by: hack.",
        ),
        (
            {"criteria_json_hack": "soft-bubble", "criteria_json_category": "healing"},
            "Choose a hack or a category, not both.",
        ),
        ({"criteria_json_type": "graduation"}, "Enter 1 as the value of “Graduation”."),
        ({"criteria_json_type": "", "criteria_json_value": ""}, "Fill in this field."),
    ],
)
def test_invalid_criteria_show_error_beside_field(staff_client, changes, words):
    HackFactory(slug="soft-bubble", category=HackCategoryFactory(name="healing"))
    response = staff_client.post(ADD, form_data(**changes))
    assert response.status_code == 200
    form = response.context["adminform"].form
    assert words in str(form.errors["criteria_json"])
    assert words in response.content.decode()
    assert not Achievement.objects.exists()


def test_check_lists_members_who_would_earn_it_and_saves_nothing(staff_client, queued_achievements):
    hack, other = HackFactory(slug="soft-bubble"), HackFactory()
    for number in range(7):
        practise(make_member(display_name=f"Person {number}"), hack, times=2 + number)
    practise(make_member(display_name="Elsewhere"), other, times=9)
    practise(make_member(display_name="Too little"), hack, times=1)
    data = form_data(criteria_json_hack="soft-bubble", _check="1")
    content = staff_client.post(ADD, data).content.decode()
    assert "7 members would earn it now: Person 6, Person 5, Person 4, Person 3, Person 2 and 2 others." in content
    assert "Elsewhere" not in content
    assert "Too little" not in content
    assert 'value="Regular"' in content, "the form keeps the entered values"
    assert not Achievement.objects.exists()
    achievement = AchievementFactory(name="Before")
    data = form_data(criteria_json_value="9", _check="1")
    content = staff_client.post(change_url(achievement), data).content.decode()
    assert "1 member would earn it now: Elsewhere." in content
    achievement.refresh_from_db()
    assert achievement.name == "Before"
    content = staff_client.post(ADD, form_data(criteria_json_value="500", _check="1")).content.decode()
    assert "No member would earn it now." in content
    assert not UserAchievement.objects.exists()
    assert queued_achievements == []


def test_check_of_invalid_criteria_shows_error(staff_client):
    response = staff_client.post(ADD, form_data(criteria_json_value="0", _check="1"))
    form = response.context["adminform"].form
    assert "criteria_json" in form.errors
    assert form.candidates is None
    assert "Nothing is saved yet" not in response.content.decode()


def test_check_ignores_missing_name_and_slug(staff_client):
    response = staff_client.post(ADD, form_data(name="", slug="", _check="1"))
    assert response.context["adminform"].form.errors == {}
    assert "No member would earn it now." in response.text
    assert set(staff_client.post(ADD, form_data(name="", slug="")).context["adminform"].form.errors) == {"name", "slug"}


def test_form_has_check_button(staff_client):
    content = staff_client.get(ADD).content.decode()
    assert 'name="_check"' in content
    assert "Nothing is saved yet" not in content


def test_new_achievement_and_new_criteria_are_awarded_to_past_practice(
    staff_client, queued_achievements, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        staff_client.post(ADD, form_data())
    achievement = Achievement.objects.get()
    assert queued_achievements == [str(achievement.pk)]
    url = change_url(achievement)
    with django_capture_on_commit_callbacks(execute=True):
        staff_client.post(url, form_data(description="Again and again."))
    assert len(queued_achievements) == 1, "a changed description needs no awarding"
    with django_capture_on_commit_callbacks(execute=True):
        staff_client.post(url, form_data(criteria_json_value="3"))
    assert queued_achievements == [str(achievement.pk)] * 2
    history = staff_client.get(reverse("admin:gamification_achievement_history", args=[achievement.pk]))
    assert "type: practice_count, value: 3" in history.content.decode()


def test_list_describes_criteria(staff_client, member):
    hack = HackFactory(name="Soft Bubble", slug="soft-bubble", category=HackCategoryFactory(name="healing"))
    criteria = {"type": "practice_count", "value": 3}
    AchievementFactory(criteria_json={**criteria, "hack": hack.slug})
    AchievementFactory(criteria_json={**criteria, "category": "healing"})
    AchievementFactory(criteria_json={**criteria, "hack": "gone"})
    content = staff_client.get(reverse("admin:gamification_achievement_changelist")).content.decode()
    assert "Practise Soft Bubble 3 times" in content
    assert "Practise 3 times in Healing" in content
    assert "Practise 3 times (no such hack: gone)" in content


def test_earned_achievements_are_read_only(staff_client, member):
    earned = UserAchievement.objects.create(user=member, achievement=AchievementFactory(), progress_data={"value": 41})
    content = staff_client.get(reverse("admin:gamification_userachievement_changelist")).content.decode()
    assert "41" in content
    delete = reverse("admin:gamification_userachievement_delete", args=[earned.pk])
    assert staff_client.post(delete, {"post": "yes"}).status_code == 403
    delete = reverse("admin:gamification_achievement_delete", args=[earned.achievement_id])
    assert "members have earned it" in staff_client.post(delete, {"post": "yes"}, follow=True).text
    assert UserAchievement.objects.count() == 1


def test_reward_of_challenge_cannot_be_deleted(staff_client):
    prize, former = AchievementFactory(name="Calm Sea", slug="calm-sea"), AchievementFactory(slug="former")
    for name, slug, fields in (
        ("Spring", "calm-sea", {}),
        ("Settled", "former", {"settled_at": timezone.now()}),
        ("Cancelled", "former", {"cancelled_at": timezone.now(), "is_active": False}),
    ):
        reward = {"reward_type": "achievement", "reward_value": {"achievement": slug}}
        ChallengeFactory(name=name, **reward, **fields)
    won = AchievementFactory(name="Won", slug="won")
    settled = {"settled_at": timezone.now(), "reward_type": "achievement", "reward_value": {"achievement": "won"}}
    take_part(ChallengeFactory(name="Just over", **settled), make_member(), completed_at=timezone.now())
    urls = [reverse("admin:gamification_achievement_delete", args=[each.pk]) for each in (prize, former, won)]
    pages = [staff_client.post(url, {"post": "yes"}, follow=True).text for url in urls]
    assert "Calm Sea can&#x27;t be deleted: it&#x27;s the reward of “Spring”." in pages[0]
    assert "Won can&#x27;t be deleted: it&#x27;s the reward of “Just over”." in pages[2]
    data = {"action": "delete_selected", "_selected_action": [str(prize.pk)], "post": "yes"}
    staff_client.post(reverse("admin:gamification_achievement_changelist"), data)
    assert set(Achievement.objects.all()) == {prize, won}
