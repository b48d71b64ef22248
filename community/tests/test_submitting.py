"""The author's actions: save a draft, submit, change, withdraw and submit again."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from community import queue
from community.actions import (
    Refusal,
    VerificationRefused,
    decide_verification,
    save_draft,
    submit_verification,
    withdraw_verification,
)
from community.models import HackVerification, HackVerificationReview, HackVerificationRound
from community.tests.factories import (
    QUESTIONS,
    answers_to,
    make_known_case,
    make_lease,
    make_practised,
    make_reviewer,
    make_verification,
    make_verified_hack,
    review_as,
)
from database.identity import Role, database_identity

pytestmark = pytest.mark.django_db


def call_action(action, author, hack, answer="Warm hands.", **fields):
    values = {"answers": answers_to(hack, answer), "is_anonymous": False} if action is not withdraw_verification else {}
    with database_identity(Role.MEMBER, author.pk):
        return action(member=author, hack=hack, **{**values, **fields})


def get_refusal(action, author, hack, **fields):
    """Check that the action is refused and writes nothing; return the reason."""
    before = list(HackVerification.objects.values())
    with pytest.raises(VerificationRefused) as refused:
        call_action(action, author, hack, **fields)
    assert list(HackVerification.objects.values()) == before
    return refused.value.reason


def activity_types(author):
    return list(UserActivityLog.objects.filter(user=author).order_by("pk").values_list("activity_type", flat=True))


def test_draft_is_saved_changed_and_submitted(hack, author):
    call_action(save_draft, author, hack, "")
    call_action(save_draft, author, hack, "Hm.", is_anonymous=True)
    draft = HackVerification.objects.get()
    assert (draft.status, draft.submitted_at, draft.is_anonymous) == ("draft", None, True)
    assert [pair["answer"] for pair in draft.verification_questions] == ["Hm.", "Hm."]
    assert activity_types(author) == []
    submitted = call_action(submit_verification, author, hack)
    assert (submitted.status, submitted.is_anonymous, submitted.round) == ("submitted", False, 1)
    assert timezone.now() - submitted.submitted_at < timedelta(minutes=1)
    assert HackVerification.objects.count() == 1
    assert activity_types(author) == [Activity.VERIFICATION_SUBMITTED]


def test_answers_can_be_submitted_without_draft(hack, author):
    assert call_action(submit_verification, author, hack).status == "submitted"


def test_submission_is_refused_before_enough_practice(hack):
    newcomer = make_practised(hack, hack.verification_practice_count - 1)
    make_practised(make_verified_hack(), hack.verification_practice_count, newcomer)
    assert get_refusal(submit_verification, newcomer, hack) == Refusal.PRACTISE_FIRST
    call_action(save_draft, newcomer, hack)
    assert get_refusal(submit_verification, newcomer, hack) == Refusal.PRACTISE_FIRST


@pytest.mark.parametrize("action", [save_draft, submit_verification])
def test_hack_without_verification_takes_no_submission(action):
    hack = make_verified_hack(requires_verification=False)
    assert get_refusal(action, make_practised(hack, 9), hack) == Refusal.NOT_ASKED


def test_draft_cannot_be_submitted_after_hack_stops_requiring_verification(hack, author):
    call_action(save_draft, author, hack)
    with database_identity(Role.STAFF):
        type(hack).objects.update(requires_verification=False)
    assert get_refusal(submit_verification, author, hack) == Refusal.NOT_ASKED


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [{"question": QUESTIONS[0], "answer": "Warm."}],
        [{"question": question, "answer": " \r\n"} for question in QUESTIONS],
        [{"question": question, "answer": "Warm."} for question in reversed(QUESTIONS)],
        [{"question": "What is two and two?", "answer": "Four."}] * 2,
        [{"question": question, "answer": "x" * 5001} for question in QUESTIONS],
    ],
    ids=["none", "one", "blank", "another order", "other questions", "too long"],
)
def test_submission_must_answer_every_question(hack, author, answers):
    assert get_refusal(submit_verification, author, hack, answers=answers) == Refusal.ANSWER_ALL


@pytest.mark.parametrize(
    "answers",
    [
        {},
        "x",
        ["x"],
        [[]],
        [{"question": "x"}],
        [{"question": "x", "answer": 1}],
        [[{"question": "x"}]],
        [{"question": "x", "answer": "x" * 500_000}],
    ],
)
def test_database_refuses_malformed_answers(hack, author, answers):
    with (
        pytest.raises(DatabaseError, match="hack_verifications_are_answers"),
        transaction.atomic(),
    ):
        make_verification(hack, author, verification_questions=answers)


def test_submission_can_be_changed_in_place_before_first_review(hack, author):
    first = call_action(submit_verification, author, hack)
    HackVerification.objects.update(submitted_at=timezone.now() - timedelta(days=1))
    lease = make_lease(make_reviewer(hack), first)
    changed = call_action(submit_verification, author, hack, "Cold hands.", is_anonymous=True)
    assert (changed.pk, changed.round, changed.is_anonymous) == (first.pk, 1, True)
    assert changed.submitted_at < first.submitted_at
    lease.refresh_from_db()
    assert lease.ended == "changed"
    assert activity_types(author) == [Activity.VERIFICATION_SUBMITTED]


def test_submitting_same_answers_twice_keeps_lease_open(hack, author):
    lease = make_lease(make_reviewer(hack), call_action(submit_verification, author, hack))
    call_action(submit_verification, author, hack)
    lease.refresh_from_db()
    assert lease.ended == ""


def test_lease_ends_when_author_becomes_anonymous(hack, author):
    lease = make_lease(make_reviewer(hack), call_action(submit_verification, author, hack))
    call_action(submit_verification, author, hack, is_anonymous=True)
    lease.refresh_from_db()
    assert lease.ended == "changed"


@pytest.mark.parametrize("ended", [{"ended": "given_back"}, {"expires_at": timezone.now()}])
def test_change_and_withdrawal_leave_ended_lease_as_it_is(hack, author, ended):
    """Otherwise a change would offer the submission again to a reviewer who gave it back."""
    lease = make_lease(make_reviewer(hack), call_action(submit_verification, author, hack), **ended)
    call_action(submit_verification, author, hack, "Cold hands.")
    call_action(withdraw_verification, author, hack)
    lease.refresh_from_db()
    assert lease.ended == ended.get("ended", "")


@pytest.mark.parametrize("is_authentic", [True, False])
def test_submission_cannot_be_changed_after_first_review(hack, author, is_authentic):
    verification = call_action(submit_verification, author, hack)
    review_as(make_reviewer(hack), verification, is_authentic=is_authentic)
    assert get_refusal(submit_verification, author, hack) == Refusal.UNDER_REVIEW
    assert get_refusal(save_draft, author, hack) == Refusal.NO_SUCH_STEP


@pytest.mark.parametrize("status", ["escalated", "verified"])
@pytest.mark.parametrize("action", [save_draft, submit_verification])
def test_escalated_or_verified_submission_cannot_be_changed(hack, author, action, status):
    make_verification(hack, author, status=status)
    assert get_refusal(action, author, hack) == Refusal.NO_SUCH_STEP


@pytest.mark.parametrize("status", ["submitted", "escalated"])
def test_withdrawal_restores_draft_and_ends_leases(hack, author, status):
    verification = make_verification(hack, author, status=status, nudged_at=timezone.now())
    lease = make_lease(make_reviewer(hack), verification)
    withdrawn = call_action(withdraw_verification, author, hack)
    assert (withdrawn.status, withdrawn.submitted_at, withdrawn.escalated_at) == ("draft", None, None)
    assert withdrawn.round == 1
    assert withdrawn.verification_questions == verification.verification_questions
    lease.refresh_from_db()
    assert lease.ended == "withdrawn"
    verification.refresh_from_db()
    assert verification.nudged_at is None
    assert activity_types(author) == [Activity.VERIFICATION_WITHDRAWN]
    assert call_action(withdraw_verification, author, hack) is None


@pytest.mark.parametrize("status", [None, "draft", "returned", "verified"])
def test_withdrawal_does_nothing_unless_submitted_or_escalated(hack, author, status):
    if status:
        make_verification(hack, author, status=status)
    assert call_action(withdraw_verification, author, hack) is None
    assert activity_types(author) == []


def test_withdrawal_after_review_moves_round_to_history(hack, author):
    verification = call_action(submit_verification, author, hack)
    review_as(make_reviewer(hack), verification, is_authentic=False)
    withdrawn = call_action(withdraw_verification, author, hack)
    assert (withdrawn.round, withdrawn.rejection_count) == (2, 0)
    past = HackVerificationRound.objects.get()
    assert (past.round, past.outcome, past.submitted_at) == (1, "withdrawn", verification.submitted_at)
    assert call_action(submit_verification, author, hack).rejection_count == 0
    assert HackVerificationReview.objects.get().round == 1


@pytest.mark.parametrize("action", [save_draft, submit_verification])
def test_returned_submission_is_revised_in_new_round_and_keeps_history(hack, author, action):
    verification = call_action(submit_verification, author, hack)
    for _ in range(3):
        review_as(make_reviewer(hack), verification, is_authentic=False, comment="Say more.")
    HackVerification.objects.update(decided_at=timezone.now() - timedelta(days=1))
    verification.refresh_from_db()
    revised = call_action(action, author, hack, "Warm hands, and slow breath.")
    assert revised.status == ("draft" if action is save_draft else "submitted")
    assert (revised.round, revised.rejection_count, revised.decided_at) == (2, 0, None)
    with database_identity(Role.MEMBER, author.pk):
        [past] = HackVerificationRound.objects.visible_to(author)
        comments = HackVerificationReview.objects.visible_to(author).filter(round=1).values_list("comment", flat=True)
        assert list(comments) == ["Say more."] * 3
    assert (past.round, past.outcome, past.ended_at) == (1, "returned", verification.decided_at)
    assert past.verification_questions == answers_to(hack)


@pytest.mark.parametrize("outcome", ["returned", "revoked"])
def test_returned_answers_cannot_be_submitted_unchanged(hack, author, outcome):
    revoked_at = timezone.now() if outcome == "revoked" else None
    make_verification(hack, author, status="returned", revoked_at=revoked_at)
    assert get_refusal(submit_verification, author, hack, is_anonymous=True) == Refusal.UNCHANGED
    call_action(save_draft, author, hack)
    assert get_refusal(submit_verification, author, hack) == Refusal.UNCHANGED
    call_action(submit_verification, author, hack, "Warm hands, and slow breath.")
    assert get_refusal(submit_verification, author, hack) == Refusal.UNCHANGED


def test_anonymity_can_change_on_submission_made_before_unchanged_rule(hack, author):
    own = make_verification(hack, author, round=2)
    past = {"submitted_at": timezone.now(), "ended_at": timezone.now(), "outcome": "returned"}
    own.rounds.create(round=1, verification_questions=own.verification_questions, **past)
    answers = own.verification_questions
    assert call_action(submit_verification, author, hack, answers=answers, is_anonymous=True).is_anonymous


def test_withdrawn_answers_can_be_submitted_unchanged(hack, author):
    review_as(make_reviewer(hack), call_action(submit_verification, author, hack))
    call_action(withdraw_verification, author, hack)
    assert call_action(submit_verification, author, hack).round == 2


def test_history_keeps_reason_of_staff(hack, author):
    verification = make_verification(hack, author, status="escalated")
    staff = make_member()
    with database_identity(Role.STAFF):
        decide_verification(
            staff=staff, verification_id=verification.pk, is_authentic=False, reason="These are another's words."
        )
    revised = call_action(submit_verification, author, hack, "My own.")
    assert (revised.round, revised.decision_reason) == (2, "")
    past = HackVerificationRound.objects.get()
    assert (past.outcome, past.decision_reason) == ("returned", "These are another's words.")
    verification.refresh_from_db()
    assert verification.decided_by is None


def test_staff_decide_once_and_never_their_own_submission(hack, author):
    verification = make_verification(hack, author, status="escalated")
    lease, staff = make_lease(make_reviewer(hack), verification), make_member()

    def decide(by):
        with database_identity(Role.STAFF):
            decide_verification(staff=by, verification_id=verification.pk, is_authentic=True, reason="Clear.")

    with pytest.raises(VerificationRefused) as refused:
        decide(author)
    assert refused.value.reason == Refusal.OWN
    decide(staff)
    verification.refresh_from_db()
    assert (verification.status, verification.decided_by, verification.decision_reason) == ("verified", staff, "Clear.")
    assert author.progress.get().verified_at == verification.verified_at
    lease.refresh_from_db()
    assert lease.ended == "decided"
    with pytest.raises(VerificationRefused) as refused:
        decide(staff)
    assert refused.value.reason == Refusal.ALREADY_DECIDED
    assert activity_types(author) == [Activity.VERIFICATION_DECIDED]


def test_author_sees_queue_position_and_expected_wait(hack, author):
    now = timezone.now()
    for days in (1, 2, 9):
        make_verification(hack, status="verified", submitted_at=now - timedelta(days=days), decided_at=now)
    make_verification(hack, submitted_at=now - timedelta(days=3))
    other = make_verified_hack()
    make_verification(other, submitted_at=now - timedelta(days=3))
    make_verification(other, status="verified", submitted_at=now - timedelta(days=30), decided_at=now)
    own = make_verification(hack, author, submitted_at=now - timedelta(days=1))
    make_verification(hack)
    with database_identity(Role.MEMBER, author.pk):
        assert queue.queue_positions() == {own.pk: (2, timedelta(days=2))}
    with database_identity(Role.MEMBER, make_member().pk):
        assert queue.queue_positions() == {}


def test_expected_wait_is_median_of_last_twenty_decisions(hack, author):
    now = timezone.now()
    for number in range(23):
        decided_at = now - timedelta(hours=number)
        wait = timedelta(days=2 if number < 11 else 9)
        make_verification(hack, status="verified", submitted_at=decided_at - wait, decided_at=decided_at)
    own = make_verification(hack, author)
    with database_identity(Role.MEMBER, author.pk):
        assert queue.queue_positions()[own.pk].expected_wait == timedelta(days=2)


def test_known_case_does_not_change_queue_position(hack, author):
    own = make_verification(hack, author)
    # A known case must not count in the queue: authors could notice it by their place.
    make_known_case(hack, outcome=True)
    with database_identity(Role.MEMBER, author.pk):
        assert queue.queue_positions() == {own.pk: (1, None)}
