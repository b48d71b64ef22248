from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from hacks.models import UserHackProgress
from hacks.tests.factories import HackCategoryFactory, HackFactory
from practice.models import DailyCheckin
from practice.tests.factories import days_ago, make_checkin

pytestmark = pytest.mark.django_db
PAGE = reverse("practice:checkin")
TODAY_PAGE = reverse("practice:today")


@pytest.fixture
def today():
    return timezone.now().date()


def form_data(day: date, **fields) -> dict:
    return {"date": day.isoformat(), "seen": "", "mood_before": "4", **fields}


def text(response) -> str:
    return response.content.decode()


def test_first_checkin_stores_fields_and_starts_streak(member_client, member, today):
    hack = HackFactory()
    response = member_client.post(
        PAGE, form_data(today, mood_after="7", selected_hack=hack.pk, notes="Calm."), follow=True
    )
    assert response.redirect_chain == [(TODAY_PAGE, 302)]
    assert "Checked in. Day 1 of your streak." in text(response)
    checkin = DailyCheckin.objects.get(user=member)
    assert (checkin.checkin_date, checkin.mood_before, checkin.mood_after) == (today, 4, 7)
    assert (checkin.selected_hack, checkin.notes, checkin.streak_count) == (hack, "Calm.", 1)
    activity = UserActivityLog.objects.get(user=member)
    assert activity.activity_type == Activity.CHECKIN_SAVED
    assert activity.activity_data == {"checkin_id": str(checkin.pk), "date": today.isoformat(), "is_new": True}


def test_checkin_stores_current_zone_and_day_start_of_profile(sign_in):
    member = make_member(profile={"timezone": "Pacific/Kiritimati", "day_start": time(4)})
    day = (timezone.now() + timedelta(hours=14 - 4)).date()
    sign_in(member).post(PAGE, form_data(day))
    checkin = DailyCheckin.objects.get(user=member)
    assert (checkin.checkin_date, checkin.timezone, checkin.day_start) == (day, "Pacific/Kiritimati", time(4))


def test_message_names_length_of_streak(member_client, member, today):
    for back in range(1, 5):
        make_checkin(member, days_ago(back))
    assert "Checked in. Day 5 of your streak." in text(member_client.post(PAGE, form_data(today), follow=True))


def test_only_mood_before_is_required(member_client, today):
    response = member_client.post(PAGE, form_data(today, mood_before=""))
    assert response.status_code == 200
    assert "Choose one of the options." in text(response)
    assert not DailyCheckin.objects.exists()
    assert member_client.post(PAGE, form_data(today)).status_code == 302
    checkin = DailyCheckin.objects.get()
    assert (checkin.mood_after, checkin.selected_hack, checkin.notes) == (None, None, "")


@pytest.mark.parametrize("field", ["mood_before", "mood_after"])
@pytest.mark.parametrize("mood", ["0", "11", "-1", "5.5", "good"])
def test_mood_off_scale_shows_error_beside_field(member_client, today, field, mood):
    response = member_client.post(PAGE, form_data(today, **{field: mood}))
    assert list(response.context["form"].errors) == [field]
    assert not DailyCheckin.objects.exists()


def test_too_long_note_is_rejected_and_kept_in_form(member_client, today):
    response = member_client.post(PAGE, form_data(today, notes="x" * 5001))
    assert list(response.context["form"].errors) == ["notes"]
    assert "x" * 5001 in text(response)
    assert not DailyCheckin.objects.exists()


def test_form_offers_open_hacks_by_category(member_client, member):
    category = HackCategoryFactory(title="Rest", sort_order=1)
    first = HackFactory(name="Free", category=category)
    locked = HackFactory(name="Locked", category=category, prerequisite_hack=first)
    HackFactory(name="Unpublished", category=category, is_active=False)
    unlocked = HackFactory(name="Unlocked", category=category, prerequisite_hack=first)
    UserHackProgress.objects.create(user=member, hack=unlocked, unlocked_at=timezone.now())
    UserHackProgress.objects.create(user=make_member(), hack=locked, unlocked_at=timezone.now())
    (_, undecided), (title, hacks) = member_client.get(PAGE).context["form"].fields["selected_hack"].choices
    assert undecided == "Not decided yet"
    assert (title, [name for _, name in hacks]) == ("Rest", ["Free", "Unlocked"])


def test_locked_hack_is_rejected(member_client, today):
    locked = HackFactory(prerequisite_hack=HackFactory())
    response = member_client.post(PAGE, form_data(today, selected_hack=locked.pk))
    assert list(response.context["form"].errors) == ["selected_hack"]
    assert not DailyCheckin.objects.exists()


