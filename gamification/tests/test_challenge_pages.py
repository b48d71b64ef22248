from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from uuid_utils.compat import uuid7

from accounts.models import Member, Profile
from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from analytics.models import Activity, UserActivityLog
from database.constraints import refused_by
from database.identity import Role, database_identity
from gamification.actions import rank_participants, score_challenges
from gamification.models import ChallengeParticipant, UserAchievement
from gamification.tests.factories import AchievementFactory, ChallengeFactory, take_part
from hacks.tests.factories import HackCategoryFactory, HackFactory
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db

LIST = reverse("gamification:challenge-list")
CANCELLED = {"is_active": False, "cancelled_at": timezone.now(), "cancellation_reason": "The weather."}
SHOWN = {"leaderboard_visible": True, "profile_public": False}


def detail(challenge):
    return reverse("gamification:challenge-detail", args=[challenge.slug])


def join(challenge):
    return reverse("gamification:challenge-join", args=[challenge.slug])


def leave(challenge):
    return reverse("gamification:challenge-leave", args=[challenge.slug])


def text_of(response):
    """Return the visible text of a page, after checking the markup that all pages share."""
    read_page(response)
    return " ".join(strip_tags(response.content.decode()).split())


def messages(response):
    return [str(message) for message in response.context["messages"]]


def activities():
    return list(UserActivityLog.objects.order_by("created_at").values_list("activity_type", flat=True))


def rivals(challenge, scores, **card):
    """Create ranked participants with these scores. Members are visible to others by default."""
    people = [make_member(**{"display_name": f"Rival {number}", "privacy_settings": SHOWN} | card)
              for number in range(len(scores))]  # fmt: skip
    for person, score in zip(people, scores, strict=True):
        take_part(challenge, person, score=score, scored_at=challenge.start_date)
    rank_participants(now=timezone.now())
    return people


@pytest.mark.parametrize("address", ["list", "detail", "join", "leave"])
def test_anonymous_visitor_is_redirected_to_login(client, address):
    challenge = ChallengeFactory()
    url = {"list": LIST, "detail": detail(challenge), "join": join(challenge), "leave": leave(challenge)}[address]
    answer = client.post(url) if address == "join" else client.get(url)
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


def test_joining_needs_post(member_client):
    assert member_client.get(join(ChallengeFactory())).status_code == 405


@pytest.mark.parametrize(
    ("show", "names"),
    [
        ("", ["Ends soon", "Runs"]),
        ("now", ["Ends soon", "Runs"]),
        ("coming", ["Begins"]),
        ("yours", ["Runs", "Ended", "Called off"]),
        ("past", ["Called off without you", "Ended", "Ended before", "Called off"]),
        ("nonsense", ["Ends soon", "Runs"]),
    ],
)
def test_list_filters_running_coming_own_and_past_challenges(member, member_client, show, names):
    ChallengeFactory(name="Ends soon", days=(-9, 1))
    take_part(ChallengeFactory(name="Runs", days=(-1, 9)), member)
    ChallengeFactory(name="Begins", days=(2, 9))
    take_part(ChallengeFactory(name="Ended", days=(-9, -3)), member)
    ChallengeFactory(name="Ended before", days=(-9, -5))
    take_part(ChallengeFactory(name="Called off", days=(-9, -7), **CANCELLED), member)
    ChallengeFactory(name="Called off without you", **CANCELLED)
    ChallengeFactory(name="Not announced", is_active=False)
    response = member_client.get(LIST, {"show": show} if show else {})
    assert [card.row.name for card in response.context["cards"]] == names


@pytest.mark.parametrize("show", ["now", "coming", "yours", "past"])
def test_empty_list_offers_next_step(member_client, show):
    response = member_client.get(LIST, {"show": show})
    assert 'class="empty"' in response.content.decode()
    assert "button--primary" in response.content.decode()


