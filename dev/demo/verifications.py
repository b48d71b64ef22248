"""The submissions of the demo's people, the reviews of their peers, and the known cases."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple, cast
from uuid import UUID

from django.db import connection
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from accounts.models import Member
from analytics.models import Activity, Notification, UserActivityLog
from community.actions import compute_reviewer_signals
from community.models import HackVerification, HackVerificationReview, HackVerificationRound
from community.news import decided_verification
from community.rules import ESCALATE_AFTER, NUDGE_AFTER, REVIEWS_BETWEEN_KNOWN_CASES, REVIEWS_TO_DECIDE, Answers
from dev.demo.progress import react_to
from dev.demo.texts import ANSWERS, NO_COMMENTS, STAFF_NO, STAFF_YES, THIN_ANSWER, YES_COMMENTS
from gamification.actions import award_xp
from hacks.models import Hack, UserHackProgress
from practice.models import PracticeSession

REVIEW_EVERY = timedelta(hours=7)
STAFF_DECIDE_AFTER = timedelta(days=1)
# Reviewers with fewer reviews than this come first, the busiest before the others.
EAGER_REVIEWS = 6
KNOWN_CASES_AGO = timedelta(days=30)
# The reviewers with the times of their reviews.
Turns = list[tuple[UUID, datetime]]


class SubmissionPlan(NamedTuple):
    """The course of a submission. In `reviews`, + is an authentic verdict and - one that is not authentic."""

    submitted_ago: timedelta
    reviews: str = ""
    is_anonymous: bool = False
    is_waiting: bool = True


# The members who became ready last have these submissions; most of them still wait for reviews.
LATEST_PLANS = (
    SubmissionPlan(timedelta(hours=3)),
    SubmissionPlan(timedelta(days=1, hours=5), is_anonymous=True),
    SubmissionPlan(timedelta(days=4), "+"),
    SubmissionPlan(timedelta(days=6)),
    SubmissionPlan(timedelta(days=9), "++"),
    SubmissionPlan(timedelta(days=15), "+"),
    SubmissionPlan(timedelta(days=20), "-+--", is_waiting=False),
)
EARLIER_PLANS = tuple(
    SubmissionPlan(timedelta(days=30 + 8 * number, hours=5 * number), "+++", is_waiting=False) for number in range(30)
)
# At least this many submissions of a hack are decided: their authors can review the others.
MIN_DECIDED = 2
# The number of a session among the member's sessions of the same hack.
SESSION_NUMBER = Window(RowNumber(), partition_by=[F("user"), F("hack")], order_by=F("ended_at").asc())
# The learner's submission for their second hack was sent back once and waits again.
SECOND_HACK = "energy-programming"
FIRST_ROUND = SubmissionPlan(timedelta(days=25), "---", is_waiting=False)
SECOND_ROUND = SubmissionPlan(timedelta(days=2), "+")


class ReadyMember(NamedTuple):
    """A member who has practised a hack often enough to submit, and since when."""

    member_id: UUID
    hack: Hack
    since: datetime


@dataclass
class Reviewers:
    """The members who may review a hack, and since when: those with enough practices and those who are verified."""

    since: dict[UUID, datetime]
    given: Counter[UUID] = field(default_factory=Counter)

    def add(self, member_id: UUID, since: datetime) -> None:
        self.since[member_id] = min(since, self.since.get(member_id, since))

    def take_turns(self, number: int, after: datetime, until: datetime, absent: Collection[UUID | None]) -> Turns:
        """Return up to `number` reviewers with the times of their reviews.

        Few reviewers do most of the work. If no member may review yet, the review waits for the first one who may.
        """
        taken: Turns = []
        moment = after
        for _ in range(number):
            moment += REVIEW_EVERY
            free = {peer: since for peer, since in self.since.items() if peer not in {*absent, *dict(taken)}}
            if not free:
                break
            moment = max(moment, min(free.values()) + REVIEW_EVERY)
            if moment >= until:
                break
            ready = [peer for peer, since in free.items() if since < moment]
            peer = min(ready, key=lambda peer: (self.given[peer] >= EAGER_REVIEWS, -self.given[peer], free[peer]))
            self.given[peer] += 1
            taken.append((peer, moment))
        return taken


def make_verifications(learner_id: UUID | None, member_ids: Collection[UUID], now: datetime) -> list[Notification]:
    """Make the submissions and reviews unless there are some. Return the notifications about their outcomes."""
    if HackVerification.objects.exists():
        return []
    staff = Member.objects.filter(user__is_staff=True).first()
    for hack, ready in groupby(_ready_members(member_ids), key=attrgetter("hack")):
        if hack.slug in ANSWERS:
            Queue(hack, Reviewers(_experienced_members(hack, member_ids)), staff, learner_id, now).fill(list(ready))
    notifications = _react_to_decisions()
    reviews = HackVerificationReview.objects.order_by("reviewed_at")
    for reviewer, review, hack, reviewed_at in reviews.values_list(
        "reviewer", "pk", "verification__hack", "reviewed_at"
    ):
        award_xp(member_id=reviewer, source="review", source_id=review, hack_id=hack, done_at=reviewed_at)
    compute_reviewer_signals()
    return notifications


def _ready_members(member_ids: Collection[UUID]) -> list[ReadyMember]:
    sessions = PracticeSession.objects.filter(user__in=member_ids, hack__requires_verification=True)
    reached = sessions.annotate(number=SESSION_NUMBER).filter(number=F("hack__verification_practice_count"))
    return [
        ReadyMember(session.user_id, session.hack, cast("datetime", session.ended_at))
        for session in reached.select_related("hack").order_by("hack", "-ended_at")
    ]


def _experienced_members(hack: Hack, member_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Return the members who have practised the hack often enough to review it, and since when."""
    sessions = PracticeSession.objects.filter(user__in=member_ids, hack=hack)
    reached = sessions.annotate(number=SESSION_NUMBER).filter(number=hack.reviewer_practice_count)
    return {session.user_id: cast("datetime", session.ended_at) for session in reached}


