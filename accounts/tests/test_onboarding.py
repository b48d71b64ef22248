import re
from zoneinfo import available_timezones

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import rules
from accounts.forms import USERNAME_TAKEN
from accounts.models import Member
from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from hacks.tests.factories import HackCategoryFactory, HackFactory

pytestmark = pytest.mark.django_db

WELCOME = reverse("accounts:onboarding")
CHECK = reverse("accounts:username-check")
FIRST_HACK = reverse("first-hack")
ANSWERS = {
    "username": "Slow_River",
    "display_name": "Slow River",
    "timezone": "Pacific/Auckland",
    "selected_path": "protection",
}
# What every signed-in request costs in a test: a savepoint and its release, three changes of identity, the user.
REQUEST = 6


@pytest.fixture
def newcomer():
    return make_member(onboarded=False)


@pytest.fixture
def newcomer_client(sign_in, newcomer):
    return sign_in(newcomer)


def row(member) -> Member:
    return Member.objects.select_related("profile").get(pk=member.pk)


def test_the_page_is_in_our_layout_and_empty_but_for_the_zone(newcomer_client):
    response = newcomer_client.get(WELCOME)
    read_page(response)
    form = response.context["form"]
    assert not form["username"].value()
    assert not form["display_name"].value()
    assert not form["selected_path"].value()
    assert form["timezone"].value() == "UTC"
    content = response.content.decode()
    assert "data-propose-zone" in content
    assert "Skip for now" in content
    assert "checked" not in content


def test_answers_are_kept_and_lead_to_the_first_hack(newcomer_client, newcomer):
    response = newcomer_client.post(WELCOME, {**ANSWERS, "profile_public": "on"})
    assert response.url == FIRST_HACK
    member = row(newcomer)
    assert (member.username, member.display_name) == ("Slow_River", "Slow River")
    assert member.privacy_settings == {"leaderboard_visible": False, "profile_public": True}
    assert member.profile.timezone == "Pacific/Auckland"
    assert member.profile.selected_path == "protection"
    assert member.profile.onboarding_completed


def test_both_switches_are_off_by_default(newcomer_client, newcomer):
    newcomer_client.post(WELCOME, ANSWERS)
    assert row(newcomer).privacy_settings == {"leaderboard_visible": False, "profile_public": False}


def test_a_privacy_setting_that_the_page_does_not_ask_for_stays(newcomer_client, newcomer):
    switches = {**newcomer.privacy_settings, "show_streak": True}
    Member.objects.filter(pk=newcomer.pk).update(privacy_settings=switches)
    newcomer_client.post(WELCOME, {**ANSWERS, "leaderboard_visible": "on"})
    assert row(newcomer).privacy_settings == {**switches, "leaderboard_visible": True}


def test_skipping_needs_nothing_and_the_welcome_waits(newcomer_client, newcomer):
    skip = re.search(r'href="([^"]+)">Skip for now', newcomer_client.get(WELCOME).content.decode()).group(1)
    assert f'href="{WELCOME}">Finish setting up' in newcomer_client.get(skip).content.decode()
    assert not row(newcomer).profile.onboarding_completed
    assert newcomer_client.get(WELCOME).status_code == 200


def test_sending_twice_changes_nothing_more(newcomer_client, newcomer):
    newcomer_client.post(WELCOME, ANSWERS)
    before = row(newcomer)
    assert newcomer_client.post(WELCOME, ANSWERS).status_code == 302
    assert (row(newcomer).username, row(newcomer).display_name) == (before.username, before.display_name)


def test_whoever_has_been_welcomed_is_led_to_the_settings(member_client, member):
    for response in (member_client.get(WELCOME), member_client.post(WELCOME, ANSWERS)):
        assert response.url == reverse("accounts:settings")
    assert row(member).username == member.username


@pytest.mark.parametrize(
    ("fields", "name", "complaint"),
    [
        ({"username": ""}, "username", "This field is required."),
        ({"username": "ab"}, "username", "Use at least three characters."),
        ({"username": "a" * 31}, "username", "at most 30 characters"),
        ({"username": "slow river"}, "username", "Use letters, digits and underscores only."),
        ({"username": "flüsse"}, "username", "Use letters, digits and underscores only."),
        ({"username": "slow\x00river"}, "username", "Null characters are not allowed."),
        ({"username": "Admin"}, "username", "This username is reserved."),
        ({"username": "nrghax_team"}, "username", "This username is reserved."),
        ({"display_name": "   "}, "display_name", "This field is required."),
        ({"display_name": "x" * 61}, "display_name", "at most 60 characters"),
        ({"timezone": "Europe/Atlantis"}, "timezone", "Choose a time zone from the list."),
        ({"timezone": "../../etc/passwd"}, "timezone", "Choose a time zone from the list."),
        ({"timezone": ""}, "timezone", "This field is required."),
        ({"selected_path": ""}, "selected_path", "Choose where you would like to begin."),
        ({"selected_path": "sorcery"}, "selected_path", "Select a valid choice."),
    ],
)
def test_bad_input_is_said_beside_its_field_and_writes_nothing(newcomer_client, newcomer, fields, name, complaint):
    response = newcomer_client.post(WELCOME, {**ANSWERS, **fields})
    assert complaint in str(response.context["form"].errors[name])
    assert list(response.context["form"].errors) == [name]
    read_page(response)
    member = row(newcomer)
    assert member.username == newcomer.username
    assert not member.profile.onboarding_completed


