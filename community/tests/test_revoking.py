"""A verification that staff take back: what goes, what stays, and that the order of the workers changes neither."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.db import IntegrityError
from django.utils import timezone

from analytics.models import Activity, Notification, UserActivityLog
from analytics.notifications.destinations import leads_to
from analytics.notifications.types import NotificationType
from community import queue, tasks
from community.actions import Refusal, VerificationRefused, revoke_verification, submit_verification
from community.models import HackVerification, ReviewerSignals
from community.tests.factories import (
    answers_to,
    call_as,
    decide_by_peers,
    earned,
    make_practised,
    make_reviewer,
    make_verification,
    make_verified_hack,
    told,
)
from database.identity import Role, database_identity
from database.statements import run_sql
from gamification.models import XpEntry
from gamification.tests.factories import AchievementFactory, make_award
from hacks.models import UserHackProgress
from hacks.tests.factories import HackFactory
from nrghax.tasks import react
from nrghax.tests.factories import react_to_everything

pytestmark = pytest.mark.django_db

REASON = "Your reviewers and you have copied from each other."
REVOKED = "Your verification in Energy shield was revoked"


def revoke(verification, staff):
    with database_identity(Role.STAFF):
        revoke_verification(staff=staff, verification_id=verification.pk, reason=REASON)
    verification.refresh_from_db()
    return UserActivityLog.objects.get(
        activity_type=Activity.VERIFICATION_REVOKED, activity_data__round=verification.round
    )


def decided(verification):
    """By three peers; returns the activity that says so, which nobody has reacted to."""
    decide_by_peers(verification)
    verification.refresh_from_db()
    return UserActivityLog.objects.get(
        activity_type=Activity.VERIFICATION_DECIDED, activity_data__round=verification.round
    )


def revise(verification, *, is_anonymous=False):
    hack, author = verification.hack, verification.user
    with database_identity(Role.MEMBER, author.pk):
        submit_verification(
            member=author, hack=hack, answers=answers_to(hack, "My own words."), is_anonymous=is_anonymous
        )
    verification.refresh_from_db()


def react_again(activity):
    UserActivityLog.objects.filter(pk=activity.pk).update(processed_at=None)
    react(str(activity.pk))


def mastery(member):
    return [row for row in earned(member) if row[0] == "verification"]


def is_mastered(verification):
    return UserHackProgress.objects.get(user=verification.user, hack=verification.hack).verified_at is not None


def test_it_is_returned_with_the_reason(hack, staff):
    verification = make_verification(hack)
    decided(verification)
    was_decided_at = verification.decided_at
    other = make_verification(hack)
    author = verification.user
    assert [row[0] for row in rows_as(author, "app.waiting_reviews()")] == [hack.pk]
    revoke(verification, staff)
    assert (verification.status, verification.is_verified, verification.verified_at) == ("returned", False, None)
    assert (verification.decided_by, verification.decision_reason) == (staff, REASON)
    assert (verification.decided_at, verification.revoked_at is None) == (was_decided_at, False)
    assert not is_mastered(verification)
    # Nor do they review it for others, as those who have mastered it do.
    assert call_as(author, "app.lease_verification()") is None
    other.refresh_from_db()
    assert other.status == "submitted"


def rows_as(member, function):
    with database_identity(Role.MEMBER, member.pk):
        return run_sql(f"SELECT * FROM {function}").rows


@pytest.mark.parametrize("status", ["draft", "submitted", "escalated", "returned"])
def test_only_what_is_verified_can_be(hack, staff, status):
    verification = make_verification(hack, status=status)
    with pytest.raises(VerificationRefused) as refused:
        revoke(verification, staff)
    assert refused.value.reason == Refusal.NOT_VERIFIED
    verification.refresh_from_db()
    assert (verification.status, verification.decided_by) == (status, None)


def test_nobody_takes_back_their_own(hack, staff):
    own = make_verification(hack, make_practised(hack, 3, staff), status="verified")
    with pytest.raises(VerificationRefused) as refused:
        revoke(own, staff)
    assert refused.value.reason == Refusal.OWN
    own.refresh_from_db()
    assert own.status == "verified"


def test_its_xp_goes_and_what_it_has_opened_and_achieved_stays(hack, staff):
    following = HackFactory(prerequisite_hack=hack, unlock_criteria={"verified": 1})
    AchievementFactory(criteria_json={"type": "verification", "value": 1}, points=50)
    verification = make_verification(hack)
    author = verification.user
    decided(verification)
    react_to_everything()
    assert earned(author) == [("achievement", 50, None), ("verification", 100, hack.pk)]
    revoked = revoke(verification, staff)
    for _ in range(2):
        react_again(revoked)
        assert earned(author) == [("achievement", 50, None)]
        assert author.xp.get(category=None).xp_amount == 50
        assert author.achievements.count() == 1
        assert UserHackProgress.objects.get(user=author, hack=following).unlocked_at is not None
        news = Notification.objects.get(user=author, title=REVOKED)
        assert REASON in news.message
        assert news.data == leads_to("community:verification-edit", slug="energy-shield")


def test_in_whatever_order_and_however_often_workers_come_nothing_is_left(hack, staff):
    AchievementFactory(criteria_json={"type": "verification", "value": 1}, points=0)
    verification = make_verification(hack)
    activities = {"D": decided(verification), "T": revoke(verification, staff)}
    for name in "DTDDTT":
        react_again(activities[name])
        assert mastery(verification.user) == []
    assert not verification.user.achievements.exists()
    assert told(verification.user) == [(NotificationType.VERIFICATION_REVOKED, REVOKED)]


@pytest.mark.parametrize("has_award", [True, False])
def test_verified_anew_it_brings_its_xp_once(hack, staff, has_award):
    """Whether the reaction to the taking back comes before, between or after those to the two decisions."""
    verification = make_verification(hack)
    activities = {"D": decided(verification)}
    activities["T"] = revoke(verification, staff)
    revise(verification)
    activities["E"] = decided(verification)
    UserActivityLog.objects.filter(pk=activities["D"].pk).update(created_at=timezone.now() - timedelta(days=1))
    for order in permutations("DTE"):
        XpEntry.objects.filter(source="verification").delete()
        if has_award:
            make_award(verification.user, 100, source="verification", source_id=verification.pk, hack=hack)
        for name in (*order, *order):
            react_again(activities[name])
        assert mastery(verification.user) == [("verification", 100, hack.pk)]
    assert is_mastered(verification)
    assert tasks.reward_anonymous() == 0


def test_what_comes_late_of_an_open_one_does_not_reward_the_anonymous_one_that_followed(hack, staff):
    """At once that would tell the three who reviewed it, within the hour, whose it was."""
    verification = make_verification(hack)
    late = decided(verification)
    react_again(revoke(verification, staff))
    revise(verification, is_anonymous=True)
    decided(verification)
    UserActivityLog.objects.filter(pk=late.pk).update(created_at=verification.verified_at - timedelta(days=1))
    react_again(late)
    react_to_everything()
    assert mastery(verification.user) == []
    HackVerification.objects.update(decided_at=timezone.now() - timedelta(days=1))
    assert tasks.reward_anonymous() == 1
    react_to_everything()
    assert len(mastery(verification.user)) == 1


@pytest.mark.parametrize("is_rewarded", [True, False])
def test_an_anonymous_one_is_not_rewarded_after_it_was_revoked(hack, staff, is_rewarded):
    verification = make_verification(hack, is_anonymous=True)
    decided(verification)
    HackVerification.objects.update(decided_at=timezone.now() - timedelta(days=1))
    assert tasks.reward_anonymous() == 1
    rewarded = UserActivityLog.objects.get(activity_type=Activity.VERIFICATION_REWARDED)
    if is_rewarded:
        react_again(rewarded)
        assert len(mastery(verification.user)) == 1
    react_again(revoke(verification, staff))
    react_again(rewarded)
    react_to_everything()
    assert mastery(verification.user) == []
    assert tasks.reward_anonymous() == 0


def test_only_the_author_is_told(hack, staff):
    verification = make_verification(hack, is_anonymous=True)
    reviewer, *_ = decide_by_peers(verification)
    react_to_everything()
    read = rows_as(reviewer, "app.leased_verifications()")
    revoke(verification, staff)
    before = set(UserActivityLog.objects.filter(processed_at=None).values_list("user", flat=True))
    assert before == {verification.user_id}
    react_to_everything()
    assert set(Notification.objects.filter(title=REVOKED).values_list("user", flat=True)) == before
    with database_identity(Role.MEMBER, reviewer.pk):
        assert not UserActivityLog.objects.filter(activity_type=Activity.VERIFICATION_REVOKED).exists()
        assert not Notification.objects.filter(title=REVOKED).exists()
        assert rows_as(reviewer, "app.leased_verifications()") == read


def test_only_what_is_returned_has_been_revoked(hack):
    with pytest.raises(IntegrityError, match="hack_verifications_revoked_is_returned"):
        make_verification(hack, status="draft", revoked_at=timezone.now())


def test_revised_it_is_a_round_like_any_other_and_history_says_what_the_last_one_was(hack, staff):
    verification = make_verification(hack)
    reviewers = decide_by_peers(verification)
    verification.refresh_from_db()
    revoke(verification, staff)
    revoked_at = verification.revoked_at
    revise(verification)
    assert (verification.status, verification.round, verification.verification_count) == ("submitted", 2, 0)
    assert (verification.revoked_at, verification.decided_by, verification.decision_reason) == (None, None, "")
    past = verification.rounds.get()
    assert (past.outcome, past.decision_reason, past.ended_at) == ("revoked", REASON, revoked_at)
    assert past.verification_questions == answers_to(hack)
    assert verification.reviews.filter(round=1).count() == 3
    assert call_as(reviewers[0], "app.lease_verification()") is None
    assert call_as(make_reviewer(hack), "app.lease_verification()") is not None


def test_the_night_does_not_verify_it_again_by_the_reviews_that_it_has(hack, staff):
    verification = make_verification(hack)
    decided(verification)
    revoke(verification, staff)
    assert tasks.check_reviews() == 0
    HackVerification.objects.update(verification_count=0)
    assert tasks.check_reviews() == 1
    verification.reviews.first().delete()
    verification.refresh_from_db()
    assert (verification.status, verification.verification_count, is_mastered(verification)) == ("returned", 2, False)


def test_whoever_agreed_with_it_disagreed_with_the_outcome(hack, staff):
    verification = make_verification(hack)
    reviewers = decide_by_peers(verification)

    def agreements():
        tasks.check_reviews()
        rows = ReviewerSignals.objects.filter(reviewer__in=reviewers)
        return set(rows.values_list("agreements", "outcomes"))

    assert agreements() == {(1, 1)}
    revoke(verification, staff)
    assert agreements() == {(0, 1)}
    revise(verification)
    assert agreements() == {(0, 1)}


def test_others_are_not_told_of_a_longer_wait_for_it(hack, staff):
    now = timezone.now()
    verification = make_verification(
        hack, status="verified", submitted_at=now - timedelta(days=60), decided_at=now - timedelta(days=59)
    )
    waiting = make_verification(hack)
    revoke(verification, staff)
    with database_identity(Role.MEMBER, waiting.user_id):
        assert queue.queue_positions()[waiting.pk].expected_wait == timedelta(days=1)


def test_nobodys_award_but_this_one_goes(hack, staff):
    """Of the same member, in another hack; and of another member in this one."""
    verification = make_verification(hack)
    others = [make_verification(make_verified_hack(), verification.user), make_verification(hack)]
    for each in (verification, *others):
        decided_by_peers = decide_by_peers(each)
        assert decided_by_peers
    react_to_everything()
    react_again(revoke(verification, staff))
    left = XpEntry.objects.filter(source="verification").values_list("source_id", flat=True)
    assert set(left) == {each.pk for each in others}