@dataclass
class Queue:
    """The submissions for one hack and their outcomes, by the product's rules."""

    hack: Hack
    reviewers: Reviewers
    staff: Member | None
    learner_id: UUID | None
    now: datetime

    def fill(self, ready: Sequence[ReadyMember]) -> None:
        """Make the submissions of the ready members, given latest first. Verified authors review later submissions."""
        waiting = LATEST_PLANS[: max(len(ready) - MIN_DECIDED, 1)]
        submitted = []
        for number, (each, usual_plan) in enumerate(zip(ready, (*waiting, *EARLIER_PLANS), strict=False)):
            is_learner = each.member_id == self.learner_id
            plan = FIRST_ROUND if is_learner and self.hack.slug == SECOND_HACK else usual_plan
            moment = max(self.now - plan.submitted_ago, each.since + timedelta(minutes=20))
            # The learner's answers are used for the learner only.
            submitted.append((moment, each, plan, _texts(self.hack, None if is_learner else number)))
        for moment, each, plan, answers in sorted(submitted, key=itemgetter(0)):
            if plan is FIRST_ROUND:
                self._submit_again(each, moment, answers)
            else:
                self._review(self._submit(each, plan, answers, moment), plan)
        self._make_known_cases()

    def _submit(
        self, ready: ReadyMember, plan: SubmissionPlan, answers: Sequence[str], moment: datetime, *, round: int = 1
    ) -> HackVerification:
        is_thin = plan.reviews.count("-") > 1
        return HackVerification.objects.create(
            user_id=ready.member_id,
            hack=self.hack,
            verification_questions=_answer(self.hack, [THIN_ANSWER] * 4 if is_thin else answers),
            is_anonymous=plan.is_anonymous,
            status=HackVerification.Status.SUBMITTED,
            round=round,
            submitted_at=moment,
            # Otherwise the next sweep would notify the author that the submission is still waiting.
            nudged_at=self.now - timedelta(hours=1) if moment < self.now - NUDGE_AFTER else None,
        )

    def _submit_again(self, ready: ReadyMember, moment: datetime, answers: Sequence[str]) -> None:
        """Make a submission whose first round was sent back with comments, and submit better answers."""
        verification = self._submit(ready, SECOND_ROUND, answers, self.now - SECOND_ROUND.submitted_ago, round=2)
        reviews = self._turns(verification, FIRST_ROUND.reviews, moment)
        is_by_peers = len(reviews) == REVIEWS_TO_DECIDE
        HackVerificationRound.objects.create(
            verification=verification,
            round=1,
            verification_questions=_answer(self.hack, [THIN_ANSWER] * 4),
            submitted_at=moment,
            ended_at=reviews[-1][1] if is_by_peers else moment + ESCALATE_AFTER + STAFF_DECIDE_AFTER,
            outcome=HackVerificationRound.Outcome.RETURNED,
            decision_reason="" if is_by_peers else STAFF_NO,
        )
        self._write_reviews(verification, FIRST_ROUND.reviews, reviews, round=1)
        self._review(verification, SECOND_ROUND)

    def _review(self, verification: HackVerification, plan: SubmissionPlan) -> None:
        """Write the planned reviews, or fewer if there are too few reviewers.

        The database counts them and decides. Staff decide submissions that were undecided at the promised date.
        """
        moment = cast("datetime", verification.submitted_at)
        reviews = self._turns(verification, plan.reviews, moment, is_waiting=plan.is_waiting)
        self._write_reviews(verification, plan.reviews, reviews)
        if len(reviews) == len(plan.reviews) and not plan.is_waiting:
            self._add_if_verified(verification, reviews[-1][1])
        elif moment + ESCALATE_AFTER < self.now:
            verification.status = HackVerification.Status.ESCALATED
            verification.escalated_at = moment + ESCALATE_AFTER
            verification.save(update_fields=["status", "escalated_at"])
            if not plan.is_waiting and verification.escalated_at + STAFF_DECIDE_AFTER < self.now:
                self._decide_as_staff(verification, is_authentic="+++" in plan.reviews)

    def _decide_as_staff(self, verification: HackVerification, *, is_authentic: bool) -> None:
        verification.decided_by = self.staff
        verification.decision_reason = STAFF_YES if is_authentic else STAFF_NO
        verification.save(update_fields=["decided_by", "decision_reason"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT app.close_verification(%s, %s)", [verification.pk, is_authentic])
        self._add_if_verified(verification, cast("datetime", verification.escalated_at) + STAFF_DECIDE_AFTER)

    def _add_if_verified(self, verification: HackVerification, since: datetime) -> None:
        verification.refresh_from_db()
        if verification.is_verified:
            self.reviewers.add(cast("UUID", verification.user_id), since)

    def _turns(
        self, verification: HackVerification, verdicts: str, moment: datetime, *, is_waiting: bool = False
    ) -> Turns:
        """Choose reviewers who have not reviewed this submission; one that waits is left for the learner to review."""
        earlier = HackVerificationReview.objects.filter(verification=verification)
        absent = {verification.user_id, *earlier.values_list("reviewer", flat=True)}
        if is_waiting:
            absent.add(self.learner_id)
        return self.reviewers.take_turns(len(verdicts), moment, min(moment + ESCALATE_AFTER, self.now), absent)

    def _make_known_cases(self) -> None:
        """Make an authentic and an inauthentic known case; one reviewer judges wrongly.

        Only members who have given enough other reviews get them.
        """
        texts = ANSWERS[self.hack.slug]
        ready = self._ready_for_known_cases()
        for outcome, answers, verdicts in ((True, texts[-1], "++"), (False, [THIN_ANSWER] * 4, "-+")):
            known = HackVerification.objects.create(
                hack=self.hack,
                verification_questions=_answer(self.hack, answers),
                is_anonymous=True,
                status=HackVerification.Status.SUBMITTED,
                submitted_at=self.now - KNOWN_CASES_AGO,
                known_outcome=outcome,
            )
            self._write_reviews(known, verdicts, ready[: len(verdicts)])
            ready = ready[len(verdicts) :]

    def _ready_for_known_cases(self) -> Turns:
        given = HackVerificationReview.objects.filter(verification__hack=self.hack, author__isnull=False)
        last = Window(RowNumber(), partition_by=[F("reviewer")], order_by=F("reviewed_at").asc())
        enough = (
            given.exclude(reviewer=self.learner_id).annotate(number=last).filter(number=REVIEWS_BETWEEN_KNOWN_CASES)
        )
        since = self.now - KNOWN_CASES_AGO
        moments = (
            (peer, max(moment, since) + REVIEW_EVERY) for peer, moment in enough.values_list("reviewer", "reviewed_at")
        )
        return [(peer, moment) for peer, moment in moments if moment < self.now]

    def _write_reviews(
        self, verification: HackVerification, verdicts: str, reviews: Turns, *, round: int | None = None
    ) -> None:
        for number, ((peer, moment), verdict) in enumerate(zip(reviews, verdicts, strict=False), start=1):
            comments = YES_COMMENTS if verdict == "+" else NO_COMMENTS
            HackVerificationReview.objects.create(
                verification=verification,
                round=round or verification.round,
                reviewer_id=peer,
                is_authentic=verdict == "+",
                comment=comments[verdicts[:number].count(verdict) % len(comments)],
                seconds=100 + 47 * number,
                reviewed_at=moment,
            )


def _texts(hack: Hack, number: int | None) -> Sequence[str]:
    """Return the answers of a member; the first ones are the learner's, the last ones the known case's."""
    first, *others, _ = ANSWERS[hack.slug]
    return first if number is None else others[number % len(others)]


def _react_to_decisions() -> list[Notification]:
    """Do what the reactions to decisions do, with dates in the past. Return the notifications.

    The date is that of the last review or of the staff's decision.
    """
    notifications = []
    activities = list(UserActivityLog.objects.pending().filter(activity_type=Activity.VERIFICATION_DECIDED))
    for activity in activities:
        decided = HackVerification.objects.get(pk=activity.activity_data["verification_id"])
        if decided.escalated_at:
            moment = decided.escalated_at + STAFF_DECIDE_AFTER
        else:
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
        notifications.append(decided_verification(activity))
        notifications[-1].created_at = moment
    react_to(activities)
    return notifications


def _answer(hack: Hack, texts: Sequence[str]) -> Answers:
    return [
        {"question": question, "answer": answer}
        for question, answer in zip(hack.verification_questions, texts, strict=False)
    ]
