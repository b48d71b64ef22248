"""What the people of the demo submit as mastered, and what their peers say of it."""

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
# So many reviews somebody gives gladly.
ENOUGH = 6
KNOWN_CASES_AGO = timedelta(days=30)
# Who reviews, and when.
Turns = list[tuple[UUID, datetime]]


class Step(NamedTuple):
    """How far a submission has come: + is an authentic review, - one that is not."""

    submitted_ago: timedelta
    reviews: str = ""
    is_anonymous: bool = False
    is_waiting: bool = True


# Of those who have practised a hack often enough, the latest wait; whoever came before them is decided.
LATEST = (
    Step(timedelta(hours=3)),
    Step(timedelta(days=1, hours=5), is_anonymous=True),
    Step(timedelta(days=4), "+"),
    Step(timedelta(days=6)),
    Step(timedelta(days=9), "++"),
    Step(timedelta(days=15), "+"),
    Step(timedelta(days=20), "-+--", is_waiting=False),
)
EARLIER = tuple(
    Step(timedelta(days=30 + 8 * number, hours=5 * number), "+++", is_waiting=False) for number in range(30)
)
# However few there are: the first ones are decided, or nobody could review the others.
DECIDED = 2
# Of a practice among somebody's of the same hack.
NUMBER = Window(RowNumber(), partition_by=[F("user"), F("hack")], order_by=F("ended_at").asc())
# The learner's second hack has come back once, and waits again.
SECOND_HACK = "energy-programming"
FIRST_ROUND = Step(timedelta(days=25), "---", is_waiting=False)
SECOND_ROUND = Step(timedelta(days=2), "+")


class Ready(NamedTuple):
    """Somebody who has practised a hack as often as it asks for, and since when."""

    member_id: UUID
    hack: Hack
    since: datetime


@dataclass
class Peers:
    """Who may review a hack, and since when: whoever has practised it often enough, or is verified in it."""

    since: dict[UUID, datetime]
    given: Counter[UUID] = field(default_factory=Counter)

    def may_review(self, member_id: UUID, since: datetime) -> None:
        self.since[member_id] = min(since, self.since.get(member_id, since))

    def take_turns(self, number: int, after: datetime, until: datetime, absent: Collection[UUID | None]) -> Turns:
        """Some do most of it, until they have had enough; where nobody may yet, the first who may; or fewer."""
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
            peer = min(ready, key=lambda peer: (self.given[peer] >= ENOUGH, -self.given[peer], free[peer]))
            self.given[peer] += 1
            taken.append((peer, moment))
        return taken


def make_verifications(learner_id: UUID | None, member_ids: Collection[UUID], now: datetime) -> list[Notification]:
    """Make them where there are none yet; returns what the authors are told of their outcome."""
    if HackVerification.objects.exists():
        return []
    staff = Member.objects.filter(user__is_staff=True).first()
    for hack, ready in groupby(_ready(member_ids), key=attrgetter("hack")):
        if hack.slug in ANSWERS:
            Queue(hack, Peers(_experienced(hack, member_ids)), staff, learner_id, now).fill(list(ready))
    told = _decided()
    reviews = HackVerificationReview.objects.order_by("reviewed_at")
    for reviewer, review, hack, reviewed_at in reviews.values_list(
        "reviewer", "pk", "verification__hack", "reviewed_at"
    ):
        award_xp(member_id=reviewer, source="review", source_id=review, hack_id=hack, done_at=reviewed_at)
    compute_reviewer_signals()
    return told


def _ready(member_ids: Collection[UUID]) -> list[Ready]:
    sessions = PracticeSession.objects.filter(user__in=member_ids, hack__requires_verification=True)
    reached = sessions.annotate(number=NUMBER).filter(number=F("hack__verification_practice_count"))
    return [
        Ready(session.user_id, session.hack, cast("datetime", session.ended_at))
        for session in reached.select_related("hack").order_by("hack", "-ended_at")
    ]


