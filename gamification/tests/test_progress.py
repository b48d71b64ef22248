"""The pages of XP: the member's progress, the ledger and the rules."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Profile
from accounts.tests.factories import make_member
from analytics.models import Notification
from database.identity import Role, database_identity
from gamification.models import Achievement
from gamification.tests.factories import make_award
from hacks.tests.factories import HackCategoryFactory, HackFactory

pytestmark = pytest.mark.django_db

PAGE = reverse("gamification:progress")
LEDGER = reverse("gamification:xp-ledger")
RULES = reverse("gamification:xp-rules")
CELEBRATED = reverse("gamification:celebrated")


def today():
    return timezone.now().date()


def notify(member, subject="overall:2", **fields) -> Notification:
    values = {"type": "level_reached", "title": f"You have reached {subject}", **fields}
    return Notification.objects.create(user=member, subject=subject, **values)


def test_anonymous_visitor_is_redirected_to_login(client):
    for page in (PAGE, LEDGER):
        assert client.get(page).url == f"{reverse('account_login')}?next={page}"
    assert client.post(CELEBRATED).status_code == 302


@pytest.mark.parametrize(
    ("address", "method"), [(PAGE, "post"), (LEDGER, "post"), (RULES, "post"), (CELEBRATED, "get")]
)
def test_other_methods_are_refused(member_client, address, method):
    assert getattr(member_client, method)(address).status_code == 405


class TestProgress:
    def test_new_member_starts_at_level_one_and_sees_empty_state(self, member_client):
        HackCategoryFactory(title="Focus")
        page = member_client.get(PAGE)
        assert page.context["overall"] | {"title": "", "icon": ""} == {
            "category": None, "title": "", "icon": "", "xp": 0, "level": 1, "next": 2,
            "done": 0, "step": 100, "missing": 100, "percent": 0,
        }  # fmt: skip
        assert [(each["title"], each["level"]) for each in page.context["categories"]] == [("Focus", 1)]
        assert "No XP yet" in page.text
        assert "Well done!" not in page.text

    def test_page_shows_levels_overall_and_by_category(self, member_client, member):
        focus, calm = HackCategoryFactory(sort_order=2), HackCategoryFactory(sort_order=1)
        make_award(member, 250, category=focus)
        make_award(member, 100, category=calm)
        make_award(member, 10)
        make_award(make_member(), 5000, category=focus)
        page = member_client.get(PAGE)
        names = ("level", "xp", "done", "step", "missing", "percent")
        standings = [page.context["overall"], *page.context["categories"]]
        assert [each["category"] for each in standings] == [None, calm.name, focus.name]
        assert [tuple(each[name] for name in names) for each in standings] == [
            (3, 360, 60, 300, 240, 20),
            (2, 100, 0, 200, 200, 0),
            (2, 250, 150, 200, 50, 75),
        ]
        assert f'data-category="{focus.name}"' in page.text

    def test_page_shows_xp_of_today_and_daily_limits(self, sign_in):
        member = make_member(profile={"timezone": "Pacific/Kiritimati"})
        local = (timezone.now() + timedelta(hours=14)).date()
        for amount in (20, 20, 20, 20, 20, 0, 0):
            make_award(member, amount, source="session", earned_on=local)
        make_award(member, 15, source="review", earned_on=local)
        make_award(member, 500, earned_on=local - timedelta(days=1))
        page = sign_in(member).get(PAGE)
        assert page.context["xp_today"] == 115
        assert [(each["label"], each["count"], each["limit"]) for each in page.context["limits"]] == [
            ("Practices", 5, 5),
            ("Check-ins", 0, 1),
            ("Reviews", 1, 4),
        ]

    def test_levels_and_achievements_are_celebrated_until_dismissed(self, member_client, member):
        level, achievement = notify(member), notify(member, "first", type="achievement_earned")
        later = notify(member, "later", type="hack_unlocked")
        notify(make_member(), "another's")
        page = member_client.get(PAGE)
        assert [each["pk"] for each in page.context["celebrations"]] == [achievement.pk, level.pk]
        assert page.context["unread_notifications"] == 3
        newer = notify(member, "overall:3")
        answer = member_client.post(CELEBRATED, {"shown": [achievement.pk, level.pk]})
        assert answer.url == PAGE
        assert set(member.notifications.unread()) == {later, newer}
        assert [each["pk"] for each in member_client.get(PAGE).context["celebrations"]] == [newer.pk]

    def test_notifications_of_other_members_are_not_dismissed(self, member_client):
        others = notify(make_member())
        member_client.post(CELEBRATED, {"shown": [others.pk]})
        others.refresh_from_db()
        assert others.is_read is False

    def test_invalid_notification_id_is_refused(self, member_client):
        assert member_client.post(CELEBRATED, {"shown": "all"}).status_code == 400


class TestLedger:
    def test_ledger_without_entries_shows_empty_state(self, member_client):
        assert "No XP yet" in member_client.get(LEDGER).text

    def test_ledger_describes_each_award(self, member_client, member):
        hack = HackFactory(name="Energy Ball", category__title="Focus", category__name="focus")
        with database_identity(Role.STAFF):
            achievement = Achievement.objects.create(
                name="Steady", slug="steady", criteria_json={"type": "streak", "value": 7}
            )
        yesterday, long_ago = today() - timedelta(days=1), today().replace(year=2020, month=3, day=2)
        make_award(member, 20, source="session", hack=hack, category=hack.category, earned_on=today())
        make_award(member, 0, source="checkin", earned_on=yesterday)
        make_award(member, 30, source="achievement", source_id=achievement.pk, earned_on=long_ago)
        make_award(make_member(), 7)
        lines = member_client.get(LEDGER).context["entries"]
        names = ("title", "source", "place", "day", "amount")
        assert [tuple(line[name] for name in names) for line in lines] == [
            ("Energy Ball", "Practice", "Focus", "Today", "+20 XP"),
            ("Check-in", "", "", "Yesterday", "Daily limit reached"),
            ("Steady", "Achievement", "", "2 March 2020", "+30 XP"),
        ]

    def test_ledger_does_not_name_streak_achievements_when_streaks_are_hidden(self, sign_in):
        member = make_member(profile={"hide_streaks": True})
        for kind in ("streak", "practice_count"):
            with database_identity(Role.STAFF):
                achievement = Achievement.objects.create(name=kind, slug=kind, criteria_json={"type": kind, "value": 7})
            make_award(member, 30, source="achievement", source_id=achievement.pk)
        titles = {line["title"] for line in sign_in(member).get(LEDGER).context["entries"]}
        assert titles == {"Achievement", "practice_count"}
        Profile.objects.filter(pk=member.pk).update(hide_streaks=False)
        titles = {line["title"] for line in sign_in(member).get(LEDGER).context["entries"]}
        assert titles == {"streak", "practice_count"}

    def test_limits_say_what_extra_practice_counts_towards(self, member_client):
        for url in (PAGE, RULES):
            assert "still counts towards your totals and achievements." in member_client.get(url).text

    def test_zero_xp_without_daily_limit_is_shown_as_number(self, member_client, member):
        make_award(member, 0, source="challenge")
        assert member_client.get(LEDGER).context["entries"][0]["amount"] == "+0 XP"

    def test_ledger_has_thirty_entries_per_page(self, member_client, member):
        for number in range(31):
            make_award(member, number + 1)
        pages = [member_client.get(LEDGER, {"page": page}) for page in (1, 2, "none")]
        assert [len(page.context["entries"]) for page in pages] == [30, 1, 30]
        assert "page=2" in pages[0].text


class TestRules:
    def test_rules_are_public(self, client, sign_in, member):
        for page in (client.get(RULES), sign_in(member).get(RULES)):
            assert page.status_code == 200
            assert "10 XP, plus 1 XP per minute for up to 30 minutes" in page.text

    def test_rules_show_limits_and_delayed_awards(self, client):
        page = client.get(RULES)
        limits = {rule["activity"]: rule["limit"] for rule in page.context["rules"]}
        assert limits["Check-in"] == "1"
        assert limits["Verified hack"] == "Once per hack"
        assert all(limits.values())
        assert "XP for an anonymous verification arrives later, together with others from that day" in page.text

    def test_rules_show_levels_and_only_available_sources(self, client):
        page = client.get(RULES)
        rows = [(row["level"], row["xp"], row["step"]) for row in page.context["levels"]]
        assert rows[:3] + rows[-1:] == [(1, "0", "100"), (2, "100", "200"), (3, "300", "300"), (12, "6,600", "1,200")]
        assert "Graduation" not in page.text


@pytest.mark.parametrize("address", [PAGE, LEDGER])
def test_number_of_queries_does_not_depend_on_entries(queries_of, member_client, member, address):
    def read():
        return member_client.get(address)

    def earn_and_notify() -> None:
        hack = HackFactory()
        make_award(member, 20, source="session", hack=hack, category=hack.category)
        notify(member, str(uuid7()))

    earn_and_notify()
    read()
    few = queries_of(read)
    for _ in range(8):
        earn_and_notify()
    many = queries_of(read)
    assert len(few) == len(many) <= 8, "\n".join(many)
