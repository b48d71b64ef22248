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
# 25 hours apart: there is no moment at which both have the same date.
FAR_WEST, FAR_EAST = "Pacific/Pago_Pago", "Pacific/Kiritimati"


def row(member) -> Member:
    return Member.objects.select_related("profile", "stats").get(pk=member.pk)


@pytest.mark.parametrize("url", PAGES)
def test_each_page_is_in_our_layout(member_client, url):
    page = read_page(member_client.get(url))
    assert page.tags["h1"] == 1


@pytest.mark.parametrize("url", PAGES)
def test_a_visitor_is_asked_to_log_in(client, url):
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"


@pytest.mark.parametrize("url", PAGES)
def test_no_other_method(member_client, url):
    assert member_client.delete(url).status_code == 405
    assert url != OVERVIEW or member_client.post(url).status_code == 405


@pytest.mark.parametrize("url", ANSWERS)
def test_the_token_is_needed(member, url):
    client = Client(enforce_csrf_checks=True)
    client.force_login(member.user)
    assert client.post(url, ANSWERS[url]).status_code == 403


def test_the_overview_leads_everywhere_and_each_link_works(member_client):
    content = member_client.get(OVERVIEW).content.decode()
    links = re.findall(r'class="list__link" href="([^"]+)"', content)
    names = ("account_email", "account_change_password", "accounts:security", "practice:trips", "account_logout")
    assert {PROFILE, DAY, PRIVACY, *map(reverse, names)} == set(links)
    for link in links:
        assert member_client.get(link).status_code == 200


@pytest.mark.parametrize("url", [PROFILE, DAY, PRIVACY, reverse("account_email"), reverse("accounts:security")])
def test_the_menu_beside_says_where_one_is(member_client, url):
    content = member_client.get(url).content.decode()
    nav = content.partition('<nav class="side-nav')[2].partition("</nav>")[0]
    assert re.findall(r'href="([^"]+)"\s+aria-current="page"', nav) == [url]


def test_the_account_menu_leads_here_and_to_ones_own_page(member, member_client):
    menu = member_client.get(OVERVIEW).content.decode().partition('<div class="menu__panel">')[2]
    assert f'href="{OVERVIEW}"' in menu
    assert f'href="/@{member.username}/"' in menu


def test_the_profile_is_kept(member_client, member):
    response = member_client.post(PROFILE, ANSWERS[PROFILE], follow=True)
    assert response.redirect_chain == [(PROFILE, 302)]
    assert "Your profile is saved." in response.content.decode()
    saved = row(member)
    assert (saved.username, saved.display_name) == ("Slow_River", "Slow River")
    assert (saved.profile.bio, saved.profile.selected_path) == ("Tea.", "protection")
    form = member_client.get(PROFILE).context["form"]
    assert {name: form[name].value() for name in ANSWERS[PROFILE]} == ANSWERS[PROFILE]


def test_the_day_is_kept(member_client, member):
    response = member_client.post(DAY, ANSWERS[DAY], follow=True)
    assert response.redirect_chain == [(DAY, 302)]
    assert "Your day and your time zone are saved." in response.content.decode()
    profile = row(member).profile
    assert (profile.timezone, profile.day_start) == ("Pacific/Auckland", time(3, 30))
    form = member_client.get(DAY).context["form"]
    assert {name: form[name].value() for name in ANSWERS[DAY]} == ANSWERS[DAY]


def test_the_switches_are_kept_and_can_be_taken_back(member_client, member):
    Member.objects.filter(pk=member.pk).update(privacy_settings={**member.privacy_settings, "show_pebbles": True})
    for answers, is_on in ((ANSWERS[PRIVACY], True), ({}, False)):
        response = member_client.post(PRIVACY, answers, follow=True)
        assert response.redirect_chain == [(PRIVACY, 302)]
        assert "Your privacy settings are saved." in response.content.decode()
        saved = row(member)
        expected = {"leaderboard_visible": is_on, "profile_public": is_on, "show_pebbles": True}
        assert saved.privacy_settings == expected
        assert saved.profile.hide_streaks is is_on
        form = member_client.get(PRIVACY).context["form"]
        assert {bool(form[name].value()) for name in ANSWERS[PRIVACY]} == {is_on}


@pytest.mark.parametrize(
    ("url", "fields", "name", "complaint"),
    [
        (PROFILE, {"username": "ab"}, "username", "Use at least three characters."),
        (PROFILE, {"username": "Admin"}, "username", "This username is reserved."),
        (PROFILE, {"display_name": " "}, "display_name", "This field is required."),
        (PROFILE, {"bio": "x" * 1001}, "bio", "at most 1000 characters"),
        (PROFILE, {"bio": "a\x00b"}, "bio", "Null characters are not allowed."),
        (PROFILE, {"selected_path": ""}, "selected_path", "Choose where you would like to begin."),
        (DAY, {"timezone": "Europe/Atlantis"}, "timezone", "Choose a time zone from the list."),
        (DAY, {"timezone": ""}, "timezone", "This field is required."),
        (DAY, {"day_start": "06:30"}, "day_start", "Select a valid choice."),
        (DAY, {"day_start": "03:15"}, "day_start", "Select a valid choice."),
        (DAY, {"day_start": ""}, "day_start", "This field is required."),
    ],
)
def test_bad_input_is_said_beside_its_field_and_writes_nothing(member_client, member, url, fields, name, complaint):
    before = row(member)
    response = member_client.post(url, {**ANSWERS[url], **fields})
    assert list(response.context["form"].errors) == [name]
    assert complaint in str(response.context["form"].errors[name])
    read_page(response)
    after = row(member)
    assert (after.username, after.updated_at) == (before.username, before.updated_at)
    assert after.profile.updated_at == before.profile.updated_at