def test_list_is_paginated(member_client):
    ChallengeFactory.create_batch(13)
    assert len(member_client.get(LIST).context["cards"]) == 12
    assert len(member_client.get(LIST, {"page": "2"}).context["cards"]) == 1
    assert len(member_client.get(LIST, {"page": "nonsense"}).context["cards"]) == 12


def test_card_shows_progress(member, member_client):
    challenge = ChallengeFactory(days=(-1, 3.5))
    take_part(challenge, member, score=2)
    text = text_of(member_client.get(LIST))
    assert "3 days left" in text
    assert "Practise 3 times" in text
    assert "2 of 3 practices" in text
    assert "1 joined" in text


def test_times_are_in_member_time_zone(member, member_client):
    Profile.objects.filter(pk=member.pk).update(timezone="Asia/Tokyo")
    start = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
    challenge = ChallengeFactory(start_date=start, end_date=start + timedelta(days=1), settled_at=start)
    text = text_of(member_client.get(detail(challenge)))
    assert "Tuesday, 3 March 2026, 03:30" in text
    assert "Wednesday, 4 March 2026, 03:30" in text
    assert "Times are in Tokyo time." in text
    assert "Ended 4 March 2026" in text


@pytest.mark.parametrize(
    ("criteria", "description", "leads_to"),
    [
        ({"type": "practice_minutes", "value": 30, "hack": "sea"}, "Practise Sea for 30 minutes", "/hacks/sea/"),
        ({"type": "hacks_tried", "value": 4, "category": "calm"}, "Try 4 different hacks in Calm", "?category=calm"),
        ({"type": "checkins", "value": 5}, "Check in 5 times", reverse("practice:checkin")),
        ({"type": "days_active", "value": 1, "category": "calm"}, "Practise on one day in Calm", "?category=calm"),
    ],
)
def test_page_describes_criteria_and_links_to_next_step(member, member_client, criteria, description, leads_to):
    HackFactory(slug="sea", name="Sea", category=HackCategoryFactory(name="calm", title="Calm"))
    challenge = ChallengeFactory(criteria_json=criteria)
    take_part(challenge, member)
    response = member_client.get(detail(challenge))
    assert description in text_of(response)
    assert response.context["next_step"][0].endswith(leads_to)


def test_page_has_no_link_to_inactive_hack(member, member_client):
    HackFactory(slug="sea", name="Sea", is_active=False)
    challenge = ChallengeFactory(criteria_json={"type": "practice_count", "value": 3, "hack": "sea"})
    take_part(challenge, member)
    assert "/hacks/sea/" not in member_client.get(detail(challenge)).text


@pytest.mark.parametrize(
    ("reward", "value", "reward_text"),
    [
        ("xp", {"xp": 1500}, "1,500 XP for everyone"),
        ("achievement", {"achievement": "spring"}, "The achievement “Spring” for everyone"),
        ("achievement", {"achievement": "secret"}, "A secret achievement for everyone"),
        ("rest_day", {}, "A rest day for everyone"),
    ],
)
def test_page_shows_reward_but_no_hidden_achievement(member_client, reward, value, reward_text):
    AchievementFactory(slug="spring", name="Spring")
    AchievementFactory(slug="secret", name="Hush", is_hidden=True)
    text = text_of(member_client.get(detail(ChallengeFactory(reward_type=reward, reward_value=value))))
    assert reward_text in text
    assert "Hush" not in text


@pytest.mark.parametrize(("reward", "value"), [("rest_day", {}), ("achievement", {"achievement": "seven"})])
def test_streak_rewards_are_not_shown_when_streaks_are_hidden(member, member_client, reward, value):
    AchievementFactory(slug="seven", name="Rest day in a row", criteria_json={"type": "streak", "value": 7})
    Profile.objects.filter(pk=member.pk).update(hide_streaks=True)
    challenge = ChallengeFactory(reward_type=reward, reward_value=value)
    assert "rest day" not in text_of(member_client.get(detail(challenge))).lower()


