import re
from datetime import date, datetime, timedelta

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
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db
PAGE = reverse("practice:today")


@pytest.fixture
def now():
    return timezone.now()


def days_ago(number: int) -> date:
    return timezone.now().date() - timedelta(days=number)


def states(response) -> str:
    return " ".join(day["state"] for day in response.context["streak"]["week"])


def text(response) -> str:
    return response.content.decode()


def test_a_newcomer_is_told_where_to_begin(member_client, member):
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


def test_without_any_hack_the_page_stands(member_client):
    assert member_client.get(PAGE).status_code == 200


def primary_actions(page: str) -> list[str]:
    """Where the buttons lead that are drawn as the one to press."""
    return re.findall(r'<a class="button[^"]* button--primary[^"]*"\s+href="([^"]+)"', page)


def test_one_primary_action_check_in_first(member_client, member, now):
    hack = HackFactory(is_gateway=True)
    assert primary_actions(text(member_client.get(PAGE))) == [reverse("practice:checkin")]
    make_checkin(member, days_ago(0), mood_before=3)
    timer = reverse("practice:timer", args=[hack.slug])
    assert primary_actions(text(member_client.get(PAGE))) == [timer]
    other = HackFactory()
    make_session(member, other, started_at=now - timedelta(minutes=5), ended_at=None)
    assert primary_actions(text(member_client.get(PAGE))) == [reverse("practice:timer", args=[other.slug])]


def test_an_unfinished_session_can_be_resumed_or_finished(member_client, member, now):
    hack = HackFactory(name="Energy Ball")
    session = make_session(member, hack, started_at=now - timedelta(minutes=5), ended_at=None)
    response = member_client.get(PAGE)
    page = text(response)
    assert "Energy Ball is running" in page
    assert response.context["suggestion"] is None, "one thing at a time"
    assert reverse("practice:timer", args=[hack.slug]) in page
    assert reverse("practice:session-finish", args=[session.pk]) in page


def test_what_is_done_today_shows_the_mood(member_client, member):
    make_checkin(member, days_ago(0), mood_before=3)
    page = text(member_client.get(PAGE))
    assert "3 of 10" in page
    assert "Add it when you have practised" in page
    assert "How do you feel today?" not in page


def test_yesterdays_check_in_is_not_todays(member_client, member):
    make_checkin(member, days_ago(1), mood_before=3)
    assert member_client.get(PAGE).context["checkin"] is None


def test_the_streak_with_its_numbers(member_client, member):
    for back in range(8):
        make_checkin(member, days_ago(7 - back))
    response = member_client.get(PAGE)
    streak = response.context["streak"]
    assert (streak["count"], streak["longest"], streak["rest_stock"]) == (8, 8, 1)
    assert streak["strength"] == round(100 * (1 - 0.5 ** (8 / 13)))
    assert states(response) == "done done done done done done done"
    # A rest day in stock carries it one day further.
    assert streak["safe_until"] == f"the end of {days_ago(-2):%A}, {days_ago(-2).day} {days_ago(-2):%B}"


def test_a_week_without_check_ins_was_missed_by_who_was_here_already(sign_in):
    member = make_member(created_at=timezone.now() - timedelta(days=30))
    make_checkin(member, days_ago(20))
    assert states(sign_in(member).get(PAGE)) == "missed missed missed missed missed missed today"


def test_a_newcomer_has_missed_nothing(member_client):
    assert states(member_client.get(PAGE)) == "before before before before before before today"


def test_today_is_open_until_it_is_over(member_client, member):
    make_checkin(member, days_ago(1))
    response = member_client.get(PAGE)
    assert response.context["streak"]["count"] == 1
    assert response.context["streak"]["safe_until"] == "the end of today"
    assert states(response) == "before before before before before done today"


def test_a_streak_that_is_over_shows_zero_though_no_worker_closed_it(member_client, member):
    make_checkin(member, days_ago(5))
    MemberStats.objects.filter(pk=member.pk).update(current_streak=1)
    response = member_client.get(PAGE)
    assert response.context["streak"]["count"] == 0
    assert "A new streak begins with your next check-in." in text(response)
    assert states(response) == "before done missed missed missed missed today"
    # Five days were missed, counting none of today's: the strength has faded by them.
    assert response.context["streak"]["strength"] == round(100 * (1 - 0.5 ** (1 / 13)) * 0.5 ** (4 / 13))


