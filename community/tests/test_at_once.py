"""Reviewers, and an author, at the same instant: over connections of their own, as the roles that they really have."""

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
from database.tests.connections import meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls):
    """What each call came to (its answer, or its exception), made at one moment as its member: pairs of those."""
    start = Barrier(len(calls))
    answers = [None] * len(calls)

    def run(place, member, call):
        try:
            with database_identity(Role.MEMBER, member.pk):
                start.wait(timeout=10)
                answers[place] = call()
        except Exception as error:
            answers[place] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(place, *pair)) for place, pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


def review(reviewer, lease, *, review_id=None, is_authentic=True):
    return reviewer, lambda: give_review(
        member=reviewer,
        lease_id=lease.pk,
        review_id=review_id or uuid7(),
        is_authentic=is_authentic,
        comment="Seen.",
    )


def take(reviewer):
    return reviewer, take_review


def test_three_reviews_at_one_instant_decide_once_in_thirty_rounds(hack):
    reviewers = [make_reviewer(hack) for _ in range(3)]
    for number in range(30):
        is_authentic = number % 3 > 0
        verification = make_verification(hack)
        leases = [make_lease(reviewer, verification) for reviewer in reviewers]
        pairs = zip(reviewers, leases, strict=True)
        assert at_once(*(review(*pair, is_authentic=is_authentic) for pair in pairs)) == [True] * 3
        with database_identity(Role.WORKER):
            verification.refresh_from_db()
            assert verification.status == ("verified" if is_authentic else "returned")
            assert verification.verification_count + verification.rejection_count == 3
            assert (verification.user.progress.get().verified_at is not None) == is_authentic
            decided = UserActivityLog.objects.filter(
                user=verification.user, activity_type=Activity.VERIFICATION_DECIDED
            )
            assert decided.count() == 1


def test_the_count_alone_sees_reviews_that_no_function_has_lined_up(hack):
    """As a fixture or a repair by hand would write them: the trigger takes its own lock."""
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
        assert at_once(*calls) == [True] * 3
        with database_identity(Role.WORKER):
            verification.refresh_from_db()
            assert (verification.status, verification.verification_count) == ("verified", 3)


def test_of_two_after_one_slot_one_gets_it(hack):
    first, second = make_reviewer(hack), make_reviewer(hack)
    for _ in range(10):
        verification = make_verification(hack, verification_count=2)
        leases = [answer for answer in at_once(take(first), take(second)) if answer]
        with database_identity(Role.WORKER):
            assert VerificationLease.objects.get(verification=verification).pk in leases
            assert len(leases) == 1
            verification.delete()


def test_three_at_once_are_given_the_three_slots_of_the_only_submission(hack):
    make_verification(hack)
    assert None not in at_once(*(take(make_reviewer(hack)) for _ in range(3)))


def test_one_reviewer_in_six_tabs_is_given_four(hack):
    reviewer = make_reviewer(hack)
    for _ in range(6):
        make_verification(hack)
    answers = at_once(*(take(reviewer) for _ in range(6)))
    assert sum(isinstance(answer, TooManyReviewsOpen) for answer in answers) == 2
    with database_identity(Role.WORKER):
        assert VerificationLease.objects.count() == MAX_LEASES


def test_a_double_click_stores_one_review(hack):
    reviewer, verification = make_reviewer(hack), make_verification(hack)
    lease, review_id = make_lease(reviewer, verification), uuid7()
    answers = at_once(*(review(reviewer, lease, review_id=review_id) for _ in range(3)))
    assert sorted(answers) == [False, False, True]
    with database_identity(Role.WORKER):
        assert HackVerificationReview.objects.count() == 1
        assert UserActivityLog.objects.filter(activity_type=Activity.REVIEW_GIVEN).count() == 1


def test_two_verdicts_from_one_lease_store_the_first(hack):
    reviewer, verification = make_reviewer(hack), make_verification(hack)
    lease = make_lease(reviewer, verification)
    answers = at_once(*(review(reviewer, lease, is_authentic=is_authentic) for is_authentic in (True, False)))
    assert {type(answer) for answer in answers} == {bool, LeaseLost}
    with database_identity(Role.WORKER):
        assert HackVerificationReview.objects.count() == 1


def test_an_edit_and_a_taking_leave_nobody_with_old_answers(hack):
    reviewer = make_reviewer(hack)
    for number in range(10):
        verification = make_verification(hack)
        author = verification.user
        new = answers_to(hack, f"Answer {number}")

        def edit(author=author, new=new):
            return submit_verification(member=author, hack=hack, answers=new, is_anonymous=False)

        _, lease_id = at_once((author, edit), take(reviewer))
        with database_identity(Role.WORKER):
            lease = VerificationLease.objects.filter(pk=lease_id).first()
            verification.refresh_from_db()
            assert verification.verification_questions == new
            # The lease came first and is dissolved, or came second and has the new answers.
            assert lease is None or lease.ended == "changed" or lease.leased_at >= verification.updated_at
            verification.delete()


