"""Members' submissions for verification, the reviews of their peers, and pairs of practice buddies.

A reviewer never reads the table of submissions. Definer functions (community/sql/) return the parts of a submission
that a reviewer may see. They leave out the author of an anonymous submission.
"""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from accounts.models import Member
from database.constraints import CompositeForeignKey, SqlCheck
from hacks.models import Hack


class HackVerificationQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        """Return the member's own submission only; reviewers read submissions through community.queue.

        The deferred columns are the ones that members have no grant for (sql/schema/hack_verifications.sql).
        """
        return self.filter(user=member).defer("nudged_at", "decided_by", "known_outcome")

    def waiting(self):
        """Return members' submissions that wait for peers or for staff, without known cases."""
        return self.filter(status__in=["submitted", "escalated"], user__isnull=False)

    def locked(self):
        return self.select_for_update(no_key=True, of=("self",))


class HackVerification(models.Model):
    """A member's answers to the questions of a hack, from draft to outcome: one row per member and hack."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "With your peers"
        ESCALATED = "escalated", "With our staff"
        RETURNED = "returned", "Sent back"
        VERIFIED = "verified", "Verified"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        Member,
        on_delete=models.CASCADE,
        null=True,
        related_name="verifications",
        help_text="Empty for a known case, which staff make to see how well reviewers judge.",
        db_index=False,
    )
    hack = models.ForeignKey(Hack, on_delete=models.PROTECT, related_name="verifications")
    verification_questions = models.JSONField(
        default=list, help_text='Questions and answers: [{"question": "…", "answer": "…"}].'
    )
    is_anonymous = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    round = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1)],
        help_text="Goes up by one when the member submits again after being sent back.",
    )
    submitted_at = models.DateTimeField(
        null=True, blank=True, help_text="When this round was submitted. The queue is in this order."
    )
    verification_count = models.PositiveSmallIntegerField(
        db_default=0, editable=False, help_text="Reviews in this round that found it authentic."
    )
    rejection_count = models.PositiveSmallIntegerField(
        db_default=0, editable=False, help_text="Reviews in this round that found it not authentic."
    )
    is_verified = models.BooleanField(db_default=False, editable=False)
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    nudged_at = models.DateTimeField(null=True, blank=True, editable=False)
    escalated_at = models.DateTimeField(null=True, blank=True, editable=False)
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        Member,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="decided_verifications",
        help_text="The staff member who decided in place of the peers, or who revoked it.",
    )
    decision_reason = models.TextField(blank=True, default="", max_length=2000)
    revoked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When staff revoked the verification."
    )
    known_outcome = models.BooleanField(
        null=True, blank=True, help_text="The right verdict on a known case. Empty for a member's submission."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = HackVerificationQuerySet.as_manager()

    class Meta:
        db_table = "hack_verifications"
        verbose_name = "verification"
        constraints = [
            models.UniqueConstraint(fields=["user", "hack"], name="hack_verifications_once_a_hack"),
            models.UniqueConstraint(fields=["id", "user"], name="hack_verifications_id_and_author"),
            models.CheckConstraint(
                condition=models.Q(status__in=["draft", "submitted", "escalated", "returned", "verified"]),
                name="hack_verifications_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(status="draft") | models.Q(submitted_at__isnull=False),
                name="hack_verifications_submitted_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(is_verified=True, verified_at__isnull=False, status="verified")
                | (models.Q(is_verified=False, verified_at=None) & ~models.Q(status="verified")),
                name="hack_verifications_verified_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["returned", "verified"], decided_at__isnull=False)
                | (~models.Q(status__in=["returned", "verified"]) & models.Q(decided_at=None)),
                name="hack_verifications_decided_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at=None) | models.Q(status="returned"),
                name="hack_verifications_revoked_is_returned",
            ),
            models.CheckConstraint(
                condition=models.Q(user=None, known_outcome__isnull=False)
                | models.Q(user__isnull=False, known_outcome=None),
                name="hack_verifications_known_case_has_no_author",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by=None) | models.Q(user=None) | ~models.Q(decided_by=models.F("user")),
                name="hack_verifications_not_decided_by_author",
            ),
        ]
        indexes = [
            models.Index(fields=["is_verified"], name="hack_verifications_verified"),
            models.Index(
                fields=["hack", "submitted_at", "id"],
                condition=models.Q(status="submitted"),
                name="hack_verifications_queue",
            ),
            models.Index(
                fields=["hack", "-decided_at"],
                condition=models.Q(decided_at__isnull=False),
                name="hack_verifications_waits",
            ),
            models.Index(
                fields=["submitted_at"], condition=models.Q(status="escalated"), name="hack_verifications_with_staff"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hack}, {self.get_status_display().lower()}"


def hacks_with_verification_page(member: Member) -> models.QuerySet[Hack]:
    """Return the hacks that the member can be verified in, and those with a submission of the member's."""
    own = HackVerification.objects.filter(user=member, hack=models.OuterRef("pk"))
    can_be_verified = models.Q(requires_verification=True) & ~models.Q(verification_questions=[])
    return Hack.objects.visible_to(member).filter(can_be_verified | models.Exists(own))


class HackVerificationRoundQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(verification__user=member)


class HackVerificationRound(models.Model):
    """The answers and the outcome of an earlier round of a submission."""

    class Outcome(models.TextChoices):
        RETURNED = "returned", "Sent back"
        REVOKED = "revoked", "Revoked"
        WITHDRAWN = "withdrawn", "Withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    verification = models.ForeignKey(HackVerification, on_delete=models.CASCADE, related_name="rounds", db_index=False)
    round = models.PositiveSmallIntegerField()
    verification_questions = models.JSONField()
    submitted_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_default=Now(), editable=False)
    outcome = models.CharField(max_length=10, choices=Outcome)
    decision_reason = models.TextField(blank=True, default="")

    objects = HackVerificationRoundQuerySet.as_manager()

    class Meta:
        db_table = "hack_verification_rounds"
        verbose_name = "earlier round"
        ordering = ["round"]
        constraints = [
            models.UniqueConstraint(fields=["verification", "round"], name="verification_rounds_once"),
            models.CheckConstraint(
                condition=models.Q(outcome__in=["returned", "revoked", "withdrawn"]),
                name="verification_rounds_outcome_known",
            ),
        ]

    def __str__(self) -> str:
        return f"Round {self.round} of {self.verification_id}"


class HackVerificationReviewQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        """Return the reviews of the member's own submissions, without the columns that identify people."""
        return self.filter(verification__user=member).defer("author", "reviewer")