def test_what_a_form_does_not_ask_for_cannot_be_sent(member_client, member):
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
    saved = row(member)
    assert (saved.avatar_url, saved.graduation_status, saved.is_active) == ("", "active", True)
    assert (saved.profile.discord_id, saved.profile.onboarding_completed) == (None, True)
    assert row(other).username == other.username
    assert row(other).profile.timezone == "UTC"


def test_day_starts_are_offered_by_half_hours_until_six(member_client):
    choices = [value for value, _ in member_client.get(DAY).context["form"].fields["day_start"].choices]
    assert choices[:3] == ["00:00", "00:30", "01:00"]
    assert choices[-1] == "06:00"
    assert len(choices) == 13


def test_a_day_start_that_staff_have_set_stays_a_choice(sign_in):
    member = make_member(profile={"day_start": time(1, 15)})
    client = sign_in(member)
    assert client.get(DAY).context["form"]["day_start"].value() == "01:15"
    assert client.post(DAY, {"timezone": "UTC", "day_start": "01:15"}).status_code == 302
    assert row(member).profile.day_start == time(1, 15)


@pytest.mark.parametrize(
    ("zone", "day_start"),
    [("UTC", time(0)), ("UTC", time(6)), (FAR_EAST, time(3, 30)), (FAR_WEST, time(0)), ("Asia/Kolkata", time(0, 30))],
)
def test_the_page_says_which_day_it_is_and_until_when(sign_in, zone, day_start):
    member = make_member(profile={"timezone": zone, "day_start": day_start})
    content = sign_in(member).get(DAY).content.decode()
    day = local_date(datetime.now(UTC), zone, day_start)
    until = f"{day_start:%H:%M} on {day + timedelta(days=1):%A}" if day_start != time(0) else "midnight"
    assert f"Today is {day:%A}, {day.day} {day:%B} for you, until {until}." in content


def test_on_a_trip_the_page_speaks_of_its_clock(sign_in):
    member = make_member(profile={"timezone": FAR_WEST})
    day = local_date(datetime.now(UTC), FAR_WEST, time(0))
    Trip.objects.create(user=member, zone=FAR_EAST, starts_on=day - timedelta(days=3), ends_on=day + timedelta(days=9))
    content = sign_in(member).get(DAY).content.decode()
    there = local_date(datetime.now(UTC), FAR_EAST, time(0))
    assert f"{there:%A}, {there.day} {there:%B} for you" in content
    assert f"follow the clock of {FAR_EAST}" in content
    assert '<option value="Pacific/Pago_Pago" selected>' in content


def days_of(member) -> list[date]:
    return list(
        DailyCheckin.objects.filter(user=member).order_by("checkin_date").values_list("checkin_date", flat=True)
    )


def streak_of(member) -> int:
    return MemberStats.objects.get(pk=member.pk).streak_at(datetime.now(UTC))


def move(client, zone, day_start="00:00"):
    assert client.post(DAY, {"timezone": zone, "day_start": day_start}).status_code == 302


def check_in(client, member):
    profile = Profile.objects.get(pk=member.pk)
    today = local_date(datetime.now(UTC), profile.timezone, profile.day_start)
    seen = DailyCheckin.objects.filter(user=member, checkin_date=today).values_list("pk", flat=True).first()
    answers = {"date": today.isoformat(), "seen": seen or "", "mood_before": "5"}
    assert client.post(CHECKIN, answers).status_code == 302


def test_a_move_east_and_back_neither_loses_nor_doubles_a_day(sign_in):
    member = make_member(profile={"timezone": FAR_WEST})
    client = sign_in(member)
    check_in(client, member)
    (first,) = days_of(member)
    move(client, FAR_EAST)
    assert streak_of(member) == 1
    check_in(client, member)
    second = days_of(member)[1]
    assert second > first
    assert streak_of(member) == 2
    move(client, FAR_WEST)
    check_in(client, member)
    assert days_of(member) == [first, second], "the day that comes once more has its check-in"
    assert streak_of(member) == 2


def test_a_move_west_keeps_the_day_that_comes_once_more(sign_in):
    member = make_member(profile={"timezone": FAR_EAST})
    client = sign_in(member)
    check_in(client, member)
    (first,) = days_of(member)
    move(client, FAR_WEST)
    check_in(client, member)
    assert first in days_of(member)
    assert len(set(days_of(member))) == len(days_of(member))
    assert streak_of(member) == len(days_of(member))


def test_a_later_start_of_the_day_takes_nothing_away(sign_in):
    member = make_member()
    client = sign_in(member)
    check_in(client, member)
    before = days_of(member)
    for day_start in ("06:00", "00:00", "03:30"):
        move(client, "UTC", day_start)
        assert days_of(member) == before
        assert streak_of(member) == len(before)
        check_in(client, member)
        before = days_of(member)
    assert len(before) <= 2
    assert streak_of(member) == len(before)


@pytest.mark.parametrize("url", PAGES)
def test_a_page_costs_the_same_among_any_number_of_members(member_client, queries_of, url):
    counts = []
    for _ in range(2):
        counts.append(len(queries_of(lambda: member_client.get(url))))
        for _ in range(3):
            make_member()
    assert counts[0] == counts[1] <= 8