def test_repeated_joining_creates_one_participant(member, member_client):
    challenge = ChallengeFactory(max_participants=1)
    for _ in range(2):
        response = member_client.post(join(challenge), follow=True)
        [message] = messages(response)
        assert message == (
            f"You're in! You've joined {challenge.name}. We're counting what you've done since it started."
        )
    participant = ChallengeParticipant.objects.get()
    assert (participant.user_id, participant.score, participant.rank) == (member.pk, 0, None)
    assert activities() == [Activity.CHALLENGE_JOINED]
    assert not response.context["may_join"]
    assert response.context["places_left"] == 0


def test_member_can_join_before_start(member_client):
    challenge = ChallengeFactory(days=(2, 3))
    assert "Starts in 47 hours" in text_of(member_client.get(detail(challenge)))
    response = member_client.post(join(challenge), follow=True)
    assert messages(response) == [f"You're in! You've joined {challenge.name}."], (
        "before the start there is nothing to count"
    )
    assert ChallengeParticipant.objects.exists()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"days": (-3, -1)}, "This challenge is over."),
        ({"max_participants": 1}, "This challenge is full."),
    ],
)
def test_refused_joining_shows_reason(member, member_client, fields, reason):
    challenge = ChallengeFactory(**fields)
    take_part(challenge, make_member())
    page = member_client.get(detail(challenge))
    assert join(challenge) not in page.content.decode()
    response = member_client.post(join(challenge), follow=True)
    assert messages(response) == [reason]
    assert not member.challenges.exists()
    assert activities() == []


def test_unannounced_challenge_is_404(member_client):
    challenge = ChallengeFactory(is_active=False)
    for answer in (member_client.get(detail(challenge)), member_client.post(join(challenge))):
        assert answer.status_code == 404


def test_cancelled_challenge_shows_reason_and_no_reward(member, member_client):
    challenge = ChallengeFactory(reward_type="xp", reward_value={"xp": 60}, **CANCELLED)
    take_part(challenge, make_member())
    text = text_of(member_client.get(detail(challenge)))
    assert "This challenge was cancelled. The weather." in text
    assert "1 had joined" in text
    for promise in ("60 XP", "everything since the start counts", "A practice counts", "Standings"):
        assert promise not in text
    assert messages(member_client.post(join(challenge), follow=True)) == ["This challenge isn't taking place."]
    take_part(challenge, member)
    assert "You had joined" in text_of(member_client.get(LIST, {"show": "yours"}))
    assert messages(member_client.post(leave(challenge), follow=True)) == ["This challenge is over."]
    assert member.challenges.exists()


def test_ended_challenge_is_described_in_past_tense(member_client):
    challenge = ChallengeFactory(days=(-3, -2), reward_type="xp", reward_value={"xp": 60})
    text = text_of(member_client.get(detail(challenge)))
    assert "No one took part" in text
    assert "60 XP for everyone who completed it" in text
    assert "Join any time" not in text
    assert "A practice counts" in text, "offline practice can still arrive"
    settled = ChallengeFactory(days=(-9, -8), settled_at=timezone.now())
    assert "A practice counts" not in text_of(member_client.get(detail(settled)))


def test_database_refuses_joining_inactive_challenge(member):
    challenge = ChallengeFactory(is_active=False)
    with database_identity(Role.MEMBER, member.pk), pytest.raises(IntegrityError) as refused, transaction.atomic():
        ChallengeParticipant.objects.create(challenge=challenge, user=member)
    assert refused_by(refused.value) == "challenge_off"


def test_leaving_asks_for_confirmation(member, member_client):
    challenge = ChallengeFactory()
    take_part(challenge, member)
    assert "Leave this challenge?" in text_of(member_client.get(leave(challenge)))
    assert member.challenges.exists()
    for _ in range(2):
        response = member_client.post(leave(challenge), follow=True)
    assert messages(response) == [f"You've left {challenge.name}."]
    assert not member.challenges.exists()
    assert activities() == [Activity.CHALLENGE_LEFT]
    assert response.context["may_join"]


