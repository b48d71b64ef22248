import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Member, Profile
from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from database.local_days import local_date
from practice.models import DailyCheckin, MemberStats, Trip

pytestmark = pytest.mark.django_db

OVERVIEW = reverse("accounts:settings")
PROFILE = reverse("accounts:settings-profile")
DAY = reverse("accounts:settings-day")
PRIVACY = reverse("accounts:settings-privacy")
PAGES = [OVERVIEW, PROFILE, DAY, PRIVACY]
ANSWERS = {
    PROFILE: {"username": "Slow_River", "display_name": "Slow River", "bio": "Tea.", "selected_path": "protection"},
    DAY: {"timezone": "Pacific/Auckland", "day_start": "03:30"},
    PRIVACY: {"leaderboard_visible": "on", "profile_public": "on", "hide_streaks": "on"},
}
CHECKIN = reverse("practice:checkin")
# 25 hours apart, so the two never have the same date.
FAR_WEST, FAR_EAST = "Pacific/Pago_Pago", "Pacific/Kiritimati"


def reload(member) -> Member:
    return Member.objects.select_related("profile", "stats").get(pk=member.pk)


@pytest.mark.parametrize("url", PAGES)
def test_page_uses_our_layout(member_client, url):
    page = read_page(member_client.get(url))
    assert page.tags["h1"] == 1


@pytest.mark.parametrize("url", PAGES)
def test_visitor_is_redirected_to_login(client, url):
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"


@pytest.mark.parametrize("url", PAGES)
def test_other_methods_are_refused(member_client, url):
    assert member_client.delete(url).status_code == 405
    assert url != OVERVIEW or member_client.post(url).status_code == 405


@pytest.mark.parametrize("url", ANSWERS)
def test_csrf_token_is_required(member, url):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member.user)
    assert client.post(url, ANSWERS[url]).status_code == 403


def test_overview_links_each_page(member_client):
    content = member_client.get(OVERVIEW).content.decode()
    links = re.findall(r'class="list__link" href="([^"]+)"', content)
    names = ("account_email", "account_change_password", "accounts:security", "practice:trips", "account_logout")
    assert {PROFILE, DAY, PRIVACY, *map(reverse, names)} == set(links)
    for link in links:
        assert member_client.get(link).status_code == 200


@pytest.mark.parametrize("url", [PROFILE, DAY, PRIVACY, reverse("account_email"), reverse("accounts:security")])
def test_menu_marks_current_page(member_client, url):
    content = member_client.get(url).content.decode()
    nav = content.partition('<nav class="side-nav')[2].partition("</nav>")[0]
    assert re.findall(r'href="([^"]+)"\s+aria-current="page"', nav) == [url]


def test_account_menu_links_settings_and_profile(member, member_client):
    menu = member_client.get(OVERVIEW).content.decode().partition('<div class="menu__panel">')[2]
    assert f'href="{OVERVIEW}"' in menu
    assert f'href="/@{member.username}/"' in menu


def test_profile_is_saved(member_client, member):
    response = member_client.post(PROFILE, ANSWERS[PROFILE], follow=True)
    assert response.redirect_chain == [(PROFILE, 302)]
    assert "Profile saved." in response.content.decode()
    saved = reload(member)
    assert (saved.username, saved.display_name) == ("Slow_River", "Slow River")
    assert (saved.profile.bio, saved.profile.selected_path) == ("Tea.", "protection")
    form = member_client.get(PROFILE).context["form"]
    assert {name: form[name].value() for name in ANSWERS[PROFILE]} == ANSWERS[PROFILE]


def test_day_is_saved(member_client, member):
    response = member_client.post(DAY, ANSWERS[DAY], follow=True)
    assert response.redirect_chain == [(DAY, 302)]
    assert "Day and time saved." in response.content.decode()
    profile = reload(member).profile
    assert (profile.timezone, profile.day_start) == ("Pacific/Auckland", time(3, 30))
    form = member_client.get(DAY).context["form"]
    assert {name: form[name].value() for name in ANSWERS[DAY]} == ANSWERS[DAY]