def test_an_alias_that_a_browser_reports_is_kept(newcomer_client, newcomer):
    newcomer_client.post(WELCOME, {**ANSWERS, "timezone": "US/Pacific"})
    assert row(newcomer).profile.timezone == "US/Pacific"
    settings = newcomer_client.get(reverse("accounts:settings-day"))
    assert '<option value="US/Pacific" selected>' in settings.content.decode()


def test_a_zone_sent_back_with_an_error_is_still_chosen(newcomer_client):
    response = newcomer_client.post(WELCOME, {**ANSWERS, "username": ""})
    assert '<option value="Pacific/Auckland" selected>' in response.content.decode()
    assert "data-propose-zone" not in response.content.decode()


def test_anothers_name_is_taken_in_any_case_and_ones_own_is_not(newcomer_client, newcomer):
    other = make_member(username="Slow_River")
    response = newcomer_client.post(WELCOME, {**ANSWERS, "username": "sLOW_rIVER"})
    assert response.context["form"].errors["username"] == [USERNAME_TAKEN]
    assert newcomer_client.post(WELCOME, {**ANSWERS, "username": newcomer.username.upper()}).status_code == 302
    assert row(newcomer).username == newcomer.username.upper()
    assert row(other).username == "Slow_River"


def test_who_comes_second_to_a_name_sees_it_at_the_field(newcomer_client, newcomer, monkeypatch):
    """The other one takes the name in between this one's check and its update."""
    from accounts.forms import OnboardingForm

    clean = OnboardingForm.clean_username

    def be_overtaken(form):
        username = clean(form)
        make_member(username=username.lower())
        return username

    monkeypatch.setattr(OnboardingForm, "clean_username", be_overtaken)
    response = newcomer_client.post(WELCOME, ANSWERS)
    assert response.status_code == 200
    assert response.context["form"].errors["username"] == [USERNAME_TAKEN]
    member = row(newcomer)
    assert member.username == newcomer.username
    assert not member.profile.onboarding_completed


def test_what_the_form_does_not_ask_for_cannot_be_sent(newcomer_client, newcomer):
    other = make_member()
    forged = {
        "id": str(other.pk),
        "user": str(other.pk),
        "member": str(other.pk),
        "graduation_status": "graduated",
        "is_staff": "on",
        "is_superuser": "on",
        "discord_id": "1",
        "bio": "forged",
    }
    newcomer_client.post(WELCOME, {**ANSWERS, **forged})
    member = Member.objects.select_related("profile", "user").get(pk=newcomer.pk)
    assert member.username == "Slow_River"
    assert member.graduation_status == "active"
    assert not member.user.is_staff
    assert not member.user.is_superuser
    assert member.profile.discord_id is None
    assert member.profile.bio == ""
    assert row(other).username == other.username


@pytest.mark.parametrize("url", [WELCOME, CHECK, FIRST_HACK])
def test_a_visitor_is_asked_to_log_in(client, url):
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"


@pytest.mark.parametrize(
    ("url", "method"),
    [(WELCOME, "put"), (WELCOME, "delete"), (CHECK, "post"), (CHECK, "delete"), (FIRST_HACK, "post")],
)
def test_no_other_method(newcomer_client, url, method):
    assert getattr(newcomer_client, method)(url).status_code == 405


