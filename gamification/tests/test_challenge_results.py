"""Settling challenges with final ranks and rewards, and cancelling them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Member, Profile
from accounts.tests.factories import make_member
from analytics.actions import record
from analytics.models import Activity, Notification, UserActivityLog
from analytics.notifications.destinations import leads_to
from database.identity import Role, database_identity
from gamification.actions import (
    cancel_challenge,
    reward_participant,
    score_challenges,
    settle_challenge,
    settle_challenges,
)
from gamification.challenges import GRACE_PERIOD
from gamification.models import Challenge, ChallengeParticipant, UserAchievement, XpEntry
from gamification.tasks import settle_challenges as settle_task
from gamification.tests.factories import AchievementFactory, ChallengeFactory, take_part
from hacks.tests.factories import HackFactory
from nrghax.tasks import react
from practice.models import MemberStats, RestDayGrant
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def make_ended(**fields):
    return ChallengeFactory(days=(-4, -2), **{"criteria_json": {"type": "practice_count", "value": 2}} | fields)


def make_participant(challenge, member=None, practices=2):
    """Create a participant with this number of practices; two complete the challenge."""
    member = member or make_member()
    hack = HackFactory()
    for number in range(practices):
        make_session(member, hack, started_at=challenge.start_date + timedelta(hours=number))
    return take_part(challenge, member)


def react_to_all():
    """Process activities until none is left."""
    while unprocessed := list(UserActivityLog.objects.filter(processed_at=None).values_list("pk", flat=True)):
        for activity_id in unprocessed:
            react(str(activity_id))


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"end_date": NOW - GRACE_PERIOD}, 1),
        ({"end_date": NOW - GRACE_PERIOD + timedelta(seconds=1)}, 0),
        ({"is_active": False, "cancelled_at": NOW}, 0),
        ({"settled_at": NOW}, 0),
    ],
    ids=["a day after the end", "within a day", "cancelled", "already settled"],
)
def test_challenge_is_settled_after_grace_period(fields, number):
    participant = make_participant(make_ended(**fields))
    assert settle_challenges(now=NOW) == number
    participant.refresh_from_db()
    assert (participant.rank is not None) == bool(number)
    assert participant.completion_data == ({"participants": 1} if number else {})
    assert settle_challenge(challenge_id=participant.challenge_id, now=NOW) is False


def test_ranks_are_final_and_participants_are_notified():
    challenge = make_ended(name="Spring")
    first, second = make_participant(challenge, practices=3), make_participant(challenge, practices=1)
    nothing = take_part(challenge, make_member())
    assert settle_task() == 1
    react_to_all()
    make_session(second.user, HackFactory(), started_at=challenge.start_date + timedelta(hours=5))
    react(str(record(second.user_id, Activity.SESSION_LOGGED).pk))
    rows = {row.user_id: row for row in challenge.participants.all()}
    assert [(rows[each.user_id].rank, rows[each.user_id].score) for each in (first, second, nothing)] == [
        (1, 3),
        (2, 1),
        (3, 0),
    ]
    news = {each.user_id: each for each in Notification.objects.filter(type="challenge_ended")}
    assert [(news[each.user_id].title, news[each.user_id].message) for each in (first, second, nothing)] == [
        ("You've completed Spring", "You came 1st of 3, with 3 practices."),
        ("Spring has ended", "You came 2nd of 3, with 1 practice."),
        ("Spring has ended", "You didn't score this time. There'll be other challenges."),
    ]
    assert news[first.user_id].data == leads_to("gamification:challenge-detail", slug=challenge.slug)


def test_closed_account_is_not_counted():
    challenge = make_ended()
    closed, kept = make_participant(challenge, practices=3), make_participant(challenge, practices=1)
    Member.objects.filter(pk=closed.user_id).update(is_active=False)
    settle_challenges(now=NOW)
    kept.refresh_from_db()
    assert (kept.rank, kept.completion_data) == (1, {"participants": 1})


def test_completed_challenge_counts_for_achievements():
    AchievementFactory(slug="challenger", criteria_json={"type": "challenge", "value": 1})
    challenge = make_ended()
    winner, _ = make_participant(challenge), make_participant(challenge, practices=1)
    settle_challenges(now=NOW)
    react_to_all()
    assert list(XpEntry.objects.filter(source="challenge").values_list("user", "source_id", "amount")) == [
        (winner.user_id, challenge.pk, 0)
    ]
    assert UserAchievement.objects.get().user_id == winner.user_id


def test_completion_is_not_rewarded_before_settling(member):
    challenge = ChallengeFactory(
        criteria_json={"type": "practice_count", "value": 2}, reward_type="xp", reward_value={"xp": 9}
    )
    make_participant(challenge, member)
    score_challenges(now=NOW)
    participant = challenge.participants.get()
    assert participant.completed_at
    reward_participant(participant=participant)
    assert not XpEntry.objects.filter(source="challenge").exists()


def test_rest_day_is_granted_without_mention_when_streaks_are_hidden():
    challenge = make_ended(reward_type="rest_day")
    winner = make_participant(challenge)
    Profile.objects.filter(pk=winner.user_id).update(hide_streaks=True)
    settle_challenges(now=NOW)
    react_to_all()
    assert RestDayGrant.objects.get().user_id == winner.user_id
    assert "rest day" not in Notification.objects.get(type="challenge_ended").message


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize(
    ("reward", "value", "words"),
    [
        ("xp", {"xp": 150}, "+150 XP."),
        ("achievement", {"achievement": "spring"}, "You've earned an achievement."),
        ("rest_day", {}, "You've earned a rest day."),
    ],
)
def test_reward_is_granted_exactly_once(reward, value, words, times):
    # No member meets the criteria of this achievement.
    AchievementFactory(slug="spring", points=7, criteria_json={"type": "graduation", "value": 1})
    challenge = make_ended(reward_type=reward, reward_value=value)
    winner, other = make_participant(challenge), make_participant(challenge, practices=1)
    settle_challenges(now=NOW)
    for _ in range(times):
        # The state after a worker died before it marked the activities as processed.
        UserActivityLog.objects.update(processed_at=None)
        react_to_all()
    amounts = list(XpEntry.objects.filter(user=winner.user).order_by("amount").values_list("amount", flat=True))
    assert amounts == {"xp": [150], "achievement": [0, 7], "rest_day": [0]}[reward]
    won = {
        "achievement": list(UserAchievement.objects.values_list("user", "achievement__slug")),
        "rest_day": list(RestDayGrant.objects.values_list("user", "source_id")),
    }
    assert won == {
        "achievement": [(winner.user_id, "spring")] if reward == "achievement" else [],
        "rest_day": [(winner.user_id, challenge.pk)] if reward == "rest_day" else [],
    }
    assert MemberStats.objects.get(pk=winner.user_id).rest_stock == (reward == "rest_day")
    notifications = Notification.objects.filter(type="challenge_ended").values_list("user", "message")
    assert [user for user, message in notifications if words in message] == [winner.user_id]
    assert len(notifications) == 2
    assert not XpEntry.objects.filter(user=other.user).exists()


def test_reward_follows_renamed_achievement():
    achievement = AchievementFactory(slug="spring", criteria_json={"type": "graduation", "value": 1})
    challenge = make_ended(reward_type="achievement", reward_value={"achievement": "spring"})
    winner = make_participant(challenge)
    with database_identity(Role.STAFF):
        achievement.slug = "primavera"
        achievement.save()
    settle_challenges(now=NOW)
    react_to_all()
    assert UserAchievement.objects.get().user_id == winner.user_id


def test_deleted_participant_gets_no_reward_and_no_notification():
    participant = make_participant(make_ended())
    settle_challenges(now=NOW)
    ChallengeParticipant.objects.all().delete()
    react_to_all()
    assert not XpEntry.objects.filter(source="challenge", user=participant.user).exists()
    assert not Notification.objects.filter(type="challenge_ended").exists()


def cancel(challenge):
    with database_identity(Role.STAFF):
        return cancel_challenge(challenge=challenge, reason="The weather.", now=NOW)


def test_cancelling_notifies_participants_and_gives_no_reward():
    challenge = make_ended(name="Spring", reward_type="xp", reward_value={"xp": 9})
    participant = make_participant(challenge)
    assert (cancel(challenge), cancel(challenge)) == (True, False)
    challenge.refresh_from_db()
    assert (challenge.is_active, challenge.cancelled_at) == (False, NOW)
    assert settle_challenges(now=NOW) == 0
    react_to_all()
    notification = Notification.objects.get(type="challenge_cancelled")
    assert (notification.user_id, notification.title) == (participant.user_id, "Spring was cancelled")
    assert notification.message == "The weather. The practice you've done still counts towards your totals."
    assert not XpEntry.objects.filter(source="challenge").exists()


def test_cancelled_challenge_is_visible_to_all_and_unannounced_one_to_participants(member):
    cancelled, unannounced = (make_participant(make_ended(is_active=is_active)) for is_active in (True, False))
    cancel(cancelled.challenge)
    assert not Challenge.objects.joined_by(member).exists()
    assert Challenge.objects.visible_to(member).get() == cancelled.challenge
    assert Challenge.objects.visible_to(unannounced.user).count() == 2


def test_settled_challenge_cannot_be_cancelled():
    challenge = make_ended()
    settle_challenges(now=NOW)
    assert cancel(challenge) is False
    assert Challenge.objects.get(pk=challenge.pk).is_active