def test_planned_rest_days_are_shown(member_client, member):
    make_checkin(member, days_ago(2))
    RestDay.objects.create(user=member, rest_date=days_ago(1))
    RestDay.objects.create(user=make_member(), rest_date=days_ago(4))
    response = member_client.get(PAGE)
    assert states(response) == "before before before before done rest today"
    assert response.context["streak"]["count"] == 1


def test_the_end_is_told_by_the_members_clock(sign_in, monkeypatch):
    member = make_member(profile={"timezone": "Asia/Kathmandu", "day_start": "04:00"})
    moment = datetime.fromisoformat("2026-11-22T21:30:00+05:45")
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    make_checkin(member, moment.date(), timezone="Asia/Kathmandu", day_start="04:00")
    # The database goes by its own clock, which has this day behind it.
    MemberStats.objects.filter(pk=member.pk).update(current_streak=1)
    client = sign_in(member)
    response = client.get(PAGE)
    assert response.context["greeting"] == "Good evening"
    assert response.context["day_name"] == "Sunday, 22 November"
    assert "Safe until 04:00 Tuesday, 24 November." in text(response)


def test_after_midnight_it_is_still_yesterday_for_a_late_day_start(sign_in, monkeypatch):
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
def test_the_greeting_follows_the_clock(member_client, monkeypatch, hour, greeting):
    moment = datetime.fromisoformat(f"2026-11-22T{hour:02}:59:00+00:00")
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    assert member_client.get(PAGE).context["greeting"] == greeting


def progress(member, hack, **fields):
    return UserHackProgress.objects.create(user=member, hack=hack, **fields)


def test_the_suggestion_is_what_is_being_learnt_then_what_is_new(member_client, member, now):
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
    assert suggested() == "Gateway", "with everything mastered, the latest"
    HackFactory(name="Untried")
    assert suggested() == "Untried"


def test_todays_choice_comes_first_while_it_is_open(member_client, member, now):
    make_session(member, HackFactory(name="Being learnt"), started_at=now - timedelta(days=1))
    chosen = HackFactory(name="Chosen")
    make_checkin(member, days_ago(0), selected_hack=chosen)
    assert member_client.get(PAGE).context["suggestion"].name == "Chosen"
    with database_identity(Role.STAFF):
        Hack.objects.filter(pk=chosen.pk).update(is_active=False)
    assert member_client.get(PAGE).context["suggestion"].name == "Being learnt"


def test_the_five_latest_practices_are_own_ones(member_client, member, now):
    hack = HackFactory()
    for hours in range(1, 8):
        make_session(member, hack, started_at=now - timedelta(hours=hours), minutes=hours)
    make_session(make_member(), hack, started_at=now - timedelta(minutes=30), minutes=99)
    response = member_client.get(PAGE)
    assert [session["minutes"] for session in response.context["recent"]] == [1, 2, 3, 4, 5]
    assert response.context["running"] is None


def test_a_running_session_begun_before_later_logs_is_found(member_client, member, now):
    hack = HackFactory()
    make_session(member, hack, started_at=now - timedelta(hours=11), ended_at=None)
    for hours in range(1, 8):
        make_session(member, hack, started_at=now - timedelta(hours=hours))
    response = member_client.get(PAGE)
    assert response.context["running"] is not None
    assert len(response.context["recent"]) == 5


def test_three_unread_notifications_of_all(member_client, member, now):
    def notify(whom, number, **fields):
        Notification.objects.create(
            user=whom, type=NotificationType.HACK_UNLOCKED, subject=str(number), title=f"News {number}", **fields
        )

    for number in range(5):
        notify(member, number)
    notify(member, 5, is_read=True, read_at=now)
    notify(make_member(), 6)
    response = member_client.get(PAGE)
    assert [row["title"] for row in response.context["notifications"]] == ["News 4", "News 3", "News 2"]
    assert response.context["unread_notifications"] == 5


def test_who_has_not_finished_setting_up_is_reminded(sign_in):
    newcomer = make_member(onboarded=False)
    assert reverse("accounts:onboarding") in text(sign_in(newcomer).get(PAGE))


def test_visitors_are_asked_to_log_in_and_writing_is_refused(client, member_client):
    assert member_client.post(PAGE).status_code == 405
    client.logout()
    assert client.get(PAGE)["Location"].startswith(reverse("account_login"))


def test_eight_queries_whatever_there_is(member_client, member, queries_of, now):
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
