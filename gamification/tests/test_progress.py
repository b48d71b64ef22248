"""The pages of XP: where a member stands, the ledger, the rules."""

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


def tell(member, subject="overall:2", **fields) -> Notification:
    values = {"type": "level_reached", "title": f"You have reached {subject}", **fields}
    return Notification.objects.create(user=member, subject=subject, **values)


def test_visitors_sign_in_first(client):
    for page in (PAGE, LEDGER):
        assert client.get(page).url == f"{reverse('account_login')}?next={page}"
    assert client.post(CELEBRATED).status_code == 302


@pytest.mark.parametrize(
    ("address", "method"), [(PAGE, "post"), (LEDGER, "post"), (RULES, "post"), (CELEBRATED, "get")]
)
def test_other_methods_are_refused(member_client, address, method):
    assert getattr(member_client, method)(address).status_code == 405


class TestProgress:
    def test_a_newcomer_begins_at_level_one_and_is_told_what_to_do(self, member_client):
        HackCategoryFactory(title="Focus")
        page = member_client.get(PAGE)
        assert page.context["overall"] | {"title": "", "icon": ""} == {
            "category": None, "title": "", "icon": "", "xp": 0, "level": 1, "next": 2,
            "done": 0, "step": 100, "missing": 100, "percent": 0,
        }  # fmt: skip
        assert [(each["title"], each["level"]) for each in page.context["categories"]] == [("Focus", 1)]
        assert "No XP yet" in page.text
        assert "Well done!" not in page.text

    def test_levels_overall_and_by_category(self, member_client, member):
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

    def test_today_and_what_its_limits_leave(self, sign_in):
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

    def test_level_ups_and_achievements_are_celebrated_until_they_are_put_away(self, member_client, member):
        level, achievement = tell(member), tell(member, "first", type="achievement_earned")
        later = tell(member, "later", type="hack_unlocked")
        tell(make_member(), "another's")
        page = member_client.get(PAGE)
        assert [each["pk"] for each in page.context["celebrations"]] == [achievement.pk, level.pk]
        assert page.context["unread_notifications"] == 3
        meanwhile = tell(member, "overall:3")
        answer = member_client.post(CELEBRATED, {"shown": [achievement.pk, level.pk]})
        assert answer.url == PAGE
        assert set(member.notifications.unread()) == {later, meanwhile}
        assert [each["pk"] for each in member_client.get(PAGE).context["celebrations"]] == [meanwhile.pk]

    def test_nobody_elses_news_are_put_away(self, member_client):
        others = tell(make_member())
        member_client.post(CELEBRATED, {"shown": [others.pk]})
        others.refresh_from_db()
        assert others.is_read is False

    def test_what_names_no_notification_is_refused(self, member_client):
        assert member_client.post(CELEBRATED, {"shown": "all"}).status_code == 400


class TestLedger:
    def test_is_empty_at_first(self, member_client):
        assert "No XP yet" in member_client.get(LEDGER).text

    def test_tells_each_award_in_words(self, member_client, member):
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

    def test_names_no_streak_to_whoever_hides_them(self, sign_in):
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

    @pytest.mark.parametrize("hidden", [True, False])
    def test_the_limits_speak_of_streaks_unless_they_are_hidden(self, sign_in, hidden):
        client = sign_in(make_member(profile={"hide_streaks": hidden}))
        assert ["your streak" in client.get(url).text for url in (PAGE, RULES)] == [not hidden] * 2

    def test_nothing_without_a_limit_is_said_to_have_reached_one(self, member_client, member):
        make_award(member, 0, source="challenge")
        assert member_client.get(LEDGER).context["entries"][0]["amount"] == "+0 XP"

    def test_has_thirty_a_page(self, member_client, member):
        for number in range(31):
            make_award(member, number + 1)
        pages = [member_client.get(LEDGER, {"page": page}) for page in (1, 2, "none")]
        assert [len(page.context["entries"]) for page in pages] == [30, 1, 30]
        assert "page=2" in pages[0].text


class TestRules:
    def test_are_for_visitors_too(self, client, member_client):
        for visitor in (client, member_client):
            page = visitor.get(RULES)
            assert page.status_code == 200
            assert "10 XP, plus 1 XP per minute for up to 30 minutes" in page.text

    def test_say_how_often_and_what_comes_later(self, client):
        page = client.get(RULES)
        limits = {rule["activity"]: rule["limit"] for rule in page.context["rules"]}
        assert limits["Check-in"] == "1"
        assert limits["A hack that your peers, or staff, verified"] == "Once a hack"
        assert all(limits.values())
        assert "XP for an anonymous verification arrives later, together with others from that day" in page.text

    def test_show_the_curve_and_promise_only_what_there_is(self, client):
        page = client.get(RULES)
        rows = [(row["level"], row["xp"], row["step"]) for row in page.context["levels"]]
        assert rows[:3] + rows[-1:] == [(1, "0", "100"), (2, "100", "200"), (3, "300", "300"), (12, "6,600", "1,200")]
        assert "Graduation" not in page.text


@pytest.mark.parametrize("address", [PAGE, LEDGER])
def test_asks_as_few_questions_for_many_as_for_one(queries_of, member_client, member, address):
    def read():
        return member_client.get(address)

    def live() -> None:
        hack = HackFactory()
        make_award(member, 20, source="session", hack=hack, category=hack.category)
        tell(member, str(uuid7()))

    live()
    read()
    few = queries_of(read)
    for _ in range(8):
        live()
    many = queries_of(read)
    assert len(few) == len(many) <= 8, "\n".join(many)
