"""Take, release and review submissions; the third equal verdict decides."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone
from uuid_utils.compat import uuid7

from analytics.models import Activity, UserActivityLog
from community import queue
from community.actions import LeaseLost, TooManyReviewsOpen, give_review, release_review, take_review
from community.models import HackVerification, HackVerificationReview, VerificationLease
from community.rules import LEASE, MAX_LEASES, REVIEWS_TO_DECIDE
from community.tests.factories import (
    make_known_case,
    make_lease,
    make_practised,
    make_reviewer,
    make_verification,
    make_verified_hack,
    review_as,
)
from database.identity import Role, database_identity
from hacks.models import UserHackProgress

pytestmark = pytest.mark.django_db


def take(reviewer, hack=None):
    """Take a review as the reviewer; return the submission, or None if there is none."""
    with database_identity(Role.MEMBER, reviewer.pk):
        lease_id = take_review(hack_id=hack.pk if hack else None)
    return lease_id and VerificationLease.objects.get(pk=lease_id).verification


def test_oldest_submission_comes_first_and_is_leased_for_half_an_hour(hack):
    now = timezone.now()
    late, early = (make_verification(hack, submitted_at=now - timedelta(hours=hours)) for hours in (1, 2))
    reviewer = make_reviewer(hack)
    assert [take(reviewer), take(reviewer), take(reviewer)] == [early, late, None]
    lease = VerificationLease.objects.get(verification=early)
    assert (lease.author_id, lease.reviewer_id) == (early.user_id, reviewer.pk)
    assert lease.expires_at - lease.leased_at == pytest.approx(LEASE, abs=timedelta(seconds=1))


@pytest.mark.parametrize(("times", "may"), [(4, False), (5, True)])
def test_member_may_review_after_enough_practices(hack, times, may):
    verification = make_verification(hack)
    assert take(make_practised(hack, times)) == (verification if may else None)


def test_verified_member_may_review_after_few_practices(hack):
    verification, reviewer = make_verification(hack), make_practised(hack, 1)
    UserHackProgress.objects.filter(user=reviewer).update(verified_at=timezone.now())
    assert take(reviewer) == verification


def test_mastery_of_another_hack_does_not_count(hack):
    make_verification(hack)
    assert take(make_reviewer(make_verified_hack())) is None


def test_reviewer_can_choose_hack(hack):
    other = make_verified_hack()
    oldest = make_verification(hack, submitted_at=timezone.now() - timedelta(days=1))
    wanted = make_verification(other)
    reviewer = make_practised(other, 5, make_reviewer(hack))
    assert take(reviewer, other) == wanted
    assert take(make_practised(other, 5, make_reviewer(hack))) == oldest


@pytest.mark.parametrize("status", ["draft", "returned", "verified", "escalated"])
def test_unsubmitted_or_closed_submission_is_not_offered(hack, status):
    make_verification(hack, status=status)
    assert take(make_reviewer(hack)) is None


def test_own_submission_is_never_offered(hack):
    make_verification(hack, make_reviewer(hack))
    assert take(HackVerification.objects.get().user) is None


def test_reviewed_submission_is_not_offered_again_in_any_round(hack):
    verification, reviewer = make_verification(hack), make_reviewer(hack)
    review_as(reviewer, verification)
    assert take(reviewer) is None
    HackVerification.objects.update(round=2, verification_count=0)
    assert take(reviewer) is None


def test_reviewer_holds_four_leases_at_most(hack):
    reviewer = make_reviewer(hack)
    for _ in range(MAX_LEASES + 1):
        make_verification(hack)
    taken = [take(reviewer) for _ in range(MAX_LEASES)]
    assert len(set(taken)) == MAX_LEASES
    with pytest.raises(TooManyReviewsOpen):
        take(reviewer)
    VerificationLease.objects.filter(verification=taken[0]).update(expires_at=timezone.now())
    assert take(reviewer) == taken[0]


def test_submission_is_leased_to_no_more_reviewers_than_needed(hack):
    verification = make_verification(hack)
    review_as(make_reviewer(hack), verification)
    review_as(make_reviewer(hack), verification, is_authentic=False)
    first, second, third = (make_reviewer(hack) for _ in range(3))
    assert [take(first), take(second), take(third)] == [verification, verification, None]
    VerificationLease.objects.filter(reviewer=first).update(expires_at=timezone.now())
    assert take(third) == verification


def test_leases_ended_by_author_free_their_slots_for_same_reviewers(hack):
    verification = make_verification(hack)
    readers = [make_reviewer(hack) for _ in range(3)]
    for reader in readers:
        make_lease(reader, verification, ended="changed")
    for _ in range(MAX_LEASES):
        make_lease(readers[0], make_verification(hack, status="draft"), ended="withdrawn")
    assert [take(reader) for reader in readers] == [verification] * 3


def test_released_submission_goes_to_other_reviewers_only(hack):
    first, second = (make_verification(hack, submitted_at=timezone.now() - timedelta(hours=n)) for n in (2, 1))
    reviewer, other = make_reviewer(hack), make_reviewer(hack)
    assert take(reviewer) == first
    [lease] = VerificationLease.objects.all()
    expired = make_lease(reviewer, make_verification(hack, status="escalated"), expires_at=timezone.now())
    with database_identity(Role.MEMBER, other.pk):
        assert not release_review(lease_id=lease.pk)
    with database_identity(Role.MEMBER, reviewer.pk):
        assert release_review(lease_id=lease.pk)
        assert not release_review(lease_id=lease.pk)
        assert not release_review(lease_id=expired.pk)
    assert take(reviewer) == second
    assert take(other) == first


def give(reviewer, lease, *, review_id=None, is_authentic=True, comment=""):
    with database_identity(Role.MEMBER, reviewer.pk):
        return give_review(
            member=reviewer,
            lease_id=lease.pk,
            review_id=review_id or uuid7(),
            is_authentic=is_authentic,
            comment=comment,
        )


def test_review_is_stored_with_round_and_time_and_ends_lease(hack):
    verification, reviewer = make_verification(hack, round=2), make_reviewer(hack)
    lease = make_lease(reviewer, verification, leased_at=timezone.now() - timedelta(seconds=90))
    assert give(reviewer, lease, comment=" Well seen.\r\n")
    review = HackVerificationReview.objects.get()
    assert (review.author_id, review.reviewer_id, review.round) == (verification.user_id, reviewer.pk, 2)
    assert (review.is_authentic, review.comment) == (True, "Well seen.")
    assert 90 <= review.seconds < 120
    lease.refresh_from_db()
    assert lease.ended == "reviewed"
    verification.refresh_from_db()
    assert (verification.verification_count, verification.rejection_count) == (1, 0)
    activity = UserActivityLog.objects.get(activity_type=Activity.REVIEW_GIVEN)
    assert (activity.user_id, activity.activity_data) == (reviewer.pk, {"review_id": str(review.pk)})


def test_same_review_sent_twice_is_stored_once(hack):
    verification, reviewer = make_verification(hack), make_reviewer(hack)
    lease, review_id = make_lease(reviewer, verification), uuid7()
    assert [give(reviewer, lease, review_id=review_id) for _ in range(2)] == [True, False]
    assert HackVerificationReview.objects.count() == 1
    assert UserActivityLog.objects.filter(activity_type=Activity.REVIEW_GIVEN).count() == 1


def test_review_with_id_of_another_reviewers_review_is_refused(hack):
    verification, reviewer = make_verification(hack), make_reviewer(hack)
    other_review = review_as(make_reviewer(hack), verification)
    lease = make_lease(reviewer, verification)
    with pytest.raises(LeaseLost) as lost:
        give(reviewer, lease, review_id=other_review.pk)
    assert lost.value.state == "unknown"
    assert give(reviewer, lease)


@pytest.mark.parametrize(("is_authentic", "comment"), [(False, " \r\n"), (True, "x" * 2001)])
def test_review_with_invalid_comment_is_refused_and_keeps_lease(hack, is_authentic, comment):
    verification, reviewer = make_verification(hack), make_reviewer(hack)
    lease = make_lease(reviewer, verification)
    with pytest.raises(IntegrityError, match="hack_verification_reviews"):
        give(reviewer, lease, is_authentic=is_authentic, comment=comment)
    assert give(reviewer, lease, is_authentic=is_authentic, comment="Say more.")


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expired"),
        ({"ended": "changed"}, "changed"),
        ({"ended": "withdrawn"}, "withdrawn"),
        ({"ended": "decided"}, "decided"),
        ({"ended": "given_back"}, "given_back"),
        ({"ended": "reviewed"}, "reviewed"),
    ],
)
def test_ended_lease_takes_no_review_and_says_why(hack, fields, state):
    verification, reviewer = make_verification(hack), make_reviewer(hack)
    lease = make_lease(reviewer, verification, **fields)
    with pytest.raises(LeaseLost) as lost:
        give(reviewer, lease)
    assert lost.value.state == state
    with database_identity(Role.MEMBER, reviewer.pk):
        found = queue.find_lease(lease.pk)
    assert (found.state, found.answers, found.author_id) == (state, None, None)
    assert not HackVerificationReview.objects.exists()


def test_lease_of_another_reviewer_is_unknown(hack):
    verification, reviewer, other = make_verification(hack), make_reviewer(hack), make_reviewer(hack)
    lease = make_lease(reviewer, verification)
    with pytest.raises(LeaseLost) as lost:
        give(other, lease)
    assert lost.value.state == "unknown"
    with database_identity(Role.MEMBER, other.pk):
        assert queue.find_lease(lease.pk) is None


def test_three_authentic_reviews_verify_submission(hack):
    verification = make_verification(hack)
    for number in range(REVIEWS_TO_DECIDE):
        verification.refresh_from_db()
        assert not verification.is_verified, number
        review_as(make_reviewer(hack), verification)
    verification.refresh_from_db()
    assert (verification.status, verification.verification_count) == ("verified", REVIEWS_TO_DECIDE)
    assert verification.verified_at == verification.decided_at
    assert verification.user.progress.get().verified_at == verification.verified_at
    decided = UserActivityLog.objects.get(activity_type=Activity.VERIFICATION_DECIDED)
    assert decided.user_id == verification.user_id
    assert decided.activity_data == {
        "verification_id": str(verification.pk),
        "round": 1,
        "outcome": "verified",
        "is_anonymous": False,
        "hack_id": str(hack.pk),
        "name": hack.name,
        "slug": hack.slug,
    }


def test_three_rejections_return_submission(hack):
    verification = make_verification(hack)
    for is_authentic in (False, True, False, True, False):
        verification.refresh_from_db()
        assert verification.status == "submitted"
        review_as(make_reviewer(hack), verification, is_authentic=is_authentic)
    verification.refresh_from_db()
    assert (verification.status, verification.verification_count, verification.rejection_count) == ("returned", 2, 3)
    assert verification.verified_at is None
    assert verification.decided_at is not None
    assert verification.user.progress.get().verified_at is None
    decided = UserActivityLog.objects.get(activity_type=Activity.VERIFICATION_DECIDED)
    assert decided.activity_data["outcome"] == "returned"


@pytest.mark.parametrize("status", ["draft", "returned", "verified"])
def test_reviews_inserted_by_hand_do_not_decide_submission_that_is_not_waiting(hack, status):
    verification = make_verification(hack, status=status)
    for _ in range(3):
        verification.reviews.create(round=1, reviewer=make_reviewer(hack), is_authentic=True, seconds=60)
    before = verification.verified_at
    verification.refresh_from_db()
    assert (verification.status, verification.verified_at, verification.verification_count) == (status, before, 3)
    assert not UserActivityLog.objects.filter(activity_type=Activity.VERIFICATION_DECIDED).exists()


def test_verdict_changed_by_hand_is_counted_again(hack):
    verification = make_verification(hack)
    review = review_as(make_reviewer(hack), verification)
    HackVerificationReview.objects.filter(pk=review.pk).update(is_authentic=False)
    verification.refresh_from_db()
    assert (verification.verification_count, verification.rejection_count) == (0, 1)


def test_verification_creates_missing_progress(hack):
    verification = make_verification(hack)
    UserHackProgress.objects.all().delete()
    for _ in range(3):
        review_as(make_reviewer(hack), verification)
    verification.refresh_from_db()
    assert verification.user.progress.get().verified_at == verification.verified_at


def test_reviews_of_earlier_round_do_not_count(hack):
    verification = make_verification(hack, round=2)
    for _ in range(2):
        review_as(make_reviewer(hack), verification)
    HackVerificationReview.objects.update(round=1)
    verification.refresh_from_db()
    assert verification.verification_count == 0
    review_as(make_reviewer(hack), verification)
    verification.refresh_from_db()
    assert (verification.status, verification.verification_count) == ("submitted", 1)


def test_review_deleted_by_staff_no_longer_counts_but_decision_stays(hack):
    verification = make_verification(hack)
    reviews = [review_as(make_reviewer(hack), verification) for _ in range(2)]
    with database_identity(Role.STAFF):
        reviews[0].delete()
    verification.refresh_from_db()
    assert verification.verification_count == 1
    for _ in range(2):
        review_as(make_reviewer(hack), verification)
    with database_identity(Role.STAFF):
        reviews[1].delete()
    verification.refresh_from_db()
    assert (verification.status, verification.verification_count) == ("verified", 2)


def test_outcome_stays_when_reviewers_delete_their_accounts(hack):
    verification = make_verification(hack)
    reviewers = [make_reviewer(hack) for _ in range(3)]
    for reviewer in reviewers:
        review_as(reviewer, verification)
    verification.refresh_from_db()
    before = (verification.status, verification.verification_count, verification.verified_at)
    for reviewer in reviewers:
        reviewer.user.delete()
    verification.refresh_from_db()
    assert (verification.status, verification.verification_count, verification.verified_at) == before
    assert list(verification.reviews.values_list("reviewer", "comment")) == [(None, "I know this.")] * 3


def test_waiting_reviews_counts_submissions_that_reviewer_could_take(hack):
    other, reviewer = make_verified_hack(), make_reviewer(hack)
    make_verification(other)
    make_verification(hack, reviewer)
    done, taken, *_ = (make_verification(hack) for _ in range(4))
    review_as(reviewer, done)
    make_lease(reviewer, taken)
    with database_identity(Role.MEMBER, reviewer.pk):
        assert queue.waiting_reviews() == {hack.pk: 2}


def test_waiting_reviews_stops_counting_at_one_hundred(hack):
    reviewer, first = make_reviewer(hack), make_known_case(hack, outcome=True)
    for _ in range(4):
        review_as(reviewer, make_verification(hack))
    fields = {"hack": hack, "status": "submitted", "known_outcome": True, "submitted_at": first.submitted_at}
    HackVerification.objects.bulk_create(HackVerification(**fields) for _ in range(100))
    with database_identity(Role.MEMBER, reviewer.pk):
        assert queue.waiting_reviews() == {hack.pk: 100}


def test_leases_show_answers_and_author_unless_anonymous(hack):
    named, anonymous = make_verification(hack), make_verification(hack, is_anonymous=True)
    reviewer = make_reviewer(hack)
    for each in (named, anonymous):
        make_lease(reviewer, each)
    with database_identity(Role.MEMBER, reviewer.pk):
        found = {lease.verification_id: lease for lease in queue.leases()}
    assert found[named.pk].author_id == named.user_id
    assert found[anonymous.pk].author_id is None
    assert all(lease.is_open and lease.answers == named.verification_questions for lease in found.values())