def test_chosen_hack_can_be_kept_after_it_left_library(member_client, member, today):
    hack = HackFactory(is_active=False)
    checkin = make_checkin(member, today, mood_before=4, selected_hack=hack)
    assert "Quiet breath" in text(member_client.get(PAGE))
    response = member_client.post(PAGE, form_data(today, seen=checkin.pk, mood_before="5", selected_hack=hack.pk))
    assert response.status_code == 302
    checkin.refresh_from_db()
    assert (checkin.mood_before, checkin.selected_hack) == (5, hack)


def test_second_visit_opens_checkin_for_editing(member_client, member, today):
    checkin = make_checkin(member, today, mood_before=4, notes="In a hurry.")
    page = text(member_client.get(PAGE))
    assert "Your check-in" in page
    assert "In a hurry." in page
    response = member_client.post(
        PAGE, form_data(today, seen=checkin.pk, mood_after="8", notes="Slower now."), follow=True
    )
    assert "Check-in updated. Day 1 of your streak." in text(response)
    stored = DailyCheckin.objects.get(user=member)
    assert (stored.pk, stored.mood_before, stored.mood_after, stored.notes) == (checkin.pk, 4, 8, "Slower now.")


def test_second_tab_does_not_overwrite_unseen_checkin(member_client, member, today):
    checkin = make_checkin(member, today, mood_before=9, notes="From the first tab.")
    response = member_client.post(PAGE, form_data(today, notes="From the second tab."))
    page = text(response)
    assert response.status_code == 200
    assert "You've already checked in for this day" in page
    assert "From the first tab." in page
    assert "From the second tab." in page
    checkin.refresh_from_db()
    assert checkin.notes == "From the first tab."
    assert not UserActivityLog.objects.exists()
    # The page now shows the stored check-in, so the next attempt replaces it.
    assert response.context["stored"].pk == checkin.pk
    again = member_client.post(PAGE, form_data(today, seen=checkin.pk, notes="From the second tab."))
    assert again.status_code == 302
    checkin.refresh_from_db()
    assert (checkin.mood_before, checkin.notes) == (4, "From the second tab.")


def test_second_tab_with_invalid_form_shows_stored_checkin(member_client, member, today):
    make_checkin(member, today, mood_before=9, notes="From the first tab.")
    page = text(member_client.post(PAGE, form_data(today, mood_before="12", notes="From the second tab.")))
    assert "From the first tab." in page
    assert "From the second tab." in page


def test_repeated_submission_is_stored_once(member_client, today):
    for _ in range(2):
        assert member_client.post(PAGE, form_data(today, notes="Once.")).status_code == 302
    assert DailyCheckin.objects.count() == 1
    assert UserActivityLog.objects.count() == 1


def test_checkin_deleted_in_another_tab_is_created_again(member_client, member, today):
    checkin = make_checkin(member, today, mood_before=4)
    seen = checkin.pk
    checkin.delete()
    assert member_client.post(PAGE, form_data(today, seen=seen)).status_code == 302
    assert DailyCheckin.objects.get(user=member).mood_before == 4


@pytest.mark.parametrize("seen", ["nonsense", "0", "\x00"])
def test_invalid_seen_id_counts_as_none(member_client, today, seen):
    assert member_client.post(PAGE, form_data(today, seen=seen)).status_code == 302


@pytest.mark.parametrize("back", [0, 1, 2])
def test_member_can_check_in_for_today_and_two_days_before(member_client, member, back):
    day = days_ago(back)
    assert member_client.get(PAGE, {"date": day.isoformat()}).context["day"] == day.isoformat()
    assert member_client.post(PAGE, form_data(day)).status_code == 302
    assert DailyCheckin.objects.get(user=member).checkin_date == day


