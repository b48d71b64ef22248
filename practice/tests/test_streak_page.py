"""The streak page: the history, rest days, and the switch that hides streaks."""

from datetime import date, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Profile
from accounts.tests.factories import make_member
from database.local_days import local_date
from practice.models import MemberStats, RestDay
from practice.streak_history import streak_history
from practice.tests.factories import make_checkin
from practice.tests.strength import strength_on

pytestmark = pytest.mark.django_db

PAGE = reverse("practice:streak")
PLAN = reverse("practice:rest-day-plan")
HIDE = reverse("practice:streak-hide")
MONDAY = date(2026, 3, 2)


def on(n: int) -> date:
    return MONDAY + timedelta(days=n)


def today(days: int = 0) -> date:
    return timezone.now().date() + timedelta(days=days)


def history_by_day(member, first=0, last=30, moment=None):
    return {
        (line.day - MONDAY).days: line for line in streak_history(member, on(first), on(last), moment or timezone.now())
    }


class TestHistory:
    def test_history_shows_kind_of_each_day(self, member):
        for n in (*range(7), 8, 10, 13):
            make_checkin(member, on(n))
        RestDay.objects.create(user=member, rest_date=on(9))
        found = history_by_day(member, last=13)
        assert [found[n].kind for n in range(14)] == [
            *["done"] * 7, "earned", "done", "rest", "done", "missed", "missed", "done",
        ]  # fmt: skip
        assert [(found[n].streak, found[n].rest_stock) for n in (6, 7, 8, 9, 10, 11, 12, 13)] == [
            (7, 1), (7, 0), (8, 0), (8, 0), (9, 0), (0, 0), (0, 0), (1, 0),
        ]  # fmt: skip
        assert found[12].strength == pytest.approx(strength_on(found[10].strength, 2))
        assert found[9].strength == found[8].strength

    def test_day_lost_by_move_east_is_protected(self, member):
        make_checkin(member, on(0), timezone="Pacific/Honolulu")
        make_checkin(member, on(2), timezone="Pacific/Kiritimati", day_start=time(3))
        found = history_by_day(member, last=2)
        assert [(found[n].kind, found[n].zone, found[n].streak) for n in range(3)] == [
            ("done", "Pacific/Honolulu", 1),
            ("travel", "Pacific/Kiritimati", 1),
            ("done", "Pacific/Kiritimati", 2),
        ]
        assert found[2].day_start == time(3)

    def test_date_skipped_by_zone_is_marked(self, member):
        for day in (date(2011, 12, 29), date(2011, 12, 31)):
            make_checkin(member, day, timezone="Pacific/Apia")
        days = streak_history(member, date(2011, 12, 1), date(2011, 12, 31), timezone.now())
        assert [(line.day.day, line.kind) for line in days] == [(29, "done"), (30, "dropped"), (31, "done")]

    def test_today_is_not_over(self, member):
        make_checkin(member, today(-1))
        last = streak_history(member, today(-1), today(5), timezone.now())[-1]
        assert (last.day, last.kind, last.streak) == (today(), "today", 1)

    def test_missed_days_are_shown_before_streak_is_closed(self, member):
        make_checkin(member, today(-3))
        kinds = [line.kind for line in streak_history(member, today(-9), today(), timezone.now())]
        assert kinds == ["done", "missed", "missed", "today"]

    def test_day_covered_by_stock_is_shown_before_next_checkin(self, member):
        for n in range(-8, -1):
            make_checkin(member, today(n))
        days = streak_history(member, today(-2), today(), timezone.now())
        assert [(line.kind, line.streak, line.rest_stock) for line in days] == [
            ("done", 7, 1),
            ("earned", 7, 0),
            ("today", 7, 0),
        ]
        assert MemberStats.objects.get(pk=member.pk).streak_at(timezone.now()) == 7

    @pytest.mark.parametrize(("first", "last"), [(0, 4), (3, 3), (5, 9), (7, 20), (25, 30)])
    def test_part_of_history_agrees_with_whole_history(self, member, first, last):
        for n in (0, 1, 3, 9, 10, 18):
            make_checkin(member, on(n))
        whole = history_by_day(member, first=-5, last=60)
        assert history_by_day(member, first, last) == {n: line for n, line in whole.items() if first <= n <= last}


