"""Staff revoke a verification: what the author loses and keeps, in any order of the reactions."""

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
    make_practised,
    make_reviewer,
    make_verification,
    make_verified_hack,
    notifications_of,
    xp_of,
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


def verify_by_peers(verification):
    """Have three peers verify the submission; return the activity of the decision, not reacted to yet."""
    decide_by_peers(verification)
    verification.refresh_from_db()
    return UserActivityLog.objects.get(
        activity_type=Activity.VERIFICATION_DECIDED, activity_data__round=verification.round
    )


def resubmit(verification, *, is_anonymous=False):
    hack, author = verification.hack, verification.user
    with database_identity(Role.MEMBER, author.pk):
        submit_verification(
            member=author, hack=hack, answers=answers_to(hack, "My own words."), is_anonymous=is_anonymous
        )
    verification.refresh_from_db()


def react_again(activity):
    UserActivityLog.objects.filter(pk=activity.pk).update(processed_at=None)
    react(str(activity.pk))


def mastery_xp_of(member):
    return [row for row in xp_of(member) if row[0] == "verification"]


def has_mastery(verification):
    return UserHackProgress.objects.get(user=verification.user, hack=verification.hack).verified_at is not None


def test_revoked_verification_is_returned_with_reason(hack, staff):
    verification = make_verification(hack)
    verify_by_peers(verification)
    was_decided_at = verification.decided_at
    other = make_verification(hack)
    author = verification.user
    assert [row[0] for row in rows_as(author, "app.waiting_reviews()")] == [hack.pk]
    revoke(verification, staff)
    assert (verification.status, verification.is_verified, verification.verified_at) == ("returned", False, None)
    assert (verification.decided_by, verification.decision_reason) == (staff, REASON)
    assert (verification.decided_at, verification.revoked_at is None) == (was_decided_at, False)
    assert not has_mastery(verification)
    # Without mastery the author may no longer review others.
    assert call_as(author, "app.lease_verification()") is None
    other.refresh_from_db()
    assert other.status == "submitted"


def rows_as(member, function):
    with database_identity(Role.MEMBER, member.pk):
        return run_sql(f"SELECT * FROM {function}").rows


@pytest.mark.parametrize("status", ["draft", "submitted", "escalated", "returned"])
def test_submission_is_revoked_only_when_verified(hack, staff, status):
    verification = make_verification(hack, status=status)
    with pytest.raises(VerificationRefused) as refused:
        revoke(verification, staff)
    assert refused.value.reason == Refusal.NOT_VERIFIED
    verification.refresh_from_db()
    assert (verification.status, verification.decided_by) == (status, None)


def test_staff_cannot_revoke_their_own(hack, staff):
    own = make_verification(hack, make_practised(hack, 3, staff), status="verified")
    with pytest.raises(VerificationRefused) as refused:
        revoke(own, staff)
    assert refused.value.reason == Refusal.OWN
    own.refresh_from_db()
    assert own.status == "verified"


def test_revoking_removes_xp_but_keeps_unlocked_hacks_and_achievements(hack, staff):
    following = HackFactory(prerequisite_hack=hack, unlock_criteria={"verified": 1})
    AchievementFactory(criteria_json={"type": "verification", "value": 1}, points=50)
    verification = make_verification(hack)
    author = verification.user
    verify_by_peers(verification)
    react_to_everything()
    assert xp_of(author) == [("achievement", 50, None), ("verification", 100, hack.pk)]
    revoked = revoke(verification, staff)
    for _ in range(2):
        react_again(revoked)
        assert xp_of(author) == [("achievement", 50, None)]
        assert author.xp.get(category=None).xp_amount == 50
        assert author.achievements.count() == 1
        assert UserHackProgress.objects.get(user=author, hack=following).unlocked_at is not None
        news = Notification.objects.get(user=author, title=REVOKED)
        assert REASON in news.message
        assert news.data == leads_to("community:verification-edit", slug="energy-shield")


def test_reactions_repeated_in_any_order_leave_no_award(hack, staff):
    AchievementFactory(criteria_json={"type": "verification", "value": 1}, points=0)
    verification = make_verification(hack)
    activities = {"D": verify_by_peers(verification), "R": revoke(verification, staff)}
    for name in "DRDDRR":
        react_again(activities[name])
        assert mastery_xp_of(verification.user) == []
    assert not verification.user.achievements.exists()
    assert notifications_of(verification.user) == [(NotificationType.VERIFICATION_REVOKED, REVOKED)]


@pytest.mark.parametrize("has_award", [True, False])
def test_verification_after_revocation_earns_xp_once(hack, staff, has_award):
    """Run the reactions to both decisions and the revocation in every order.

    D is the first decision, R the revocation, E the second decision.
    """
    verification = make_verification(hack)
    activities = {"D": verify_by_peers(verification)}
    activities["R"] = revoke(verification, staff)
    resubmit(verification)
    activities["E"] = verify_by_peers(verification)
    UserActivityLog.objects.filter(pk=activities["D"].pk).update(created_at=timezone.now() - timedelta(days=1))
    for order in permutations("DRE"):
        XpEntry.objects.filter(source="verification").delete()
        if has_award:
            make_award(verification.user, 100, source="verification", source_id=verification.pk, hack=hack)
        for name in (*order, *order):
            react_again(activities[name])
        assert mastery_xp_of(verification.user) == [("verification", 100, hack.pk)]
    assert has_mastery(verification)
    assert tasks.reward_anonymous() == 0