def test_leave_page_redirects_member_who_has_not_joined(member_client):
    challenge = ChallengeFactory()
    take_part(challenge, make_member())
    response = member_client.get(leave(challenge), follow=True)
    assert response.redirect_chain == [(detail(challenge), 302)]
    assert messages(response) == [f"You haven't joined {challenge.name}."]


def test_ended_challenge_cannot_be_left(member, member_client):
    challenge = ChallengeFactory(days=(-3, -1))
    take_part(challenge, member)
    assert leave(challenge) not in member_client.get(detail(challenge)).content.decode()
    assert messages(member_client.post(leave(challenge), follow=True)) == ["This challenge is over."]
    assert member.challenges.exists()


def test_member_cannot_remove_another_participant(member, member_client):
    other = take_part(ChallengeFactory(), make_member(privacy_settings=SHOWN))
    member_client.post(leave(other.challenge))
    with connection.cursor() as cursor, database_identity(Role.MEMBER, member.pk):
        cursor.execute("DELETE FROM challenge_participants WHERE id = %s", [other.pk])
        assert cursor.rowcount == 0


@pytest.mark.parametrize(
    "columns",
    [{"score": 9}, {"rank": 1}, {"place": 1}, {"completed_at": timezone.now()}, {"completion_data": {"x": 1}},
     {"scored_at": timezone.now()}, {"ranked_score": 9}, {"is_listed": True}],
    ids=lambda columns: next(iter(columns)),
)  # fmt: skip
def test_member_cannot_set_result_when_joining(member, columns):
    challenge = ChallengeFactory()
    with database_identity(Role.MEMBER, member.pk):
        with pytest.raises(Exception, match="row-level security"), transaction.atomic():
            ChallengeParticipant.objects.create(challenge=challenge, user=member, **columns)
        ChallengeParticipant.objects.create(
            challenge=challenge, user=member, joined_at=datetime(2000, 1, 1, tzinfo=UTC)
        )
        assert ChallengeParticipant.objects.get().joined_at.year > 2000
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            ChallengeParticipant.objects.update(**columns)


def test_standings_list_visible_members_and_own_row(member, member_client):
    challenge = ChallengeFactory()
    take_part(challenge, member, score=2, scored_at=challenge.start_date)
    rivals(challenge, [5, 1])
    rivals(challenge, [4], display_name="Hidden", privacy_settings=SHOWN | {"leaderboard_visible": False})
    rivals(challenge, [3], display_name="Banned", is_active=False)
    response = member_client.get(detail(challenge))
    text = text_of(response)
    assert [(row.rank, row.xp) for row in response.context["rows"]] == [(1, 5), (4, 1)]
    assert [(line.rank, line.is_own) for line in response.context["around"]] == [
        (1, False),
        (3, True),
        (4, False),
    ]
    assert "Only you see your score and rank" in text
    assert "5 joined" in text
    assert "Hidden" not in text
    assert "Banned" not in text


def test_visible_member_is_in_list(member, member_client):
    Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN)
    challenge = ChallengeFactory()
    take_part(challenge, member, score=2, scored_at=challenge.start_date)
    rivals(challenge, [2, 1])
    response = member_client.get(detail(challenge))
    assert [(row.is_own, row.is_shared) for row in response.context["rows"]] == [
        (True, True),
        (False, True),
        (False, False),
    ]
    assert response.context["around"] == []
    assert "Only you see" not in text_of(response)


def test_member_who_hides_disappears_at_once(member_client):
    challenge = ChallengeFactory()
    [rival] = rivals(challenge, [5])
    assert "Rival 0" in text_of(member_client.get(detail(challenge)))
    Member.objects.filter(pk=rival.pk).update(privacy_settings=SHOWN | {"leaderboard_visible": False})
    assert "Rival 0" not in text_of(member_client.get(detail(challenge)))


