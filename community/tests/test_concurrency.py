"""Reviewers and authors act concurrently, each on a connection of its own and in the member's role."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from analytics.models import Activity, UserActivityLog
from community.actions import (
    LeaseLost,
    Refusal,
    TooManyReviewsOpen,
    VerificationRefused,
    give_review,
    release_review,
    save_draft,
    submit_verification,
    take_review,
    withdraw_verification,
)
from community.models import HackVerification, HackVerificationReview, VerificationLease
from community.rules import MAX_LEASES
from community.tests.factories import (
    answers_to,
    make_buddies,
    make_lease,
    make_reviewer,
    make_verification,
    review_as,
)
from database.identity import Role, database_identity
from database.tests.connections import start_in_thread

pytestmark = pytest.mark.django_db(transaction=True)


def run_concurrently(*calls):
    """Run (member, function) pairs concurrently, each as its member; return each result or exception in order."""
    start = Barrier(len(calls))
    results = [None] * len(calls)

    def run(index, member, call):
        try:
            with database_identity(Role.MEMBER, member.pk):
                start.wait(timeout=10)
                results[index] = call()
        except Exception as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(index, *call)) for index, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


def review_call(reviewer, lease, *, review_id=None, is_authentic=True):
    """Return the pair for `run_concurrently` that gives a review."""
    return reviewer, lambda: give_review(
        member=reviewer,
        lease_id=lease.pk,
        review_id=review_id or uuid7(),
        is_authentic=is_authentic,
        comment="Seen.",
    )


def take_call(reviewer):
    """Return the pair for `run_concurrently` that takes a submission."""
    return reviewer, take_review


def test_three_concurrent_reviews_decide_once(hack):
    reviewers = [make_reviewer(hack) for _ in range(3)]
    for number in range(30):
        is_authentic = number % 3 > 0
        verification = make_verification(hack)
        leases = [make_lease(reviewer, verification) for reviewer in reviewers]
        pairs = zip(reviewers, leases, strict=True)
        assert run_concurrently(*(review_call(*pair, is_authentic=is_authentic) for pair in pairs)) == [True] * 3
        with database_identity(Role.WORKER):
            verification.refresh_from_db()
            assert verification.status == ("verified" if is_authentic else "returned")
            assert verification.verification_count + verification.rejection_count == 3
            assert (verification.user.progress.get().verified_at is not None) == is_authentic
            decided = UserActivityLog.objects.filter(
                user=verification.user, activity_type=Activity.VERIFICATION_DECIDED
            )
            assert decided.count() == 1


def test_trigger_counts_concurrent_direct_inserts(hack):
    """Rows inserted directly bypass the lock of `app.review_verification`: the trigger must lock by itself."""
    reviewers = [make_reviewer(hack) for _ in range(3)]
    for _ in range(10):
        verification = make_verification(hack)

        def insert(reviewer, verification=verification):
            with database_identity(Role.WORKER):
                HackVerificationReview.objects.create(
                    verification=verification, round=1, reviewer=reviewer, is_authentic=True, seconds=60
                )
                return True

        calls = [(reviewer, lambda reviewer=reviewer: insert(reviewer)) for reviewer in reviewers]
        assert run_concurrently(*calls) == [True] * 3
        with database_identity(Role.WORKER):
            verification.refresh_from_db()
            assert (verification.status, verification.verification_count) == ("verified", 3)


def test_last_slot_goes_to_one_of_two_reviewers(hack):
    first, second = make_reviewer(hack), make_reviewer(hack)
    for _ in range(10):
        verification = make_verification(hack, verification_count=2)
        leases = [lease for lease in run_concurrently(take_call(first), take_call(second)) if lease]
        with database_identity(Role.WORKER):
            assert VerificationLease.objects.get(verification=verification).pk in leases
            assert len(leases) == 1
            verification.delete()


def test_three_concurrent_reviewers_share_three_slots_of_one_submission(hack):
    make_verification(hack)
    assert None not in run_concurrently(*(take_call(make_reviewer(hack)) for _ in range(3)))


def test_six_concurrent_requests_of_one_reviewer_get_four_leases(hack):
    reviewer = make_reviewer(hack)
    for _ in range(6):
        make_verification(hack)
    results = run_concurrently(*(take_call(reviewer) for _ in range(6)))
    assert sum(isinstance(result, TooManyReviewsOpen) for result in results) == 2
    with database_identity(Role.WORKER):
        assert VerificationLease.objects.count() == MAX_LEASES


def test_same_review_sent_concurrently_is_stored_once(hack):
    reviewer, verification = make_reviewer(hack), make_verification(hack)
    lease, review_id = make_lease(reviewer, verification), uuid7()
    results = run_concurrently(*(review_call(reviewer, lease, review_id=review_id) for _ in range(3)))
    assert sorted(results) == [False, False, True]
    with database_identity(Role.WORKER):
        assert HackVerificationReview.objects.count() == 1
        assert UserActivityLog.objects.filter(activity_type=Activity.REVIEW_GIVEN).count() == 1


def test_two_concurrent_verdicts_for_one_lease_store_one(hack):
    reviewer, verification = make_reviewer(hack), make_verification(hack)
    lease = make_lease(reviewer, verification)
    results = run_concurrently(
        *(review_call(reviewer, lease, is_authentic=is_authentic) for is_authentic in (True, False))
    )
    assert {type(result) for result in results} == {bool, LeaseLost}
    with database_identity(Role.WORKER):
        assert HackVerificationReview.objects.count() == 1


def test_edit_concurrent_with_lease_leaves_no_open_lease_on_old_answers(hack):
    reviewer = make_reviewer(hack)
    for number in range(10):
        verification = make_verification(hack)
        author = verification.user
        new = answers_to(hack, f"Answer {number}")

        def edit(author=author, new=new):
            return submit_verification(member=author, hack=hack, answers=new, is_anonymous=False)

        _, lease_id = run_concurrently((author, edit), take_call(reviewer))
        with database_identity(Role.WORKER):
            lease = VerificationLease.objects.filter(pk=lease_id).first()
            verification.refresh_from_db()
            assert verification.verification_questions == new
            # A lease taken before the edit has ended; one taken after it shows the new answers.
            assert lease is None or lease.ended == "changed" or lease.leased_at >= verification.updated_at
            verification.delete()


def test_withdrawal_and_concurrent_review_are_serialized(hack):
    for _ in range(10):
        reviewer, verification = make_reviewer(hack), make_verification(hack)
        author, lease = verification.user, make_lease(reviewer, verification)
        withdraw = (author, lambda author=author: withdraw_verification(member=author, hack=hack))
        withdrawn, given = run_concurrently(withdraw, review_call(reviewer, lease))
        assert withdrawn.status == "draft"
        with database_identity(Role.WORKER):
            verification.refresh_from_db()
            if given is True:
                assert verification.round == 2
                assert verification.rounds.get().outcome == "withdrawn"
            else:
                assert given.state == "withdrawn"
                assert verification.round == 1
                assert not verification.reviews.exists()
            assert verification.verification_count == 0


def test_edit_and_concurrent_first_review_are_serialized(hack):
    for _ in range(10):
        reviewer, verification = make_reviewer(hack), make_verification(hack)
        author, lease, new = verification.user, make_lease(reviewer, verification), answers_to(hack, "Something else.")

        def edit(author=author, new=new):
            return submit_verification(member=author, hack=hack, answers=new, is_anonymous=False)

        edited, given = run_concurrently((author, edit), review_call(reviewer, lease))
        with database_identity(Role.WORKER):
            verification.refresh_from_db()
        if given is True:
            assert isinstance(edited, VerificationRefused)
            assert verification.verification_questions != new
        else:
            assert given.state == "changed"
            assert verification.verification_questions == new
            assert verification.verification_count == 0


def test_two_concurrent_submissions_create_one(hack):
    author = make_verification(hack).user
    with database_identity(Role.WORKER):
        HackVerification.objects.all().delete()

    def submit():
        return submit_verification(member=author, hack=hack, answers=answers_to(hack), is_anonymous=False)

    submitted = run_concurrently((author, submit), (author, submit))
    assert [verification.status for verification in submitted] == ["submitted"] * 2
    with database_identity(Role.WORKER):
        assert HackVerification.objects.get().submitted_at <= timezone.now()
        assert UserActivityLog.objects.filter(activity_type=Activity.VERIFICATION_SUBMITTED).count() == 1


@pytest.mark.parametrize("is_paired_first", [True, False])
def test_taking_review_and_pairing_buddies_wait_for_each_other(hack, is_paired_first):
    """The lock matters: neither transaction sees the other's uncommitted row, so both would go through without it."""
    reviewer, verification = make_reviewer(hack), make_verification(hack)

    def pair():
        make_buddies(reviewer, verification.user)

    def take_it():
        with database_identity(Role.MEMBER, reviewer.pk):
            take_review()

    first, second = (pair, take_it) if is_paired_first else (take_it, pair)

    def act():
        try:
            second()
        finally:
            connections.close_all()

    other = Thread(target=act)
    with transaction.atomic():
        first()
        other.start()
        other.join(timeout=0.3)
        is_waiting = other.is_alive()
    other.join(timeout=30)
    assert is_waiting
    with database_identity(Role.WORKER):
        ended = list(VerificationLease.objects.values_list("ended", flat=True))
    assert ended == ([] if is_paired_first else ["buddies"])


