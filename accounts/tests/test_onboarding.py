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
# Queries of each logged-in request in a test: a savepoint and its release, three identity changes, the user.
QUERIES_PER_REQUEST = 6


@pytest.fixture
def newcomer():
    return make_member(onboarded=False)


@pytest.fixture
def newcomer_client(sign_in, newcomer):
    return sign_in(newcomer)


def reload(member) -> Member:
    return Member.objects.select_related("profile").get(pk=member.pk)


def test_page_is_empty_except_for_zone(newcomer_client):
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


def test_answers_are_saved_and_redirect_to_first_hack(newcomer_client, newcomer):
    response = newcomer_client.post(WELCOME, {**ANSWERS, "profile_public": "on"})
    assert response.url == FIRST_HACK
    member = reload(newcomer)
    assert (member.username, member.display_name) == ("Slow_River", "Slow River")
    assert member.privacy_settings == {"leaderboard_visible": False, "profile_public": True}
    assert member.profile.timezone == "Pacific/Auckland"
    assert member.profile.selected_path == "protection"
    assert member.profile.onboarding_completed


def test_privacy_switches_are_off_by_default(newcomer_client, newcomer):
    newcomer_client.post(WELCOME, ANSWERS)
    assert reload(newcomer).privacy_settings == {"leaderboard_visible": False, "profile_public": False}


def test_other_privacy_settings_are_kept(newcomer_client, newcomer):
    switches = {**newcomer.privacy_settings, "show_streak": True}
    Member.objects.filter(pk=newcomer.pk).update(privacy_settings=switches)
    newcomer_client.post(WELCOME, {**ANSWERS, "leaderboard_visible": "on"})
    assert reload(newcomer).privacy_settings == {**switches, "leaderboard_visible": True}


def test_onboarding_can_be_skipped_and_finished_later(newcomer_client, newcomer):
    skip = re.search(r'href="([^"]+)">Skip for now', newcomer_client.get(WELCOME).content.decode()).group(1)
    assert f'href="{WELCOME}">Finish setting up' in newcomer_client.get(skip).content.decode()
    assert not reload(newcomer).profile.onboarding_completed
    assert newcomer_client.get(WELCOME).status_code == 200


def test_submitting_twice_changes_nothing(newcomer_client, newcomer):
    newcomer_client.post(WELCOME, ANSWERS)
    before = reload(newcomer)
    assert newcomer_client.post(WELCOME, ANSWERS).status_code == 302
    assert (reload(newcomer).username, reload(newcomer).display_name) == (before.username, before.display_name)


def test_onboarded_member_is_redirected_to_settings(member_client, member):
    for response in (member_client.get(WELCOME), member_client.post(WELCOME, ANSWERS)):
        assert response.url == reverse("accounts:settings")
    assert reload(member).username == member.username


@pytest.mark.parametrize(
    ("fields", "name", "message"),
    [
        ({"username": ""}, "username", "Fill in this field."),
        ({"username": "ab"}, "username", "Use at least 3 characters."),
        ({"username": "a" * 31}, "username", "at most 30 characters"),
        ({"username": "slow river"}, "username", "Use only letters, digits and underscores."),
        ({"username": "flüsse"}, "username", "Use only letters, digits and underscores."),
        ({"username": "slow\x00river"}, "username", "One character here can't be saved."),
        ({"username": "Admin"}, "username", "This username is reserved."),
        ({"username": "nrghax_team"}, "username", "This username is reserved."),
        ({"display_name": "   "}, "display_name", "Fill in this field."),
        ({"display_name": "x" * 61}, "display_name", "at most 60 characters"),
        ({"timezone": "Europe/Atlantis"}, "timezone", "Choose a time zone from the list."),
        ({"timezone": "../../etc/passwd"}, "timezone", "Choose a time zone from the list."),
        ({"timezone": ""}, "timezone", "Fill in this field."),
        ({"selected_path": ""}, "selected_path", "Choose where you'd like to start."),
        ({"selected_path": "sorcery"}, "selected_path", "Choose one of the options."),
    ],
)
def test_bad_input_shows_error_and_writes_nothing(newcomer_client, newcomer, fields, name, message):
    response = newcomer_client.post(WELCOME, {**ANSWERS, **fields})
    assert message in " ".join(response.context["form"].errors[name])
    assert list(response.context["form"].errors) == [name]
    read_page(response)
    member = reload(newcomer)
    assert member.username == newcomer.username
    assert not member.profile.onboarding_completed


