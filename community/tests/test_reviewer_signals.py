"""The nightly task: repair of drifted review counts, and the reviewer signals for staff."""

import random
from collections import defaultdict
from statistics import median

import pytest
from django.db import connection

from community import actions, tasks
from community.models import HackVerification, HackVerificationReview, ReviewerSignals
from community.tests.factories import (
    make_known_case,
    make_reviewer,
    make_verification,
    review_as,
)
from database.identity import Role, database_identity

pytestmark = pytest.mark.django_db


def test_drifted_review_counts_are_repaired(hack, caplog):
    verification = make_verification(hack)
    review_as(make_reviewer(hack), verification)
    review_as(make_reviewer(hack), make_known_case(hack, outcome=True))
    assert tasks.check_reviews() == 0
    HackVerification.objects.filter(pk=verification.pk).update(verification_count=2, rejection_count=1)
    assert tasks.check_reviews() == 1
    verification.refresh_from_db()
    assert (verification.verification_count, verification.rejection_count) == (1, 0)
    assert "repaired 1" in caplog.text


def expected_signals():
    """Compute the signals in plain Python, as an oracle; return the seven numbers by reviewer."""
    by_reviewer = defaultdict(list)
    for review in HackVerificationReview.objects.exclude(reviewer=None).select_related("verification"):
        by_reviewer[review.reviewer_id].append(review)
    authors_of = {
        reviewer: {review.author_id for review in reviews if review.author_id}
        for reviewer, reviews in by_reviewer.items()
    }
    signals = {}
    for reviewer, reviews in by_reviewer.items():
        known = [review for review in reviews if review.author_id is None]
        outcomes = {review.pk: expected_outcome(review) for review in reviews}
        settled = [review for review in reviews if outcomes[review.pk] is not None]
        signals[reviewer] = (
            len(reviews),
            round(median(review.seconds for review in reviews)),
            sum(reviewer in authors_of.get(author, ()) for author in authors_of[reviewer]),
            len(known),
            sum(review.is_authentic == review.verification.known_outcome for review in known),
            sum(review.is_authentic == outcomes[review.pk] for review in settled),
            len(settled),
        )
    return signals


def expected_outcome(review):
    verification = review.verification
    if review.round == verification.round:
        return {"verified": True, "returned": False}.get(verification.status)
    past = verification.rounds.filter(round=review.round).first()
    return False if past and past.outcome == "returned" else None


def stored_signals():
    rows = ReviewerSignals.objects.values_list(
        "reviewer",
        "reviews",
        "median_seconds",
        "reciprocal_pairs",
        "known_cases",
        "known_cases_right",
        "agreements",
        "outcomes",
    )
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize("seed", range(3))
def test_signals_match_plain_python_computation(hack, seed):
    rng = random.Random(seed)  # noqa: S311 (seeded test data, not security)
    reviewers = [make_reviewer(hack) for _ in range(6)]
    statuses = ["submitted", "returned", "verified", "escalated"]
    cases = [make_verification(hack, author, status=rng.choice(statuses), round=2) for author in reviewers]
    cases += [make_known_case(hack, outcome=rng.random() < 0.5) for _ in range(3)]
    for case in cases:
        if case.user_id:
            case.rounds.create(
                round=1,
                verification_questions=[],
                submitted_at=case.submitted_at,
                outcome=rng.choice(["returned", "withdrawn"]),
            )
        others = [reviewer for reviewer in reviewers if reviewer.pk != case.user_id]
        for reviewer in rng.sample(others, rng.randint(0, 2)):
            case.reviews.create(
                reviewer=reviewer,
                round=rng.choice([1, 2]) if case.user_id else 1,
                is_authentic=rng.random() < 0.6,
                comment="Seen.",
                seconds=rng.randint(1, 600),
            )
    expected = expected_signals()
    assert actions.compute_reviewer_signals() == len(expected) > 0
    assert stored_signals() == expected
    assert actions.compute_reviewer_signals() == 0
    HackVerificationReview.objects.filter(reviewer=next(iter(expected))).delete()
    assert actions.compute_reviewer_signals() > 0
    assert stored_signals() == expected_signals()


def test_reciprocal_pair_is_counted_for_both_reviewers(hack):
    one, other, third = (make_reviewer(hack) for _ in range(3))
    for author, reviewer in ((one, other), (other, one), (third, one)):
        review_as(reviewer, make_verification(hack, author))
    tasks.check_reviews()
    found = {reviewer: numbers[2] for reviewer, numbers in stored_signals().items()}
    assert found == {one.pk: 1, other.pk: 1}


def test_signals_are_not_readable_by_members_or_visitors(hack):
    for role in (Role.MEMBER, Role.ANON, Role.AUTH):
        with database_identity(role, make_reviewer(hack).pk), connection.cursor() as cursor:
            cursor.execute("SELECT has_table_privilege('reviewer_signals', 'SELECT')")
            assert cursor.fetchone() == (False,)
