"""Proof of mastery: what members submit, and what their peers say of it.

A reviewer never reads the table of submissions: what they may see of one comes from definer functions
(community/sql/), which leave its author out where they chose to be anonymous.
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
        """One's own alone: reviewers have another way in. Without what members can't read (sql/verification.sql)."""
        return self.filter(user=member).defer("nudged_at", "decided_by", "known_outcome")

    def waiting(self):
        """For peers, or for staff; known cases wait for nothing."""
        return self.filter(status__in=["submitted", "escalated"], user__isnull=False)

    def locked(self):
        return self.select_for_update(no_key=True, of=("self",))


class HackVerification(models.Model):
    """A member's answers to the questions of a hack, from the draft to its outcome; one a member and hack."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "With your peers"
        ESCALATED = "escalated", "With our staff"
        RETURNED = "returned", "Returned"
        VERIFIED = "verified", "Verified"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        Member,
        on_delete=models.CASCADE,
        null=True,
        related_name="verifications",
        help_text="Nobody: a known case, made by staff to see how well reviewers judge.",
    )
    hack = models.ForeignKey(Hack, on_delete=models.PROTECT, related_name="verifications")
    verification_questions = models.JSONField(
        default=list, help_text='Questions and answers: [{"question": "…", "answer": "…"}].'
    )
    is_anonymous = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    round = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1)], help_text="Goes up with each new submission after a return."
    )
    submitted_at = models.DateTimeField(null=True, blank=True, help_text="Of this round; the order of the queue.")
    verification_count = models.PositiveSmallIntegerField(
        db_default=0, editable=False, help_text="Authentic reviews in this round."
    )
    rejection_count = models.PositiveSmallIntegerField(
        db_default=0, editable=False, help_text="Reviews in this round that say it is not authentic."
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
        help_text="The staff member who decided, where peers did not, or who took it back.",
    )
    decision_reason = models.TextField(blank=True, default="", max_length=2000)
    revoked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When staff returned what was verified."
    )
    known_outcome = models.BooleanField(
        null=True, blank=True, help_text="What a known case is: authentic or not. Empty for a member's."
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


class HackVerificationRoundQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(verification__user=member)


class HackVerificationRound(models.Model):
    """What a member had submitted in an earlier round, and how that ended: the history of a verification."""

    class Outcome(models.TextChoices):
        RETURNED = "returned", "Returned"
        REVOKED = "revoked", "Revoked"
        WITHDRAWN = "withdrawn", "Withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    verification = models.ForeignKey(HackVerification, on_delete=models.CASCADE, related_name="rounds")
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
        """Those on the member's own submissions; who wrote them is not to be read, by nobody but staff."""
        return self.filter(verification__user=member).defer("author", "reviewer")


class HackVerificationReview(models.Model):
    """What a peer says of a submission. Nobody reviews their own, whatever their role: see the composite key in sql/.

    The reviewer is nobody where their account was deleted; what they said stands.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    verification = models.ForeignKey(HackVerification, on_delete=models.CASCADE, related_name="reviews")
    round = models.PositiveSmallIntegerField()
    # The composite key in sql/ holds it; a second one would only lock the author's card as well.
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
    seconds = models.PositiveIntegerField(help_text="From taking the slot to the review.")
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
    """One of a submission's open slots, held by one reviewer for half an hour.

    The row is kept for a day afterwards: it says why it ended, and that whoever gave it back wants another one.
    """

    class Ended(models.TextChoices):
        CHANGED = "changed", "Changed by its author"
        WITHDRAWN = "withdrawn", "Withdrawn by its author"
        DECIDED = "decided", "Decided by staff"
        GIVEN_BACK = "given_back", "Given back"
        BUDDIES = "buddies", "Reviewer and author became buddies"
        REVIEWED = "reviewed", "Reviewed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    verification = models.ForeignKey(HackVerification, on_delete=models.CASCADE, related_name="leases")
    # The composite key in sql/ holds it; a second one would only lock the author's card as well.
    author = models.ForeignKey(
        Member,
        on_delete=models.CASCADE,
        null=True,
        editable=False,
        related_name="+",
        db_column="author_user_id",
        db_constraint=False,
    )
    reviewer = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="leases", db_column="reviewer_user_id")
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
    """How somebody reviews, for staff alone; computed each night (community/sql/)."""

    reviewer = models.OneToOneField(
        Member, on_delete=models.CASCADE, primary_key=True, db_column="reviewer_user_id", related_name="+"
    )
    reviews = models.PositiveIntegerField()
    median_seconds = models.PositiveIntegerField()
    reciprocal_pairs = models.PositiveIntegerField(help_text="People whose work they reviewed and who reviewed theirs.")
    known_cases = models.PositiveIntegerField()
    known_cases_right = models.PositiveIntegerField()
    agreements = models.PositiveIntegerField(help_text="Reviews that agree with the outcome.")
    outcomes = models.PositiveIntegerField(help_text="Reviews whose submission has an outcome.")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "reviewer_signals"
        verbose_name = "reviewer's signs"
        verbose_name_plural = "reviewers' signs"

    def __str__(self) -> str:
        return f"Signs of {self.reviewer}"


class PracticeBuddies(models.Model):
    """Two members who practise together: one row, whichever of them is named first (community/sql/ puts them in order).

    Until the pair is over neither is given what the other has submitted.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        INACTIVE = "inactive", "Inactive"
        COMPLETED = "completed", "Completed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The unique key leads with it.
    user1 = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", verbose_name="one", db_index=False)
    user2 = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", verbose_name="the other")
    matched_at = models.DateTimeField(db_default=Now(), editable=False)
    discord_channel_id = models.CharField(max_length=32, blank=True, default="", help_text="Where the two talk.")
    practice_count = models.PositiveIntegerField(
        db_default=0, editable=False, help_text="How often they have practised together."
    )
    last_practice_at = models.DateTimeField(null=True, blank=True, editable=False)
    status = models.CharField(
        max_length=9,
        choices=Status,
        default=Status.ACTIVE,
        help_text="Once it is completed, each may be given what the other has submitted for verification.",
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