class TestPage:
    def test_page_shows_streak(self, member, member_client):
        for n in (-1, 0):
            make_checkin(member, today(n), timezone="UTC")
        response = member_client.get(PAGE)
        assert response.context["count"] == 2
        assert "2 days in a row" in response.content.decode()
        assert response.context["days"][0]["strength"] == response.context["strength"]
        # If today is the first of a month, the streak started in the previous month.
        start = member_client.get(PAGE, {"month": f"{today(-1):%Y-%m}"})
        assert start.context["days"][-1]["words"] == "Checked in: new streak"

    def test_empty_page_links_to_checkin(self, member_client):
        response = member_client.get(PAGE)
        assert reverse("practice:checkin") in response.content.decode()
        assert response.context["plot"] is None

    def test_page_links_only_to_months_with_history(self, member, member_client):
        make_checkin(member, today(-40))
        make_checkin(member, today())
        latest = member_client.get(PAGE)
        assert (latest.context["next"], latest.context["previous"] != "") == ("", True)
        first = member_client.get(PAGE, {"month": f"{today(-40):%Y-%m}"})
        assert (first.context["previous"], first.context["days"][-1]["streak"]) == ("", 1)
        for month in ("1999-01", "2999-01", "soon", "2026-13", ""):
            assert member_client.get(PAGE, {"month": month}).context["month"] == f"{today():%B %Y}"

    def test_plot_shows_strengths_of_table(self, member, member_client):
        make_checkin(member, on(0))
        make_checkin(member, on(1))
        response = member_client.get(PAGE, {"month": "2026-03"})
        [line] = response.context["plot"]["lines"]
        shown = [f"{row['strength']}%" for row in reversed(response.context["days"])]
        assert [dot["title"].partition(": ")[2] for dot in line["dots"]] == shown

    def test_page_hides_data_of_other_members(self, member_client):
        other = make_member()
        make_checkin(other, today())
        RestDay.objects.create(user=other, rest_date=today(5))
        response = member_client.get(PAGE)
        assert (response.context["days"], response.context["planned"]) == ([], [])

    def test_visitor_is_redirected_to_login(self, client):
        assert client.get(PAGE).url.startswith(reverse("account_login"))

    def test_post_is_not_allowed(self, member_client):
        assert member_client.post(PAGE).status_code == 405

    def test_number_of_queries_is_constant(self, queries_of, member, member_client):
        make_checkin(member, today(-20))
        few = queries_of(lambda: member_client.get(PAGE))
        for n in range(-19, 1, 2):
            make_checkin(member, today(n))
            RestDay.objects.create(user=member, rest_date=today(n + 30))
            RestDay.objects.create(user=member, rest_date=today(n - 60))
        assert len(queries_of(lambda: member_client.get(PAGE))) == len(few) <= 8


