"""What the people of the demo submit as mastered, and what their peers say of it."""

from collections import deque
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, cast
from uuid import UUID

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from analytics.models import Activity, Notification, UserActivityLog
from community.actions import sign_reviewers
from community.models import HackVerification, HackVerificationReview, HackVerificationRound
from community.rules import NUDGE_AFTER, Answers
from gamification.actions import award_xp
from hacks.models import Hack, UserHackProgress
from nrghax.demo.progress import react_to
from nrghax.demo.texts import ANSWERS, NO_COMMENTS, THIN_ANSWER, YES_COMMENTS
from nrghax.news import decided_verification
from practice.models import PracticeSession

REVIEW_EVERY = timedelta(hours=7)


class Step(NamedTuple):
    """How far a submission has come: + is an authentic review, - one that is not."""

    submitted_ago: timedelta
    reviews: str = ""
    is_anonymous: bool = False
    is_escalated: bool = False


# Of those who have practised a hack often enough, the latest wait; whoever came before them is verified.
LATEST = (
    Step(timedelta(hours=3)),
    Step(timedelta(days=1, hours=5), is_anonymous=True),
    Step(timedelta(days=4), "+"),
    Step(timedelta(days=6)),
    Step(timedelta(days=9), "++"),
    Step(timedelta(days=15), "+", is_escalated=True),
    Step(timedelta(days=20), "-+--"),
)
EARLIER = tuple(Step(timedelta(days=30 + 8 * number, hours=5 * number), "+++") for number in range(30))
# The learner's second hack has come back once, and waits again.
FIRST_ROUND = Step(timedelta(days=11), "---")
SECOND_ROUND = Step(timedelta(days=2), "+")


class Ready(NamedTuple):
    """Somebody who has practised a hack as often as it asks for, and since when."""

    member_id: UUID
    hack: Hack
    since: datetime


def make_verifications(learner_id: UUID | None, member_ids: Collection[UUID], now: datetime) -> list[Notification]:
    """Make them where there are none yet; returns what the authors are told of their outcome."""
    if HackVerification.objects.exists():
        return []
    for hack, ready in groupby(_ready(member_ids), key=attrgetter("hack")):
        if hack.slug in ANSWERS:
            _fill_queue(hack, list(ready), learner_id, now)
    told = _decided()
    reviews = HackVerificationReview.objects.order_by("reviewed_at")
    for reviewer, review, hack, reviewed_at in reviews.values_list(
        "reviewer", "pk", "verification__hack", "reviewed_at"
    ):
        award_xp(member_id=reviewer, source="review", source_id=review, hack_id=hack, done_at=reviewed_at)
    sign_reviewers()
    return told


def _ready(member_ids: Collection[UUID]) -> list[Ready]:
    number = Window(RowNumber(), partition_by=[F("user"), F("hack")], order_by=F("ended_at").asc())
    sessions = PracticeSession.objects.filter(user__in=member_ids, hack__requires_verification=True)
    reached = sessions.annotate(number=number).filter(number=F("hack__verification_practice_count"))
    return [
        Ready(session.user_id, session.hack, cast("datetime", session.ended_at))
        for session in reached.select_related("hack").order_by("hack", "-ended_at")
    ]


def _fill_queue(hack: Hack, ready: Sequence[Ready], learner_id: UUID | None, now: datetime) -> None:
    """`ready` is the latest first."""
    practised = UserHackProgress.objects.filter(hack=hack, total_practice_count__gt=0)
    reviewers = list(practised.order_by("-total_practice_count", "user").values_list("user", flat=True))
    _make_known_cases(hack, reviewers, now)
    for number, (each, step) in enumerate(zip(ready, (*LATEST, *EARLIER), strict=False)):
        is_waiting = step in LATEST
        # What waits is left for the learner to review.
        absent = {each.member_id, learner_id} if is_waiting else {each.member_id}
        peers = deque(peer for peer in reviewers if peer not in absent)
        peers.rotate(-number)
        # The learner's own words are nobody else's.
        words = _words(hack, None if each.member_id == learner_id else number)
        if is_waiting and each.member_id == learner_id:
            verification = _submit(each, SECOND_ROUND, words, now, round=2)
            _write_first_round(verification, peers, now)
            _review(verification, SECOND_ROUND.reviews, peers)
        else:
            _review(_submit(each, step, words, now), step.reviews, peers)