def test_privacy_switches_are_saved_on_and_off(member_client, member):
    Member.objects.filter(pk=member.pk).update(privacy_settings={**member.privacy_settings, "show_pebbles": True})
    for answers, is_on in ((ANSWERS[PRIVACY], True), ({}, False)):
        response = member_client.post(PRIVACY, answers, follow=True)
        assert response.redirect_chain == [(PRIVACY, 302)]
        assert "Privacy settings saved." in response.content.decode()
        saved = reload(member)
        expected = {"leaderboard_visible": is_on, "profile_public": is_on, "show_pebbles": True}
        assert saved.privacy_settings == expected
        assert saved.profile.hide_streaks is is_on
        form = member_client.get(PRIVACY).context["form"]
        assert {bool(form[name].value()) for name in ANSWERS[PRIVACY]} == {is_on}


@pytest.mark.parametrize(
    ("url", "fields", "name", "message"),
    [
        (PROFILE, {"username": "ab"}, "username", "Use at least 3 characters."),
        (PROFILE, {"username": "Admin"}, "username", "This username is reserved."),
        (PROFILE, {"display_name": " "}, "display_name", "Fill in this field."),
        (PROFILE, {"bio": "x" * 1001}, "bio", "at most 1000 characters"),
        (PROFILE, {"bio": "a\x00b"}, "bio", "One character here can't be saved."),
        (PROFILE, {"selected_path": ""}, "selected_path", "Choose where you'd like to start."),
        (DAY, {"timezone": "Europe/Atlantis"}, "timezone", "Choose a time zone from the list."),
        (DAY, {"timezone": ""}, "timezone", "Fill in this field."),
        (DAY, {"day_start": "06:30"}, "day_start", "Choose one of the options."),
        (DAY, {"day_start": "03:15"}, "day_start", "Choose one of the options."),
        (DAY, {"day_start": ""}, "day_start", "Choose one of the options."),
    ],
)
def test_bad_input_shows_error_and_writes_nothing(member_client, member, url, fields, name, message):
    before = reload(member)
    response = member_client.post(url, {**ANSWERS[url], **fields})
    assert list(response.context["form"].errors) == [name]
    assert message in " ".join(response.context["form"].errors[name])
    read_page(response)
    after = reload(member)
    assert (after.username, after.updated_at) == (before.username, before.updated_at)
    assert after.profile.updated_at == before.profile.updated_at


def test_fields_outside_form_are_ignored(member_client, member):
    other = make_member()
    forged = {
        "id": other.pk,
        "user": other.pk,
        "member": other.pk,
        "avatar_url": "https://example.com/x.png",
        "graduation_status": "graduated",
        "is_active": "",
        "discord_id": "1",
        "onboarding_completed": "",
    }
    for url, answers in ANSWERS.items():
        assert member_client.post(url, {**answers, **forged}).status_code == 302
    saved = reload(member)
    assert (saved.avatar_url, saved.graduation_status, saved.is_active) == ("", "active", True)
    assert (saved.profile.discord_id, saved.profile.onboarding_completed) == (None, True)
    assert reload(other).username == other.username
    assert reload(other).profile.timezone == "UTC"


def test_day_start_choices_are_half_hours_until_six(member_client):
    choices = [value for value, _ in member_client.get(DAY).context["form"].fields["day_start"].choices]
    assert choices[:3] == ["00:00", "00:30", "01:00"]
    assert choices[-1] == "06:00"
    assert len(choices) == 13


def test_day_start_set_by_staff_stays_a_choice(sign_in):
    member = make_member(profile={"day_start": time(1, 15)})
    client = sign_in(member)
    assert client.get(DAY).context["form"]["day_start"].value() == "01:15"
    assert client.post(DAY, {"timezone": "UTC", "day_start": "01:15"}).status_code == 302
    assert reload(member).profile.day_start == time(1, 15)