def test_a_withdrawal_and_a_review_take_turns(hack):
    for _ in range(10):
        reviewer, verification = make_reviewer(hack), make_verification(hack)
        author, lease = verification.user, make_lease(reviewer, verification)
        withdraw = (author, lambda author=author: withdraw_verification(member=author, hack=hack))
        withdrawn, given = at_once(withdraw, review(reviewer, lease))
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


def test_an_edit_and_the_first_review_take_turns(hack):
    for _ in range(10):
        reviewer, verification = make_reviewer(hack), make_verification(hack)
        author, lease, new = verification.user, make_lease(reviewer, verification), answers_to(hack, "Something else.")

        def edit(author=author, new=new):
            return submit_verification(member=author, hack=hack, answers=new, is_anonymous=False)

        edited, given = at_once((author, edit), review(reviewer, lease))
        with database_identity(Role.WORKER):
            verification.refresh_from_db()
        if given is True:
            assert isinstance(edited, VerificationRefused)
            assert verification.verification_questions != new
        else:
            assert given.state == "changed"
            assert verification.verification_questions == new
            assert verification.verification_count == 0


def test_two_submissions_at_once_are_one(hack):
    author = make_verification(hack).user
    with database_identity(Role.WORKER):
        HackVerification.objects.all().delete()

    def submit():
        return submit_verification(member=author, hack=hack, answers=answers_to(hack), is_anonymous=False)

    assert [answer.status for answer in at_once((author, submit), (author, submit))] == ["submitted"] * 2
    with database_identity(Role.WORKER):
        assert HackVerification.objects.get().submitted_at <= timezone.now()
        assert UserActivityLog.objects.filter(activity_type=Activity.VERIFICATION_SUBMITTED).count() == 1


@pytest.mark.parametrize("is_paired_first", [True, False])
def test_whoever_takes_while_a_pair_is_made_waits_for_it_or_is_waited_for(hack, is_paired_first):
    """Neither sees the other before it is committed: without a lock, both would find nothing in their way."""
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

    late = Thread(target=act)
    with transaction.atomic():
        first()
        late.start()
        late.join(timeout=0.3)
        is_waiting = late.is_alive()
    late.join(timeout=30)
    assert is_waiting
    with database_identity(Role.WORKER):
        ended = list(VerificationLease.objects.values_list("ended", flat=True))
    assert ended == ([] if is_paired_first else ["buddies"])


def test_what_the_third_review_decides_is_not_withdrawn_any_more(hack):
    verification, outcome = make_verification(hack), []
    author, last = verification.user, make_reviewer(hack)
    for _ in range(2):
        review_as(make_reviewer(hack), verification)
    lease = make_lease(last, verification)

    def withdraw():
        with database_identity(Role.MEMBER, author.pk):
            outcome.append(withdraw_verification(member=author, hack=hack))

    with database_identity(Role.MEMBER, last.pk):
        assert review(last, lease)[1]()
        waiting = meanwhile(withdraw)
        assert waiting.is_alive()
    waiting.join()
    assert outcome == [None]


def test_a_draft_that_is_kept_while_it_is_submitted_takes_nothing_back(hack):
    """The page keeps drafts by itself: one may be on its way when the button is pressed."""
    verification, outcome = make_verification(hack, status="draft"), []
    mine = {"member": verification.user, "hack": hack, "answers": answers_to(hack), "is_anonymous": False}

    def keep():
        try:
            with database_identity(Role.MEMBER, verification.user_id):
                save_draft(**mine)
        except VerificationRefused as refused:
            outcome.append(refused.reason)

    with database_identity(Role.MEMBER, verification.user_id):
        submit_verification(**mine)
        waiting = meanwhile(keep)
        assert waiting.is_alive()
    waiting.join()
    assert outcome == [Refusal.NO_SUCH_STEP]
    with database_identity(Role.WORKER):
        assert HackVerification.objects.get().status == "submitted"


def test_what_is_being_given_back_takes_no_review(hack):
    reviewer, outcome = make_reviewer(hack), []
    lease = make_lease(reviewer, make_verification(hack))

    def give():
        try:
            with database_identity(Role.MEMBER, reviewer.pk):
                outcome.append(review(reviewer, lease)[1]())
        except LeaseLost as lost:
            outcome.append(lost.state)

    with database_identity(Role.MEMBER, reviewer.pk):
        assert release_review(lease_id=lease.pk)
        waiting = meanwhile(give)
        assert waiting.is_alive()
    waiting.join()
    assert outcome == ["given_back"]
    with database_identity(Role.WORKER):
        assert not HackVerificationReview.objects.exists()


def test_who_comes_meanwhile_is_given_the_next_without_waiting(hack):
    first, second = make_reviewer(hack), make_reviewer(hack)
    make_verification(hack, submitted_at=timezone.now() - timedelta(days=1))
    following = make_verification(hack)

    def take_too():
        with database_identity(Role.MEMBER, second.pk):
            take_review()

    with database_identity(Role.MEMBER, first.pk):
        assert take_review()
        other = meanwhile(take_too)
        assert not other.is_alive()
    with database_identity(Role.WORKER):
        assert VerificationLease.objects.get(reviewer=second).verification == following