@pytest.mark.parametrize("back", [-1, 3, 400])
def test_other_days_are_rejected_and_entries_kept(member_client, back):
    day = days_ago(back)
    response = member_client.get(PAGE, {"date": day.isoformat()}, follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    assert "You can check in for today and the two days before." in text(response)
    response = member_client.post(PAGE, form_data(day, notes="Not lost."))
    page = text(response)
    assert "can no longer be filled in" in page
    assert "Not lost." in page
    assert response.context["day"] == days_ago(0).isoformat(), "the next attempt saves for today"
    assert not DailyCheckin.objects.exists()


@pytest.mark.parametrize("day", ["", "yesterday", "2026-13-01", "2026-11-22\x00"])
def test_invalid_date_is_rejected(member_client, day):
    assert member_client.get(PAGE, {"date": day}).status_code == 302
    response = member_client.post(PAGE, {**form_data(days_ago(0)), "date": day})
    assert response.status_code == 200
    assert not DailyCheckin.objects.exists()


def test_checkin_is_for_day_of_opening_when_saved_after_midnight(member_client, member):
    day = days_ago(1)
    response = member_client.post(PAGE, form_data(day), follow=True)
    assert "Checked in for yesterday." in text(response)
    assert DailyCheckin.objects.get(user=member).checkin_date == day


def test_day_is_rejected_when_move_west_puts_it_in_future(sign_in):
    member = make_member(profile={"timezone": "Pacific/Kiritimati"})
    client = sign_in(member)
    opened_for = client.get(PAGE).context["day"]
    member.profile.timezone = "Pacific/Niue"
    member.profile.save(update_fields=["timezone"])
    response = client.post(PAGE, form_data(date.fromisoformat(opened_for), notes="Kept."))
    assert "can no longer be filled in" in text(response)
    assert "Kept." in text(response)
    assert not DailyCheckin.objects.exists()


def test_backdated_checkin_repairs_streak(member_client, member, today):
    make_checkin(member, days_ago(2))
    make_checkin(member, today)
    response = member_client.post(PAGE, form_data(days_ago(1)), follow=True)
    assert "Checked in for yesterday. Day 3 of your streak." in text(response)


def test_page_offers_yesterday_while_it_has_no_checkin(sign_in, today):
    member = make_member(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    client = sign_in(member)
    assert "Missed yesterday?" in text(client.get(PAGE))
    assert "Missed yesterday?" not in text(client.get(PAGE, {"date": days_ago(2).isoformat()}))
    make_checkin(member, days_ago(1))
    assert "Missed yesterday?" not in text(client.get(PAGE))


def test_page_does_not_offer_yesterday_to_new_member(member_client):
    assert "Missed yesterday?" not in text(member_client.get(PAGE))


def test_delete_asks_for_confirmation_and_updates_streak(member_client, member, today):
    make_checkin(member, days_ago(1))
    checkin = make_checkin(member, today)
    url = reverse("practice:checkin-delete", args=[checkin.pk])
    assert "Delete this check-in?" in text(member_client.get(url))
    assert DailyCheckin.objects.filter(pk=checkin.pk).exists()
    response = member_client.post(url, follow=True)
    assert " deleted." in text(response)
    assert not DailyCheckin.objects.filter(pk=checkin.pk).exists()
    member.stats.refresh_from_db()
    assert member.stats.current_streak == 1
    activity = UserActivityLog.objects.get(user=member)
    assert activity.activity_type == Activity.CHECKIN_DELETED
    assert activity.activity_data == {"checkin_id": str(checkin.pk), "date": today.isoformat()}


def test_deleting_checkin_of_other_member_is_not_found(member_client, today):
    checkin = make_checkin(make_member(), today)
    url = reverse("practice:checkin-delete", args=[checkin.pk])
    assert member_client.get(url).status_code == 404
    assert member_client.post(url).status_code == 404
    assert DailyCheckin.objects.filter(pk=checkin.pk).exists()


def test_checkin_of_other_member_is_not_shown(member_client, today):
    make_checkin(make_member(), today, notes="Private.")
    response = member_client.get(PAGE)
    assert "Private." not in text(response)
    assert response.context["stored"] is None


def test_visitor_is_redirected_to_login(client, member, today):
    login = reverse("account_login")
    assert client.get(PAGE)["Location"].startswith(login)
    assert client.post(PAGE, form_data(today))["Location"].startswith(login)
    url = reverse("practice:checkin-delete", args=[make_checkin(member, today).pk])
    assert client.post(url)["Location"].startswith(login)
    assert DailyCheckin.objects.count() == 1


def test_other_methods_are_not_allowed(member_client):
    assert member_client.put(PAGE).status_code == 405
    assert member_client.delete(PAGE).status_code == 405


def test_number_of_queries_is_constant(member_client, member, queries_of, today):
    HackFactory()
    few = queries_of(lambda: member_client.get(PAGE))
    for _ in range(10):
        HackFactory()
    for back in range(12):
        make_checkin(member, days_ago(back), selected_hack=HackFactory())
    many = queries_of(lambda: member_client.get(PAGE))
    assert len(few) == len(many) <= 8
