import re
from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_member
from analytics.models import Notification
from analytics.notifications.types import NotificationType
from database.identity import Role, database_identity
from hacks.models import Hack, UserHackProgress
from hacks.tests.factories import HackFactory
from practice.models import MemberStats, RestDay
from practice.tests.factories import days_ago, make_checkin, make_session

pytestmark = pytest.mark.django_db
PAGE = reverse("practice:today")


@pytest.fixture
def now():
    return timezone.now()


def states(response) -> str:
    return " ".join(day["state"] for day in response.context["streak"]["week"])


def text(response) -> str:
    return response.content.decode()


def test_new_member_sees_first_steps(member_client, member):
    gateway = HackFactory(is_gateway=True)
    HackFactory()
    response = member_client.get(PAGE)
    page = text(response)
    assert member.display_name in page
    assert "How do you feel today?" in page
    assert "Your first check-in is day 1." in page
    assert response.context["suggestion"].name == gateway.name
    assert response.context["streak"]["count"] == 0
    assert response.context["recent"] == []
    assert "Recent practice" not in page
    assert "New for you" not in page


def test_page_works_without_hacks(member_client):
    assert member_client.get(PAGE).status_code == 200


def primary_actions(page: str) -> list[str]:
    """Return the URLs of the primary buttons."""
    return re.findall(r'<a class="button[^"]* button--primary[^"]*"\s+href="([^"]+)"', page)


def test_page_has_one_primary_action_starting_with_checkin(member_client, member, now):
    hack = HackFactory(is_gateway=True)
    assert primary_actions(text(member_client.get(PAGE))) == [reverse("practice:checkin")]
    make_checkin(member, days_ago(0), mood_before=3)
    timer = reverse("practice:timer", args=[hack.slug])
    assert primary_actions(text(member_client.get(PAGE))) == [timer]
    other = HackFactory()
    make_session(member, other, started_at=now - timedelta(minutes=5), ended_at=None)
    assert primary_actions(text(member_client.get(PAGE))) == [reverse("practice:timer", args=[other.slug])]


def test_running_session_can_be_resumed_or_finished(member_client, member, now):
    hack = HackFactory(name="Energy Ball")
    session = make_session(member, hack, started_at=now - timedelta(minutes=5), ended_at=None)
    response = member_client.get(PAGE)
    page = text(response)
    assert "Energy Ball is running" in page
    assert response.context["suggestion"] is None, "a running session hides the suggestion"
    assert reverse("practice:timer", args=[hack.slug]) in page
    assert reverse("practice:session-finish", args=[session.pk]) in page


def test_checkin_of_today_shows_mood(member_client, member):
    make_checkin(member, days_ago(0), mood_before=3)
    page = text(member_client.get(PAGE))
    assert "3 of 10" in page
    assert "Add it after you practise" in page
    assert "How do you feel today?" not in page


def test_checkin_of_yesterday_is_not_shown_as_today(member_client, member):
    make_checkin(member, days_ago(1), mood_before=3)
    assert member_client.get(PAGE).context["checkin"] is None


def test_page_shows_streak_with_its_numbers(member_client, member):
    for back in range(8):
        make_checkin(member, days_ago(7 - back))
    response = member_client.get(PAGE)
    streak = response.context["streak"]
    assert (streak["count"], streak["longest"], streak["rest_stock"]) == (8, 8, 1)
    assert streak["strength"] == round(100 * (1 - 0.5 ** (8 / 13)))
    assert states(response) == "done done done done done done done"
    # The rest day in stock extends the streak by one day.
    assert streak["safe_until"] == f"the end of {days_ago(-2):%A}, {days_ago(-2).day} {days_ago(-2):%B}"


def test_week_without_checkins_is_missed_for_existing_member(sign_in):
    member = make_member(created_at=timezone.now() - timedelta(days=30))
    make_checkin(member, days_ago(20))
    assert states(sign_in(member).get(PAGE)) == "missed missed missed missed missed missed today"


def test_new_member_has_no_missed_days(member_client):
    assert states(member_client.get(PAGE)) == "before before before before before before today"


def test_streak_is_safe_until_end_of_today(member_client, member):
    make_checkin(member, days_ago(1))
    response = member_client.get(PAGE)
    assert response.context["streak"]["count"] == 1
    assert response.context["streak"]["safe_until"] == "the end of today"
    assert states(response) == "before before before before before done today"


def test_ended_streak_shows_zero_before_worker_closes_it(member_client, member):
    make_checkin(member, days_ago(5))
    MemberStats.objects.filter(pk=member.pk).update(current_streak=1)
    response = member_client.get(PAGE)
    assert response.context["streak"]["count"] == 0
    assert "Check in to start a new streak." in text(response)
    assert states(response) == "before done missed missed missed missed today"
    # Four days were missed; today is not over yet and does not count.
    assert response.context["streak"]["strength"] == round(100 * (1 - 0.5 ** (1 / 13)) * 0.5 ** (4 / 13))


def test_planned_rest_days_are_shown(member_client, member):
    make_checkin(member, days_ago(2))
    RestDay.objects.create(user=member, rest_date=days_ago(1))
    RestDay.objects.create(user=make_member(), rest_date=days_ago(4))
    response = member_client.get(PAGE)
    assert states(response) == "before before before before done rest today"
    assert response.context["streak"]["count"] == 1


