import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid_utils.compat
from django.db import migrations, models

import database.constraints
from database.operations import CreateModels


class Migration(migrations.Migration):
    initial = True

    # Gamification too: the SQL files of this app use its tables.
    dependencies = [
        ("accounts", "0001_initial"),
        ("hacks", "0001_initial"),
        ("gamification", "0001_initial"),
    ]

    operations = [
        CreateModels(
            [
                migrations.CreateModel(
                    name="ReviewerSignals",
                    fields=[
                        (
                            "reviewer",
                            models.OneToOneField(
                                db_column="reviewer_user_id",
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="+",
                                serialize=False,
                                to="accounts.member",
                            ),
                        ),
                        ("reviews", models.PositiveIntegerField()),
                        ("median_seconds", models.PositiveIntegerField()),
                        (
                            "reciprocal_pairs",
                            models.PositiveIntegerField(
                                help_text="Members whose submissions they reviewed and who reviewed theirs."
                            ),
                        ),
                        ("known_cases", models.PositiveIntegerField()),
                        ("known_cases_right", models.PositiveIntegerField()),
                        (
                            "agreements",
                            models.PositiveIntegerField(help_text="Reviews with the same verdict as the outcome."),
                        ),
                        (
                            "outcomes",
                            models.PositiveIntegerField(help_text="Reviews of submissions that have been decided."),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                    ],
                    options={
                        "verbose_name": "reviewer signals",
                        "verbose_name_plural": "reviewer signals",
                        "db_table": "reviewer_signals",
                    },
                ),
                migrations.CreateModel(
                    name="HackVerification",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "verification_questions",
                            models.JSONField(
                                default=list, help_text='Questions and answers: [{"question": "…", "answer": "…"}].'
                            ),
                        ),
                        ("is_anonymous", models.BooleanField(default=False)),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("submitted", "With your peers"),
                                    ("escalated", "With our staff"),
                                    ("returned", "Sent back"),
                                    ("verified", "Verified"),
                                ],
                                default="draft",
                                max_length=10,
                            ),
                        ),
                        (
                            "round",
                            models.PositiveSmallIntegerField(
                                default=1,
                                help_text="Goes up by one when the member submits again after being sent back.",
                                validators=[django.core.validators.MinValueValidator(1)],
                            ),
                        ),
                        (
                            "submitted_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When this round was submitted. The queue is in this order.",
                                null=True,
                            ),
                        ),
                        (
                            "verification_count",
                            models.PositiveSmallIntegerField(
                                db_default=0, editable=False, help_text="Reviews in this round that found it authentic."
                            ),
                        ),
                        (
                            "rejection_count",
                            models.PositiveSmallIntegerField(
                                db_default=0,
                                editable=False,
                                help_text="Reviews in this round that found it not authentic.",
                            ),
                        ),
                        ("is_verified", models.BooleanField(db_default=False, editable=False)),
                        ("verified_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("nudged_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("escalated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("decided_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("decision_reason", models.TextField(blank=True, default="", max_length=2000)),
                        (
                            "revoked_at",
                            models.DateTimeField(
                                blank=True, editable=False, help_text="When staff revoked the verification.", null=True
                            ),
                        ),
                        (
                            "known_outcome",
                            models.BooleanField(
                                blank=True,
                                help_text="The right verdict on a known case. Empty for a member's submission.",
                                null=True,
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "updated_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                help_text="The staff member who decided in place of the peers, or who revoked it.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="decided_verifications",
                                to="accounts.member",
                            ),
                        ),
                        (
                            "hack",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="verifications",
                                to="hacks.hack",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                help_text="Empty for a known case, which staff make to see how well reviewers judge.",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="verifications",
                                to="accounts.member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "verification",
                        "db_table": "hack_verifications",
                        "indexes": [
                            models.Index(fields=["is_verified"], name="hack_verifications_verified"),
                            models.Index(
                                condition=models.Q(("status", "submitted")),
                                fields=["hack", "submitted_at", "id"],
                                name="hack_verifications_queue",
                            ),
                            models.Index(
                                condition=models.Q(("decided_at__isnull", False)),
                                fields=["hack", "-decided_at"],
                                name="hack_verifications_waits",
                            ),
                            models.Index(
                                condition=models.Q(("status", "escalated")),
                                fields=["submitted_at"],
                                name="hack_verifications_with_staff",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "hack"), name="hack_verifications_once_a_hack"),
                            models.UniqueConstraint(fields=("id", "user"), name="hack_verifications_id_and_author"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("status__in", ["draft", "submitted", "escalated", "returned", "verified"])
                                ),
                                name="hack_verifications_status_known",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("status", "draft"), ("submitted_at__isnull", False), _connector="OR"
                                ),
                                name="hack_verifications_submitted_has_time",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("is_verified", True), ("status", "verified"), ("verified_at__isnull", False)
                                    ),
                                    models.Q(
                                        ("is_verified", False),
                                        ("verified_at", None),
                                        models.Q(("status", "verified"), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="hack_verifications_verified_has_time",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("decided_at__isnull", False), ("status__in", ["returned", "verified"])),
                                    models.Q(
                                        models.Q(("status__in", ["returned", "verified"]), _negated=True),
                                        ("decided_at", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="hack_verifications_decided_has_time",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("revoked_at", None), ("status", "returned"), _connector="OR"),
                                name="hack_verifications_revoked_is_returned",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("known_outcome__isnull", False), ("user", None)),
                                    models.Q(("known_outcome", None), ("user__isnull", False)),
                                    _connector="OR",
                                ),
                                name="hack_verifications_known_case_has_no_author",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("decided_by", None),
                                    ("user", None),
                                    models.Q(("decided_by", models.F("user")), _negated=True),
                                    _connector="OR",
                                ),
                                name="hack_verifications_not_decided_by_author",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HackVerificationReview",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("round", models.PositiveSmallIntegerField()),
                        ("is_authentic", models.BooleanField()),
                        ("comment", models.TextField(blank=True, default="", max_length=2000)),
                        (
                            "seconds",
                            models.PositiveIntegerField(
                                help_text="Seconds from taking the submission to sending the review."
                            ),
                        ),
                        (
                            "reviewed_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "author",
                            models.ForeignKey(
                                db_column="author_user_id",
                                db_constraint=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="accounts.member",
                            ),
                        ),
                        (
                            "reviewer",
                            models.ForeignKey(
                                db_column="reviewer_user_id",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="reviews_given",
                                to="accounts.member",
                            ),
                        ),
                        (
                            "verification",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="reviews",
                                to="community.hackverification",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "review",
                        "db_table": "hack_verification_reviews",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("verification", "reviewer"), name="hack_verification_reviews_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("reviewer", models.F("author")), _negated=True),
                                name="hack_verification_reviews_not_own",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("is_authentic", True), models.Q(("comment", ""), _negated=True), _connector="OR"
                                ),
                                name="hack_verification_reviews_say_why_not",
                            ),
                            database.constraints.SqlCheck(
                                name="hack_verification_reviews_comment_length", sql="char_length(comment) <= 2000"
                            ),
                            database.constraints.CompositeForeignKey(
                                columns=("id", "user_id"),
                                fields=("verification", "author"),
                                name="hack_verification_reviews_author",
                                table="hack_verifications",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HackVerificationRound",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("round", models.PositiveSmallIntegerField()),
                        ("verification_questions", models.JSONField()),
                        ("submitted_at", models.DateTimeField()),
                        (
                            "ended_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[("returned", "Sent back"), ("revoked", "Revoked"), ("withdrawn", "Withdrawn")],
                                max_length=10,
                            ),
                        ),
                        ("decision_reason", models.TextField(blank=True, default="")),
                        (
                            "verification",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rounds",
                                to="community.hackverification",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "earlier round",
                        "db_table": "hack_verification_rounds",
                        "ordering": ["round"],
                        "constraints": [
                            models.UniqueConstraint(fields=("verification", "round"), name="verification_rounds_once"),
                            models.CheckConstraint(
                                condition=models.Q(("outcome__in", ["returned", "revoked", "withdrawn"])),
                                name="verification_rounds_outcome_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PracticeBuddies",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "matched_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        (
                            "discord_channel_id",
                            models.CharField(
                                blank=True,
                                default="",
                                help_text="The Discord channel where the two talk.",
                                max_length=32,
                            ),
                        ),
                        (
                            "practice_count",
                            models.PositiveIntegerField(
                                db_default=0, editable=False, help_text="How many times they have practised together."
                            ),
                        ),
                        ("last_practice_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "status",
                            models.CharField(
                                choices=[("active", "Active"), ("inactive", "Inactive"), ("completed", "Completed")],
                                default="active",
                                help_text="Completed: from then on, each may be given the other's submissions to review.",
                                max_length=9,
                            ),
                        ),
                        (
                            "user1",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="accounts.member",
                                verbose_name="first member",
                            ),
                        ),
                        (
                            "user2",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="accounts.member",
                                verbose_name="second member",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "pair of buddies",
                        "verbose_name_plural": "pairs of buddies",
                        "db_table": "practice_buddies",
                        "indexes": [models.Index(fields=["status"], name="practice_buddies_status")],
                        "constraints": [
                            models.UniqueConstraint(fields=("user1", "user2"), name="practice_buddies_once"),
                            models.CheckConstraint(
                                condition=models.Q(("user1__lt", models.F("user2"))),
                                name="practice_buddies_two_in_order",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("status__in", ["active", "inactive", "completed"])),
                                name="practice_buddies_status_known",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="VerificationLease",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "leased_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                        ),
                        ("expires_at", models.DateTimeField()),
                        (
                            "ended",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("changed", "Changed by its author"),
                                    ("withdrawn", "Withdrawn by its author"),
                                    ("decided", "Decided by staff"),
                                    ("given_back", "Given back"),
                                    ("buddies", "Reviewer and author became buddies"),
                                    ("reviewed", "Reviewed"),
                                ],
                                default="",
                                max_length=10,
                            ),
                        ),
                        (
                            "author",
                            models.ForeignKey(
                                db_column="author_user_id",
                                db_constraint=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="accounts.member",
                            ),
                        ),
                        (
                            "reviewer",
                            models.ForeignKey(
                                db_index=False,
                                db_column="reviewer_user_id",
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="leases",
                                to="accounts.member",
                            ),
                        ),
                        (
                            "verification",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="leases",
                                to="community.hackverification",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "lease",
                        "db_table": "hack_verification_leases",
                        "indexes": [
                            models.Index(fields=["reviewer", "expires_at"], name="verification_leases_reviewer")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("verification", "reviewer"), name="verification_leases_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("reviewer", models.F("author")), _negated=True),
                                name="verification_leases_not_own",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "ended__in",
                                        ["", "changed", "withdrawn", "decided", "given_back", "buddies", "reviewed"],
                                    )
                                ),
                                name="verification_leases_ended_known",
                            ),
                            database.constraints.CompositeForeignKey(
                                columns=("id", "user_id"),
                                fields=("verification", "author"),
                                name="hack_verification_leases_author",
                                table="hack_verifications",
                            ),
                        ],
                    },
                ),
            ]
        ),
    ]