def test_low_rank_is_shown_with_neighbours(member, member_client, queries_of):
    Member.objects.filter(pk=member.pk).update(privacy_settings=SHOWN)
    challenge = ChallengeFactory()
    few = len(queries_of(lambda: member_client.get(detail(challenge))))
    take_part(challenge, member, score=100, scored_at=challenge.start_date)
    rivals(challenge, [500, 500, 500, 500, 99, 98, 97, 96])
    # Move all participants 60 places down.
    ChallengeParticipant.objects.update(place=F("place") + 60)
    assert len(queries_of(lambda: member_client.get(detail(challenge)))) <= max(few + 1, 8)
    context = member_client.get(detail(challenge)).context
    assert context["rows"] == []
    assert [line.xp for line in context["around"]] == [500, 500, 500, 100, 99, 98, 97]
    assert [line.is_own for line in context["around"]].index(True) == 3


def test_settled_challenge_shows_final_result(member, member_client):
    challenge = ChallengeFactory(days=(-5, -3), reward_type="xp", reward_value={"xp": 60})
    for number in range(3):
        make_session(member, HackFactory(), started_at=challenge.start_date + timedelta(hours=number))
    participant = take_part(challenge, member)
    assert "This challenge has ended. The final result comes a day after the end" in text_of(
        member_client.get(detail(challenge))
    )
    now = timezone.now()
    score_challenges(now=now)
    ChallengeParticipant.objects.filter(pk=participant.pk).update(rank=2, place=1, completion_data={"participants": 9})
    with database_identity(Role.WORKER):
        challenge.settled_at = now
        challenge.save(update_fields=["settled_at"])
    text = text_of(member_client.get(detail(challenge)))
    assert "Completed 60 XP, earned on" in text
    assert "2 final rank of 9" in text
    assert "You came 2nd of 9" in text_of(member_client.get(LIST, {"show": "yours"}))


def test_completed_challenge_shows_reward_date_and_no_primary_button(member, member_client):
    challenge = ChallengeFactory(reward_type="xp", reward_value={"xp": 60})
    participant = take_part(challenge, member, score=2)
    page = member_client.get(detail(challenge))
    assert "60 XP: yours" not in text_of(page)
    assert "button--primary" in page.text
    ChallengeParticipant.objects.filter(pk=participant.pk).update(score=3)
    page = member_client.get(detail(challenge))
    assert "Completed You'll get 60 XP with the final result, a day after the challenge ends." in text_of(page)
    assert "Practise today" in text_of(page)
    assert "button--primary" not in page.text


def test_won_hidden_achievement_is_named(member, member_client):
    secret = AchievementFactory(slug="secret", name="Hush", is_hidden=True)
    reward = {"reward_type": "achievement", "reward_value": {"achievement": "secret"}}
    challenge = ChallengeFactory(days=(-5, -3), settled_at=timezone.now(), **reward)
    take_part(challenge, member, score=3, rank=1, completion_data={"participants": 1})
    UserAchievement.objects.create(user=member, achievement=secret)
    assert "The achievement “Hush”, earned on" in text_of(member_client.get(detail(challenge)))


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_full_challenge_says_so_once(member_client, taken):
    challenge = ChallengeFactory(max_participants=2)
    for _ in range(taken):
        take_part(challenge, make_member())
    text = text_of(member_client.get(detail(challenge)))
    assert ("Places left" in text) == (taken < 2)
    assert text.count("places are taken") == text.count("This challenge is full.") == (taken == 2)


def test_number_of_queries_does_not_depend_on_challenges_and_participants(member, member_client, queries_of):
    challenge = ChallengeFactory()
    counts = []
    for _ in range(2):
        rivals(challenge, [3, 2, 1])
        for each in ChallengeFactory.create_batch(3):
            take_part(each, member)
        counts.append([len(queries_of(lambda url=url: member_client.get(url))) for url in (LIST, detail(challenge))])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 8


def test_unknown_challenge_is_404(member_client):
    assert member_client.get(reverse("gamification:challenge-detail", args=[uuid7().hex])).status_code == 404