def test_zone_alias_from_browser_is_kept(newcomer_client, newcomer):
    newcomer_client.post(WELCOME, {**ANSWERS, "timezone": "US/Pacific"})
    assert reload(newcomer).profile.timezone == "US/Pacific"
    settings = newcomer_client.get(reverse("accounts:settings-day"))
    assert '<option value="US/Pacific" selected>' in settings.content.decode()


def test_zone_stays_selected_after_error(newcomer_client):
    response = newcomer_client.post(WELCOME, {**ANSWERS, "username": ""})
    assert '<option value="Pacific/Auckland" selected>' in response.content.decode()
    assert "data-propose-zone" not in response.content.decode()


def test_username_of_other_member_is_refused_in_any_case(newcomer_client, newcomer):
    other = make_member(username="Slow_River")
    response = newcomer_client.post(WELCOME, {**ANSWERS, "username": "sLOW_rIVER"})
    assert response.context["form"].errors["username"] == [USERNAME_TAKEN]
    assert newcomer_client.post(WELCOME, {**ANSWERS, "username": newcomer.username.upper()}).status_code == 302
    assert reload(newcomer).username == newcomer.username.upper()
    assert reload(other).username == "Slow_River"


def test_username_taken_after_validation_shows_error(newcomer_client, newcomer, monkeypatch):
    """Another member takes the name between the form's check and the update."""
    from accounts.forms import OnboardingForm

    clean = OnboardingForm.clean_username

    def clean_then_lose_username(form):
        username = clean(form)
        make_member(username=username.lower())
        return username

    monkeypatch.setattr(OnboardingForm, "clean_username", clean_then_lose_username)
    response = newcomer_client.post(WELCOME, ANSWERS)
    assert response.status_code == 200
    assert response.context["form"].errors["username"] == [USERNAME_TAKEN]
    member = reload(newcomer)
    assert member.username == newcomer.username
    assert not member.profile.onboarding_completed


def test_fields_outside_form_are_ignored(newcomer_client, newcomer):
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
    assert reload(other).username == other.username


@pytest.mark.parametrize("url", [WELCOME, CHECK, FIRST_HACK])
def test_visitor_is_redirected_to_login(client, url):
    assert client.get(url).url == f"{reverse('account_login')}?next={url}"


@pytest.mark.parametrize(
    ("url", "method"),
    [(WELCOME, "put"), (WELCOME, "delete"), (CHECK, "post"), (CHECK, "delete"), (FIRST_HACK, "post")],
)
def test_other_methods_are_refused(newcomer_client, url, method):
    assert getattr(newcomer_client, method)(url).status_code == 405