def test_the_token_is_needed(newcomer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(newcomer.user)
    assert client.post(WELCOME, ANSWERS).status_code == 403
    assert not row(newcomer).profile.onboarding_completed


@pytest.mark.parametrize(
    ("username", "said"),
    [
        ("Slow_River", "Slow_River is free"),
        ("TAKEN_name", "This username is taken."),
        ("staff", "This username is reserved."),
        ("ab", "Use at least three characters."),
        ("a b c", "Use letters, digits and underscores only."),
        ("", "This field is required."),
        ("a" * 31, "at most 30 characters"),
        ("<b>bold</b>", "Use letters, digits and underscores only."),
    ],
)
def test_the_live_check_says_what_is_wrong(newcomer_client, username, said):
    make_member(username="Taken_Name")
    response = newcomer_client.get(CHECK, {"username": username})
    content = response.content.decode()
    assert said in content
    assert 'id="username-status"' in content
    assert ("field__status--good" in content) == said.endswith("is free")
    assert "<b>" not in content


def test_the_live_check_calls_ones_own_name_free(member_client, member):
    assert "is free" in member_client.get(CHECK, {"username": member.username.upper()}).content.decode()


def test_the_live_check_is_limited(newcomer_client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"username_check": "2/m/user"}
    for _ in range(2):
        assert newcomer_client.get(CHECK, {"username": "slow_river"}).status_code == 200
    assert newcomer_client.get(CHECK, {"username": "slow_river"}).status_code == 429
    assert newcomer_client.post(WELCOME, ANSWERS).status_code == 302, "the form itself is not held up"


def test_the_check_for_a_name_uses_its_index():
    """A lookup by iexact would ask for UPPER(), which no index has."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "users_username_unique" in Member.objects.named("Slow_River").explain()


@pytest.mark.parametrize(
    ("path", "category"),
    [("energy_awareness", "energy_awareness"), ("protection", "relaxation"), ("flow_master", "flow_manipulation")],
)
def test_the_first_hack_suits_the_path(sign_in, path, category):
    hacks = {
        name: HackFactory(is_gateway=True, category=HackCategoryFactory(name=name))
        for name in ("healing", "flow_manipulation", "relaxation", "energy_awareness")
    }
    HackFactory(category=hacks[category].category)
    HackFactory(category=hacks[category].category, is_gateway=True, is_active=False, slug="a-draft")
    client = sign_in(make_member(profile={"selected_path": path}))
    assert client.get(FIRST_HACK).url == hacks[category].get_absolute_url()


def test_the_first_hack_is_any_gateway_before_none(sign_in):
    client = sign_in(make_member(profile={"selected_path": "protection"}))
    assert client.get(FIRST_HACK).url == reverse("hacks:hack-list")
    gateway = HackFactory(is_gateway=True)
    assert client.get(FIRST_HACK).url == gateway.get_absolute_url()


def test_choosing_the_first_hack_costs_the_same_for_any_library(member_client, django_assert_num_queries):
    for _ in range(2):
        HackFactory.create_batch(3, is_gateway=True)
        with django_assert_num_queries(REQUEST + 1):
            member_client.get(FIRST_HACK)


def test_the_welcome_costs_the_same_among_any_number_of_members(newcomer_client, django_assert_num_queries):
    newcomer_client.get(WELCOME)
    for _ in range(2):
        make_member()
        with django_assert_num_queries(REQUEST + 1):
            newcomer_client.get(WELCOME)


def test_times_are_shown_in_a_known_zone_where_the_members_has_vanished(sign_in):
    client = sign_in(make_member(profile={"timezone": "Europe/Atlantis"}))
    assert client.get(reverse("accounts:settings")).status_code == 200
    response = client.get(reverse("accounts:settings-day"))
    assert "Your time zone is no longer known" in response.content.decode()


def test_no_reminder_is_left_after_the_welcome(newcomer_client):
    newcomer_client.post(WELCOME, ANSWERS)
    assert "Finish setting up" not in newcomer_client.get(reverse("practice:today")).content.decode()


def test_a_vanished_zone_is_read_as_utc():
    assert rules.zone_or_utc("Europe/Atlantis").key == "UTC"
    assert rules.zone_or_utc("../etc/passwd").key == "UTC"
    assert rules.zone_or_utc("Asia/Tokyo").key == "Asia/Tokyo"


def test_the_select_offers_every_place_once(newcomer_client):
    content = newcomer_client.get(WELCOME).content.decode()
    offered = re.findall(r'<option value="([^"]+)"', content)
    assert offered[0] == "UTC"
    assert len(offered) == len(set(offered)) > 400
    assert {"Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kolkata"} <= set(offered)
    assert set(offered) <= available_timezones()
    assert content.count(" selected>") == 1
    assert ">Argentina, Buenos Aires<" in content
    assert '<optgroup label="America">' in content


def test_a_forged_zone_is_escaped_where_it_is_shown_again(newcomer_client):
    response = newcomer_client.post(WELCOME, {**ANSWERS, "timezone": '"><script>'})
    content = response.content.decode()
    assert "<script>" not in content
    assert '<option value="&quot;&gt;&lt;script&gt;" selected>' in content