def _words(hack: Hack, number: int | None) -> Sequence[str]:
    """The first of a hack's answers are the learner's, the last ones are the known case's."""
    first, *others, _ = ANSWERS[hack.slug]
    return first if number is None else others[number % len(others)]


def _submit(ready: Ready, step: Step, words: Sequence[str], now: datetime, *, round: int = 1) -> HackVerification:
    submitted_at = max(now - step.submitted_ago, ready.since + timedelta(minutes=20))
    is_thin = step.reviews.count("-") > 1
    return HackVerification.objects.create(
        user_id=ready.member_id,
        hack=ready.hack,
        verification_questions=_answer(ready.hack, [THIN_ANSWER] * 4 if is_thin else words),
        is_anonymous=step.is_anonymous,
        status=HackVerification.Status.ESCALATED if step.is_escalated else HackVerification.Status.SUBMITTED,
        round=round,
        submitted_at=submitted_at,
        escalated_at=now - timedelta(days=1) if step.is_escalated else None,
        # Whoever waits for long was told that they do, or would be told now.
        nudged_at=now - timedelta(hours=1) if submitted_at < now - NUDGE_AFTER else None,
    )


def _write_first_round(verification: HackVerification, peers: deque[UUID], now: datetime) -> None:
    """It came back with comments, and the answers are better now."""
    submitted_at = now - FIRST_ROUND.submitted_ago
    earlier = HackVerificationRound.objects.create(
        verification=verification,
        round=1,
        verification_questions=_answer(verification.hack, [THIN_ANSWER] * 4),
        submitted_at=submitted_at,
        ended_at=submitted_at + 3 * REVIEW_EVERY,
        outcome=HackVerificationRound.Outcome.RETURNED,
    )
    _review(verification, FIRST_ROUND.reviews, peers, earlier)


def _review(
    verification: HackVerification, verdicts: str, peers: deque[UUID], earlier: HackVerificationRound | None = None
) -> None:
    """As many as there are peers for, who are used up; the database counts and decides."""
    of = earlier or verification
    for number, verdict in enumerate(verdicts[: len(peers)], start=1):
        comments = YES_COMMENTS if verdict == "+" else NO_COMMENTS
        HackVerificationReview.objects.create(
            verification=verification,
            round=of.round,
            reviewer_id=peers.popleft(),
            is_authentic=verdict == "+",
            comment=comments[verdicts[:number].count(verdict) % len(comments)],
            seconds=100 + 47 * number,
            reviewed_at=cast("datetime", of.submitted_at) + number * REVIEW_EVERY,
        )


def _decided() -> list[Notification]:
    """What the reactions to the outcome would do, at the time of the last review."""
    told = []
    activities = list(UserActivityLog.objects.pending().filter(activity_type=Activity.VERIFICATION_DECIDED))
    for activity in activities:
        decided = HackVerification.objects.get(pk=activity.activity_data["verification_id"])
        moment = decided.reviews.latest("reviewed_at").reviewed_at
        decided.decided_at = activity.created_at = moment
        if decided.is_verified:
            decided.verified_at = moment
            UserHackProgress.objects.filter(user=decided.user_id, hack=decided.hack_id).update(verified_at=moment)
            award_xp(
                member_id=activity.user_id,
                source="verification",
                source_id=decided.pk,
                hack_id=decided.hack_id,
                done_at=moment,
            )
        decided.save(update_fields=["decided_at", "verified_at"])
        told.append(decided_verification(activity))
        told[-1].created_at = moment
    react_to(activities)
    return told


def _make_known_cases(hack: Hack, reviewers: Sequence[UUID], now: datetime) -> None:
    """One of each kind; not everybody recognises them."""
    texts = ANSWERS[hack.slug]
    for outcome, answers, verdicts in ((True, texts[-1], "++"), (False, [THIN_ANSWER] * 4, "-+")):
        known = HackVerification.objects.create(
            hack=hack,
            verification_questions=_answer(hack, answers),
            is_anonymous=True,
            status=HackVerification.Status.SUBMITTED,
            submitted_at=now - timedelta(days=30),
            known_outcome=outcome,
        )
        _review(known, verdicts, deque(reviewers[1:3]))


def _answer(hack: Hack, texts: Sequence[str]) -> Answers:
    return [
        {"question": question, "answer": answer}
        for question, answer in zip(hack.verification_questions, texts, strict=False)
    ]