@pytest.mark.parametrize(
    ("zone", "day_start"),
    [("UTC", time(0)), ("UTC", time(6)), (FAR_EAST, time(3, 30)), (FAR_WEST, time(0)), ("Asia/Kolkata", time(0, 30))],
)
def test_day_page_shows_current_day_and_its_end(sign_in, zone, day_start):
    member = make_member(profile={"timezone": zone, "day_start": day_start})
    content = sign_in(member).get(DAY).content.decode()
    day = local_date(datetime.now(UTC), zone, day_start)
    until = f"{day_start:%H:%M} on {day + timedelta(days=1):%A}" if day_start != time(0) else "midnight"
    assert f"Your day is {day:%A}, {day.day} {day:%B}. It ends at {until}." in content


def test_day_page_shows_zone_of_trip(sign_in):
    member = make_member(profile={"timezone": FAR_WEST})
    day = local_date(datetime.now(UTC), FAR_WEST, time(0))
    Trip.objects.create(user=member, zone=FAR_EAST, starts_on=day - timedelta(days=3), ends_on=day + timedelta(days=9))
    content = sign_in(member).get(DAY).content.decode()
    there = local_date(datetime.now(UTC), FAR_EAST, time(0))
    assert f"Your day is {there:%A}, {there.day} {there:%B}" in content
    assert f"follow the time zone {FAR_EAST} until it ends" in content
    assert '<option value="Pacific/Pago_Pago" selected>' in content


def days_of(member) -> list[date]:
    return list(
        DailyCheckin.objects.filter(user=member).order_by("checkin_date").values_list("checkin_date", flat=True)
    )


def streak_of(member) -> int:
    return MemberStats.objects.get(pk=member.pk).streak_at(datetime.now(UTC))


def change_zone(client, zone, day_start="00:00"):
    assert client.post(DAY, {"timezone": zone, "day_start": day_start}).status_code == 302


def check_in(client, member):
    profile = Profile.objects.get(pk=member.pk)
    today = local_date(datetime.now(UTC), profile.timezone, profile.day_start)
    seen = DailyCheckin.objects.filter(user=member, checkin_date=today).values_list("pk", flat=True).first()
    answers = {"date": today.isoformat(), "seen": seen or "", "mood_before": "5"}
    assert client.post(CHECKIN, answers).status_code == 302


def test_zone_change_east_and_back_neither_loses_nor_doubles_day(sign_in):
    member = make_member(profile={"timezone": FAR_WEST})
    client = sign_in(member)
    check_in(client, member)
    (first,) = days_of(member)
    change_zone(client, FAR_EAST)
    assert streak_of(member) == 1
    check_in(client, member)
    second = days_of(member)[1]
    assert second > first
    assert streak_of(member) == 2
    change_zone(client, FAR_WEST)
    check_in(client, member)
    assert days_of(member) == [first, second], "the repeated day already has its check-in"
    assert streak_of(member) == 2


def test_zone_change_west_keeps_repeated_day(sign_in):
    member = make_member(profile={"timezone": FAR_EAST})
    client = sign_in(member)
    check_in(client, member)
    (first,) = days_of(member)
    change_zone(client, FAR_WEST)
    check_in(client, member)
    assert first in days_of(member)
    assert len(set(days_of(member))) == len(days_of(member))
    assert streak_of(member) == len(days_of(member))


def test_later_day_start_keeps_days_and_streak(sign_in):
    member = make_member()
    client = sign_in(member)
    check_in(client, member)
    before = days_of(member)
    for day_start in ("06:00", "00:00", "03:30"):
        change_zone(client, "UTC", day_start)
        assert days_of(member) == before
        assert streak_of(member) == len(before)
        check_in(client, member)
        before = days_of(member)
    assert len(before) <= 2
    assert streak_of(member) == len(before)


@pytest.mark.parametrize("url", PAGES)
def test_page_query_count_is_constant(member_client, queries_of, url):
    counts = []
    for _ in range(2):
        counts.append(len(queries_of(lambda: member_client.get(url))))
        for _ in range(3):
            make_member()
    assert counts[0] == counts[1] <= 8