def test_late_reaction_to_named_round_does_not_reward_later_anonymous_round(hack, staff):
    """An award within the hour would reveal the author to the three reviewers."""
    verification = make_verification(hack)
    late = verify_by_peers(verification)
    react_again(revoke(verification, staff))
    resubmit(verification, is_anonymous=True)
    verify_by_peers(verification)
    UserActivityLog.objects.filter(pk=late.pk).update(created_at=verification.verified_at - timedelta(days=1))
    react_again(late)
    react_to_everything()
    assert mastery_xp_of(verification.user) == []
    HackVerification.objects.update(decided_at=timezone.now() - timedelta(days=1))
    assert tasks.reward_anonymous() == 1
    react_to_everything()
    assert len(mastery_xp_of(verification.user)) == 1


@pytest.mark.parametrize("is_rewarded", [True, False])
def test_anonymous_verification_is_not_rewarded_after_revocation(hack, staff, is_rewarded):
    verification = make_verification(hack, is_anonymous=True)
    verify_by_peers(verification)
    HackVerification.objects.update(decided_at=timezone.now() - timedelta(days=1))
    assert tasks.reward_anonymous() == 1
    rewarded = UserActivityLog.objects.get(activity_type=Activity.VERIFICATION_REWARDED)
    if is_rewarded:
        react_again(rewarded)
        assert len(mastery_xp_of(verification.user)) == 1
    react_again(revoke(verification, staff))
    react_again(rewarded)
    react_to_everything()
    assert mastery_xp_of(verification.user) == []
    assert tasks.reward_anonymous() == 0


def test_only_author_is_notified(hack, staff):
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


def test_revoked_at_requires_status_returned(hack):
    with pytest.raises(IntegrityError, match="hack_verifications_revoked_is_returned"):
        make_verification(hack, status="draft", revoked_at=timezone.now())


def test_resubmission_starts_new_round_and_history_keeps_revoked_one(hack, staff):
    verification = make_verification(hack)
    reviewers = decide_by_peers(verification)
    verification.refresh_from_db()
    revoke(verification, staff)
    revoked_at = verification.revoked_at
    resubmit(verification)
    assert (verification.status, verification.round, verification.verification_count) == ("submitted", 2, 0)
    assert (verification.revoked_at, verification.decided_by, verification.decision_reason) == (None, None, "")
    past = verification.rounds.get()
    assert (past.outcome, past.decision_reason, past.ended_at) == ("revoked", REASON, revoked_at)
    assert past.verification_questions == answers_to(hack)
    assert verification.reviews.filter(round=1).count() == 3
    assert call_as(reviewers[0], "app.lease_verification()") is None
    assert call_as(make_reviewer(hack), "app.lease_verification()") is not None


def test_recount_does_not_verify_revoked_submission_again(hack, staff):
    verification = make_verification(hack)
    verify_by_peers(verification)
    revoke(verification, staff)
    assert tasks.check_reviews() == 0
    HackVerification.objects.update(verification_count=0)
    assert tasks.check_reviews() == 1
    verification.reviews.first().delete()
    verification.refresh_from_db()
    assert (verification.status, verification.verification_count, has_mastery(verification)) == ("returned", 2, False)


def test_revoking_turns_reviewers_agreement_into_disagreement(hack, staff):
    verification = make_verification(hack)
    reviewers = decide_by_peers(verification)

    def agreements():
        tasks.check_reviews()
        rows = ReviewerSignals.objects.filter(reviewer__in=reviewers)
        return set(rows.values_list("agreements", "outcomes"))

    assert agreements() == {(1, 1)}
    revoke(verification, staff)
    assert agreements() == {(0, 1)}
    resubmit(verification)
    assert agreements() == {(0, 1)}


def test_revoking_does_not_change_expected_wait(hack, staff):
    now = timezone.now()
    verification = make_verification(
        hack, status="verified", submitted_at=now - timedelta(days=60), decided_at=now - timedelta(days=59)
    )
    waiting = make_verification(hack)
    revoke(verification, staff)
    with database_identity(Role.MEMBER, waiting.user_id):
        assert queue.queue_positions()[waiting.pk].expected_wait == timedelta(days=1)


def test_revoking_removes_only_its_own_award(hack, staff):
    """Keep the author's award in another hack, and another member's award in this one."""
    verification = make_verification(hack)
    others = [make_verification(make_verified_hack(), verification.user), make_verification(hack)]
    for each in (verification, *others):
        decide_by_peers(each)
    react_to_everything()
    react_again(revoke(verification, staff))
    left = XpEntry.objects.filter(source="verification").values_list("source_id", flat=True)
    assert set(left) == {each.pk for each in others}