def test_withdrawal_during_third_review_does_nothing(hack):
    verification, outcome = make_verification(hack), []
    author, last = verification.user, make_reviewer(hack)
    for _ in range(2):
        review_as(make_reviewer(hack), verification)
    lease = make_lease(last, verification)

    def withdraw():
        with database_identity(Role.MEMBER, author.pk):
            outcome.append(withdraw_verification(member=author, hack=hack))

    with database_identity(Role.MEMBER, last.pk):
        _, give = review_call(last, lease)
        assert give()
        waiting = start_in_thread(withdraw)
        assert waiting.is_alive()
    waiting.join()
    assert outcome == [None]


def test_draft_saved_during_submission_is_refused(hack):
    """The page saves drafts automatically: a save may be in flight when the author presses the button."""
    verification, outcome = make_verification(hack, status="draft"), []
    mine = {"member": verification.user, "hack": hack, "answers": answers_to(hack), "is_anonymous": False}

    def save():
        try:
            with database_identity(Role.MEMBER, verification.user_id):
                save_draft(**mine)
        except VerificationRefused as refused:
            outcome.append(refused.reason)

    with database_identity(Role.MEMBER, verification.user_id):
        submit_verification(**mine)
        waiting = start_in_thread(save)
        assert waiting.is_alive()
    waiting.join()
    assert outcome == [Refusal.NO_SUCH_STEP]
    with database_identity(Role.WORKER):
        assert HackVerification.objects.get().status == "submitted"