def test_end_of_streak_is_shown_in_time_zone_of_member(sign_in, monkeypatch):
    member = make_member(profile={"timezone": "Asia/Kathmandu", "day_start": "04:00"})
    moment = datetime.fromisoformat("2026-11-22T21:30:00+05:45")
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    make_checkin(member, moment.date(), timezone="Asia/Kathmandu", day_start="04:00")
    # The database uses the real time, at which this streak has already ended.
    MemberStats.objects.filter(pk=member.pk).update(current_streak=1)
    client = sign_in(member)
    response = client.get(PAGE)
    assert response.context["greeting"] == "Good evening"
    assert response.context["day_name"] == "Sunday, 22 November"
    assert "Safe until 04:00 on Tuesday, 24 November." in text(response)


def test_late_day_start_keeps_previous_day_after_midnight(sign_in, monkeypatch):
    member = make_member(profile={"day_start": "04:00"})
    moment = datetime.fromisoformat("2026-11-23T02:00:00+00:00")
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    assert sign_in(member).get(PAGE).context["day_name"] == "Sunday, 22 November"


@pytest.mark.parametrize(
    ("hour", "greeting"),
    [
        (4, "Good evening"),
        (5, "Good morning"),
        (11, "Good morning"),
        (12, "Good afternoon"),
        (17, "Good afternoon"),
        (18, "Good evening"),
    ],
)
def test_greeting_depends_on_hour(member_client, monkeypatch, hour, greeting):
    moment = datetime.fromisoformat(f"2026-11-22T{hour:02}:59:00+00:00")
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    assert member_client.get(PAGE).context["greeting"] == greeting


def progress(member, hack, **fields):
    return UserHackProgress.objects.create(user=member, hack=hack, **fields)


def test_suggestion_prefers_hacks_in_progress_over_new_ones(member_client, member, now):
    plain = HackFactory(name="Plain")
    gateway = HackFactory(name="Gateway", is_gateway=True)
    locked = HackFactory(name="Locked", prerequisite_hack=plain)

    def suggested():
        return member_client.get(PAGE).context["suggestion"].name

    assert suggested() == "Gateway"
    own = progress(member, locked, unlocked_at=now)
    assert suggested() == "Locked"
    make_session(member, plain, started_at=now - timedelta(days=3))
    assert suggested() == "Plain"
    make_session(member, gateway, started_at=now - timedelta(days=2))
    assert suggested() == "Gateway"
    UserHackProgress.objects.filter(hack__in=[plain, gateway]).update(mastery_level=5)
    assert suggested() == "Locked"
    own.delete()
    assert suggested() == "Gateway", "with everything mastered, the hack practised last"
    HackFactory(name="Untried")
    assert suggested() == "Untried"


def test_hack_chosen_today_is_suggested_while_it_is_active(member_client, member, now):
    make_session(member, HackFactory(name="Being learnt"), started_at=now - timedelta(days=1))
    chosen = HackFactory(name="Chosen")
    make_checkin(member, days_ago(0), selected_hack=chosen)
    assert member_client.get(PAGE).context["suggestion"].name == "Chosen"
    with database_identity(Role.STAFF):
        Hack.objects.filter(pk=chosen.pk).update(is_active=False)
    assert member_client.get(PAGE).context["suggestion"].name == "Being learnt"


def test_page_shows_five_latest_own_practices(member_client, member, now):
    hack = HackFactory()
    for hours in range(1, 8):
        make_session(member, hack, started_at=now - timedelta(hours=hours), minutes=hours)
    make_session(make_member(), hack, started_at=now - timedelta(minutes=30), minutes=99)
    response = member_client.get(PAGE)
    assert [session["minutes"] for session in response.context["recent"]] == [1, 2, 3, 4, 5]
    assert response.context["running"] is None


def test_running_session_is_found_behind_later_logs(member_client, member, now):
    hack = HackFactory()
    make_session(member, hack, started_at=now - timedelta(hours=11), ended_at=None)
    for hours in range(1, 8):
        make_session(member, hack, started_at=now - timedelta(hours=hours))
    response = member_client.get(PAGE)
    assert response.context["running"] is not None
    assert len(response.context["recent"]) == 5


def test_page_shows_three_unread_notifications_and_counts_all(member_client, member, now):
    def notify(recipient, number, **fields):
        Notification.objects.create(
            user=recipient, type=NotificationType.HACK_UNLOCKED, subject=str(number), title=f"News {number}", **fields
        )

    for number in range(5):
        notify(member, number)
    notify(member, 5, is_read=True, read_at=now)
    notify(make_member(), 6)
    response = member_client.get(PAGE)
    assert [row["title"] for row in response.context["notifications"]] == ["News 4", "News 3", "News 2"]
    assert response.context["unread_notifications"] == 5


def test_member_who_has_not_finished_setup_is_reminded(sign_in):
    newcomer = make_member(onboarded=False)
    assert reverse("accounts:onboarding") in text(sign_in(newcomer).get(PAGE))


def test_visitor_is_redirected_to_login_and_post_is_not_allowed(client, member_client):
    assert member_client.post(PAGE).status_code == 405
    client.logout()
    assert client.get(PAGE)["Location"].startswith(reverse("account_login"))


def test_number_of_queries_is_constant(member_client, member, queries_of, now):
    few = queries_of(lambda: member_client.get(PAGE))
    for number in range(10):
        hack = HackFactory()
        make_session(member, hack, started_at=now - timedelta(days=number))
        make_checkin(member, days_ago(number), selected_hack=hack)
        Notification.objects.create(user=member, type=NotificationType.HACK_UNLOCKED, subject=str(number), title="News")
    many = queries_of(lambda: member_client.get(PAGE))
    assert len(few) == len(many) <= 8
    make_session(member, hack, started_at=now - timedelta(minutes=5), ended_at=None)
    assert len(queries_of(lambda: member_client.get(PAGE))) <= 8