def _experienced(hack: Hack, member_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Those who have practised it so often that they may review it, and since when."""
    sessions = PracticeSession.objects.filter(user__in=member_ids, hack=hack)
    reached = sessions.annotate(number=NUMBER).filter(number=hack.reviewer_practice_count)
    return {session.user_id: cast("datetime", session.ended_at) for session in reached}


@dataclass
class Queue:
    """What is submitted of one hack, and what becomes of it by the product's rules."""

    hack: Hack
    peers: Peers
    staff: Member | None
    learner_id: UUID | None
    now: datetime

    def fill(self, ready: Sequence[Ready]) -> None:
        """`ready` is the latest first. Each outcome makes a reviewer of what comes later."""
        waiting = LATEST[: max(len(ready) - DECIDED, 1)]
        submitted = []
        for number, (each, usual) in enumerate(zip(ready, (*waiting, *EARLIER), strict=False)):
            is_learner = each.member_id == self.learner_id
            step = FIRST_ROUND if is_learner and self.hack.slug == SECOND_HACK else usual
            moment = max(self.now - step.submitted_ago, each.since + timedelta(minutes=20))
            # The learner's own words are nobody else's.
            submitted.append((moment, each, step, _words(self.hack, None if is_learner else number)))
        for moment, each, step, words in sorted(submitted, key=itemgetter(0)):
            if step is FIRST_ROUND:
                self._submit_again(each, moment, words)
            else:
                self._review(self._submit(each, step, words, moment), step)
        self._make_known_cases()

    def _submit(
        self, ready: Ready, step: Step, words: Sequence[str], moment: datetime, *, round: int = 1
    ) -> HackVerification:
        is_thin = step.reviews.count("-") > 1
        return HackVerification.objects.create(
            user_id=ready.member_id,
            hack=self.hack,
            verification_questions=_answer(self.hack, [THIN_ANSWER] * 4 if is_thin else words),
            is_anonymous=step.is_anonymous,
            status=HackVerification.Status.SUBMITTED,
            round=round,
            submitted_at=moment,
            # Whoever waits for long was told that they do, or would be told now.
            nudged_at=self.now - timedelta(hours=1) if moment < self.now - NUDGE_AFTER else None,
        )

    def _submit_again(self, ready: Ready, moment: datetime, words: Sequence[str]) -> None:
        """It came back with comments, and the answers are better now."""
        verification = self._submit(ready, SECOND_ROUND, words, self.now - SECOND_ROUND.submitted_ago, round=2)
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

    def _review(self, verification: HackVerification, step: Step) -> None:
        """As many as there are peers for; the database counts and decides, or the staff do, by the promised date."""
        moment = cast("datetime", verification.submitted_at)
        reviews = self._turns(verification, step.reviews, moment, is_waiting=step.is_waiting)
        self._write_reviews(verification, step.reviews, reviews)
        if len(reviews) == len(step.reviews) and not step.is_waiting:
            self._let_review(verification, reviews[-1][1])
        elif moment + ESCALATE_AFTER < self.now:
            verification.status = HackVerification.Status.ESCALATED
            verification.escalated_at = moment + ESCALATE_AFTER
            verification.save(update_fields=["status", "escalated_at"])
            if not step.is_waiting and verification.escalated_at + STAFF_DECIDE_AFTER < self.now:
                self._decide_as_staff(verification, is_authentic="+++" in step.reviews)

    def _decide_as_staff(self, verification: HackVerification, *, is_authentic: bool) -> None:
        verification.decided_by = self.staff
        verification.decision_reason = STAFF_YES if is_authentic else STAFF_NO
        verification.save(update_fields=["decided_by", "decision_reason"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT app.close_verification(%s, %s)", [verification.pk, is_authentic])
        self._let_review(verification, cast("datetime", verification.escalated_at) + STAFF_DECIDE_AFTER)

    def _let_review(self, verification: HackVerification, since: datetime) -> None:
        verification.refresh_from_db()
        if verification.is_verified:
            self.peers.may_review(cast("UUID", verification.user_id), since)

    def _turns(
        self, verification: HackVerification, verdicts: str, moment: datetime, *, is_waiting: bool = False
    ) -> Turns:
        """What waits is left for the learner to review; who has judged it once is not asked again."""
        judged = HackVerificationReview.objects.filter(verification=verification)
        absent = {verification.user_id, *judged.values_list("reviewer", flat=True)}
        if is_waiting:
            absent.add(self.learner_id)
        return self.peers.take_turns(len(verdicts), moment, min(moment + ESCALATE_AFTER, self.now), absent)

    def _make_known_cases(self) -> None:
        """One of each kind; not everybody recognises them. They come to whoever has reviewed others before."""
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


def _words(hack: Hack, number: int | None) -> Sequence[str]:
    """The first of a hack's answers are the learner's, the last ones are the known case's."""
    first, *others, _ = ANSWERS[hack.slug]
    return first if number is None else others[number % len(others)]


def _decided() -> list[Notification]:
    """What the reactions to the outcome would do, at the time of the last review or of the staff's decision."""
    told = []
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
        told.append(decided_verification(activity))
        told[-1].created_at = moment
    react_to(activities)
    return told


def _answer(hack: Hack, texts: Sequence[str]) -> Answers:
    return [
        {"question": question, "answer": answer}
        for question, answer in zip(hack.verification_questions, texts, strict=False)
    ]