class TestRestDays:
    def plan(self, client, day):
        return client.post(PLAN, {"day": day})

    def test_rest_day_is_planned(self, member, member_client):
        response = self.plan(member_client, today(1))
        assert response.url == f"{PAGE}#rest-days"
        assert [rest.rest_date for rest in member.rest_days.all()] == [today(1)]
        page = member_client.get(PAGE)
        assert len(page.context["planned"]) == 1

    @pytest.mark.parametrize("days", [0, -1])
    def test_rest_day_cannot_be_planned_for_today_or_earlier(self, member, member_client, days):
        response = self.plan(member_client, today(days))
        assert response.context["form"].errors["day"] == ["Choose tomorrow or a later day."]
        assert not member.rest_days.exists()

    def test_third_rest_day_in_week_is_rejected(self, member, member_client):
        monday = today(7 - today().weekday())
        for n in (0, 1):
            self.plan(member_client, monday + timedelta(days=n))
        response = self.plan(member_client, monday + timedelta(days=2))
        assert "already have two rest days" in response.context["form"].errors["day"][0]
        assert member.rest_days.count() == 2

    def test_repeated_rest_day_is_rejected(self, member, member_client):
        self.plan(member_client, today(3))
        response = self.plan(member_client, today(3))
        assert response.context["form"].errors["day"] == ["You already have a rest day planned for that day."]

    @pytest.mark.parametrize("day", ["", "soon", today(367)])
    def test_invalid_day_is_rejected(self, member, member_client, day):
        assert self.plan(member_client, day).context["form"].errors["day"]
        assert not member.rest_days.exists()

    def test_future_rest_day_is_cancelled(self, member, member_client):
        rest = RestDay.objects.create(user=member, rest_date=today(1))
        response = member_client.post(reverse("practice:rest-day-delete", args=[rest.pk]))
        assert response.url == f"{PAGE}#rest-days"
        assert not member.rest_days.exists()

    def test_rest_day_is_kept_once_it_has_begun(self, member, member_client):
        rest = RestDay.objects.create(user=member, rest_date=today())
        member_client.post(reverse("practice:rest-day-delete", args=[rest.pk]))
        assert member.rest_days.exists()
        assert "has already begun" in member_client.get(PAGE).content.decode()

    def test_rest_day_of_other_member_is_not_found(self, member_client):
        rest = RestDay.objects.create(user=make_member(), rest_date=today(1))
        assert member_client.post(reverse("practice:rest-day-delete", args=[rest.pk])).status_code == 404
        assert RestDay.objects.filter(pk=rest.pk).exists()

    def test_get_is_not_allowed(self, member, member_client):
        rest = RestDay.objects.create(user=member, rest_date=today(1))
        for address in (PLAN, reverse("practice:rest-day-delete", args=[rest.pk]), HIDE):
            assert member_client.get(address).status_code == 405

    def test_planning_respects_time_zone_of_member(self, member, member_client):
        Profile.objects.filter(pk=member.pk).update(timezone="Pacific/Kiritimati")
        there = local_date(timezone.now(), "Pacific/Kiritimati", time(0))
        assert self.plan(member_client, there).context["form"].errors["day"]


class TestSwitch:
    PAGES = (reverse("practice:today"), reverse("practice:journal"), reverse("practice:journal-month"),
             reverse("practice:journal-numbers"), reverse("practice:checkin"),
             reverse("practice:trips"), PAGE)  # fmt: skip

    def test_streak_is_hidden_on_all_pages_and_shown_again(self, member, member_client):
        make_checkin(member, today(-1))
        checkin = make_checkin(member, today())
        pages = (*self.PAGES, reverse("practice:checkin-delete", args=[checkin.pk]))
        assert "in a row" in member_client.get(self.PAGES[0]).content.decode()
        member_client.post(HIDE, {"hidden": "1"})
        assert Profile.objects.get(pk=member.pk).hide_streaks
        member_client.get(PAGE)
        for address in pages:
            text = member_client.get(address).content.decode().lower()
            assert "in a row" not in text, address
            assert "strength" not in text, address
            assert address == PAGE or "streak" not in text, address
        response = member_client.post(
            reverse("practice:checkin"),
            {"date": f"{today()}", "mood_before": "5", "seen": f"{checkin.pk}"},
            follow=True,
        )
        assert [f"{message}" for message in response.context["messages"]] == ["Check-in updated."]
        assert "Show streak" in member_client.get(PAGE).content.decode()
        member_client.post(HIDE)
        assert member_client.get(PAGE).context["count"] == 2