def test_csrf_token_is_required(newcomer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(newcomer.user)
    assert client.post(WELCOME, ANSWERS).status_code == 403
    assert not reload(newcomer).profile.onboarding_completed


@pytest.mark.parametrize(
    ("username", "message"),
    [
        ("Slow_River", "Slow_River is available"),
        ("TAKEN_name", "This username is taken."),
        ("staff", "This username is reserved."),
        ("ab", "Use at least 3 characters."),
        ("a b c", "Use only letters, digits and underscores."),
        ("", "Fill in this field."),
        ("a" * 31, "at most 30 characters"),
        ("<b>bold</b>", "Use only letters, digits and underscores."),
    ],
)
def test_username_check_shows_message(newcomer_client, username, message):
    make_member(username="Taken_Name")
    response = newcomer_client.get(CHECK, {"username": username})
    content = response.content.decode()
    assert message in content
    assert 'id="username-status"' in content
    assert ("field__status--good" in content) == message.endswith("is available")
    assert "<b>" not in content


def test_username_check_accepts_own_name(member_client, member):
    assert "is available" in member_client.get(CHECK, {"username": member.username.upper()}).content.decode()


def test_username_check_is_rate_limited(newcomer_client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"username_check": "2/m/user"}
    for _ in range(2):
        assert newcomer_client.get(CHECK, {"username": "slow_river"}).status_code == 200
    assert newcomer_client.get(CHECK, {"username": "slow_river"}).status_code == 429
    assert newcomer_client.post(WELCOME, ANSWERS).status_code == 302, "the form itself isn't limited"


def test_username_lookup_uses_index():
    """A lookup by iexact would use UPPER(), for which no index exists."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "users_username_unique" in Member.objects.named("Slow_River").explain()


@pytest.mark.parametrize(
    ("path", "category"),
    [("energy_awareness", "energy_awareness"), ("protection", "relaxation"), ("flow_master", "flow_manipulation")],
)
def test_first_hack_matches_path(sign_in, path, category):
    hacks = {
        name: HackFactory(is_gateway=True, category=HackCategoryFactory(name=name))
        for name in ("healing", "flow_manipulation", "relaxation", "energy_awareness")
    }
    HackFactory(category=hacks[category].category)
    HackFactory(category=hacks[category].category, is_gateway=True, is_active=False, slug="a-draft")
    client = sign_in(make_member(profile={"selected_path": path}))
    assert client.get(FIRST_HACK).url == hacks[category].get_absolute_url()


def test_first_hack_falls_back_to_any_gateway(sign_in):
    client = sign_in(make_member(profile={"selected_path": "protection"}))
    assert client.get(FIRST_HACK).url == reverse("hacks:hack-list")
    gateway = HackFactory(is_gateway=True)
    assert client.get(FIRST_HACK).url == gateway.get_absolute_url()


def test_first_hack_query_count_is_constant(member_client, django_assert_num_queries):
    for _ in range(2):
        HackFactory.create_batch(3, is_gateway=True)
        with django_assert_num_queries(QUERIES_PER_REQUEST + 1):
            member_client.get(FIRST_HACK)


def test_onboarding_query_count_is_constant(newcomer_client, django_assert_num_queries):
    newcomer_client.get(WELCOME)
    for _ in range(2):
        make_member()
        with django_assert_num_queries(QUERIES_PER_REQUEST + 1):
            newcomer_client.get(WELCOME)


def test_pages_work_when_zone_is_unknown(sign_in):
    client = sign_in(make_member(profile={"timezone": "Europe/Atlantis"}))
    assert client.get(reverse("accounts:settings")).status_code == 200
    response = client.get(reverse("accounts:settings-day"))
    assert "Your time zone is no longer available" in response.content.decode()


def test_reminder_is_gone_after_onboarding(newcomer_client):
    newcomer_client.post(WELCOME, ANSWERS)
    assert "Finish setting up" not in newcomer_client.get(reverse("practice:today")).content.decode()


def test_unknown_zone_falls_back_to_utc():
    assert rules.zone_or_utc("Europe/Atlantis").key == "UTC"
    assert rules.zone_or_utc("../etc/passwd").key == "UTC"
    assert rules.zone_or_utc("Asia/Tokyo").key == "Asia/Tokyo"


def test_zone_select_offers_each_zone_once(newcomer_client):
    content = newcomer_client.get(WELCOME).content.decode()
    offered = re.findall(r'<option value="([^"]+)"', content)
    assert offered[0] == "UTC"
    assert len(offered) == len(set(offered)) > 400
    assert {"Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kolkata"} <= set(offered)
    assert set(offered) <= available_timezones()
    assert content.count(" selected>") == 1
    assert ">Argentina, Buenos Aires<" in content
    assert '<optgroup label="America">' in content


def test_forged_zone_is_escaped(newcomer_client):
    response = newcomer_client.post(WELCOME, {**ANSWERS, "timezone": '"><script>'})
    content = response.content.decode()
    assert "<script>" not in content
    assert '<option value="&quot;&gt;&lt;script&gt;" selected>' in content