def test_review_during_release_of_its_lease_is_refused(hack):
    reviewer, outcome = make_reviewer(hack), []
    lease = make_lease(reviewer, make_verification(hack))

    _, call = review_call(reviewer, lease)

    def give():
        try:
            with database_identity(Role.MEMBER, reviewer.pk):
                outcome.append(call())
        except LeaseLost as lost:
            outcome.append(lost.state)

    with database_identity(Role.MEMBER, reviewer.pk):
        assert release_review(lease_id=lease.pk)
        waiting = start_in_thread(give)
        assert waiting.is_alive()
    waiting.join()
    assert outcome == ["given_back"]
    with database_identity(Role.WORKER):
        assert not HackVerificationReview.objects.exists()


def test_second_reviewer_gets_next_submission_without_waiting_for_lock(hack):
    first, second = make_reviewer(hack), make_reviewer(hack)
    make_verification(hack, submitted_at=timezone.now() - timedelta(days=1))
    next_submission = make_verification(hack)

    def take_too():
        with database_identity(Role.MEMBER, second.pk):
            take_review()

    with database_identity(Role.MEMBER, first.pk):
        assert take_review()
        other = start_in_thread(take_too)
        assert not other.is_alive()
    with database_identity(Role.WORKER):
        assert VerificationLease.objects.get(reviewer=second).verification == next_submission