class HackVerificationReview(models.Model):
    """A peer's verdict on a submission.

    The composite foreign key `hack_verification_reviews_author` keeps `author` equal to the author of the submission.
    A CHECK constraint on `author` then stops members from reviewing their own submissions, in any role. If the
    reviewer's account is deleted, the review stays without a reviewer.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    verification = models.ForeignKey(HackVerification, on_delete=models.CASCADE, related_name="reviews", db_index=False)
    round = models.PositiveSmallIntegerField()
    # The composite foreign key covers this column; a second foreign key would also lock the author's card.
    author = models.ForeignKey(
        Member,
        on_delete=models.CASCADE,
        null=True,
        editable=False,
        related_name="+",
        db_column="author_user_id",
        db_constraint=False,
    )
    reviewer = models.ForeignKey(
        Member, on_delete=models.SET_NULL, null=True, related_name="reviews_given", db_column="reviewer_user_id"
    )
    is_authentic = models.BooleanField()
    comment = models.TextField(blank=True, default="", max_length=2000)
    seconds = models.PositiveIntegerField(help_text="Seconds from taking the submission to sending the review.")
    reviewed_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = HackVerificationReviewQuerySet.as_manager()

    class Meta:
        db_table = "hack_verification_reviews"
        verbose_name = "review"
        constraints = [
            models.UniqueConstraint(fields=["verification", "reviewer"], name="hack_verification_reviews_once"),
            models.CheckConstraint(
                condition=~models.Q(reviewer=models.F("author")), name="hack_verification_reviews_not_own"
            ),
            models.CheckConstraint(
                condition=models.Q(is_authentic=True) | ~models.Q(comment=""),
                name="hack_verification_reviews_say_why_not",
            ),
            SqlCheck(sql="char_length(comment) <= 2000", name="hack_verification_reviews_comment_length"),
            CompositeForeignKey(
                fields=["verification", "author"],
                table="hack_verifications",
                columns=["id", "user_id"],
                name="hack_verification_reviews_author",
            ),
        ]

    def __str__(self) -> str:
        return "Authentic" if self.is_authentic else "Not authentic"


class VerificationLease(models.Model):
    """A submission that one reviewer has taken, for half an hour.

    The row stays for a day after the lease ends. It tells the reviewer why the lease ended, and keeps a submission that
    the reviewer gave back from being offered to them again.
    """

    class Ended(models.TextChoices):
        CHANGED = "changed", "Changed by its author"
        WITHDRAWN = "withdrawn", "Withdrawn by its author"
        DECIDED = "decided", "Decided by staff"
        GIVEN_BACK = "given_back", "Given back"
        BUDDIES = "buddies", "Reviewer and author became buddies"
        REVIEWED = "reviewed", "Reviewed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    verification = models.ForeignKey(HackVerification, on_delete=models.CASCADE, related_name="leases", db_index=False)
    # The composite foreign key covers this column; a second foreign key would also lock the author's card.
    author = models.ForeignKey(
        Member,
        on_delete=models.CASCADE,
        null=True,
        editable=False,
        related_name="+",
        db_column="author_user_id",
        db_constraint=False,
    )
    reviewer = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="leases", db_column="reviewer_user_id", db_index=False
    )
    leased_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    ended = models.CharField(max_length=10, choices=Ended, blank=True, default="")

    class Meta:
        db_table = "hack_verification_leases"
        verbose_name = "lease"
        constraints = [
            models.UniqueConstraint(fields=["verification", "reviewer"], name="verification_leases_once"),
            models.CheckConstraint(
                condition=~models.Q(reviewer=models.F("author")), name="verification_leases_not_own"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    ended__in=["", "changed", "withdrawn", "decided", "given_back", "buddies", "reviewed"]
                ),
                name="verification_leases_ended_known",
            ),
            CompositeForeignKey(
                fields=["verification", "author"],
                table="hack_verifications",
                columns=["id", "user_id"],
                name="hack_verification_leases_author",
            ),
        ]
        indexes = [models.Index(fields=["reviewer", "expires_at"], name="verification_leases_reviewer")]

    def __str__(self) -> str:
        return f"{self.reviewer} until {self.expires_at:%H:%M}"


class ReviewerSignals(models.Model):
    """Statistics about a reviewer, for staff only. A nightly task computes them (sql/compute_reviewer_signals.sql)."""

    reviewer = models.OneToOneField(
        Member, on_delete=models.CASCADE, primary_key=True, db_column="reviewer_user_id", related_name="+"
    )
    reviews = models.PositiveIntegerField()
    median_seconds = models.PositiveIntegerField()
    reciprocal_pairs = models.PositiveIntegerField(
        help_text="Members whose submissions they reviewed and who reviewed theirs."
    )
    known_cases = models.PositiveIntegerField()
    known_cases_right = models.PositiveIntegerField()
    agreements = models.PositiveIntegerField(help_text="Reviews with the same verdict as the outcome.")
    outcomes = models.PositiveIntegerField(help_text="Reviews of submissions that have been decided.")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "reviewer_signals"
        verbose_name = "reviewer signals"
        verbose_name_plural = "reviewer signals"

    def __str__(self) -> str:
        return f"Signals of {self.reviewer}"


class PracticeBuddies(models.Model):
    """Two members who practise together: one row a pair, in the order of their ids (a trigger sorts them).

    Neither is given the other's submissions to review until the pair is completed.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        INACTIVE = "inactive", "Inactive"
        COMPLETED = "completed", "Completed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The unique constraint starts with this column and serves as its index.
    user1 = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="+", verbose_name="first member", db_index=False
    )
    user2 = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", verbose_name="second member")
    matched_at = models.DateTimeField(db_default=Now(), editable=False)
    discord_channel_id = models.CharField(
        max_length=32, blank=True, default="", help_text="The Discord channel where the two talk."
    )
    practice_count = models.PositiveIntegerField(
        db_default=0, editable=False, help_text="How many times they have practised together."
    )
    last_practice_at = models.DateTimeField(null=True, blank=True, editable=False)
    status = models.CharField(
        max_length=9,
        choices=Status,
        default=Status.ACTIVE,
        help_text="Completed: from then on, each may be given the other's submissions to review.",
    )

    class Meta:
        db_table = "practice_buddies"
        verbose_name = "pair of buddies"
        verbose_name_plural = "pairs of buddies"
        constraints = [
            models.UniqueConstraint(fields=["user1", "user2"], name="practice_buddies_once"),
            models.CheckConstraint(
                condition=models.Q(user1__lt=models.F("user2")), name="practice_buddies_two_in_order"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "inactive", "completed"]),
                name="practice_buddies_status_known",
            ),
        ]
        indexes = [models.Index(fields=["status"], name="practice_buddies_status")]

    def __str__(self) -> str:
        return f"{self.user1} and {self.user2}"
