from django.contrib import admin
from django.utils.html import format_html_join

from analytics.admin import ReadOnlyAdmin
from community.models import HackVerificationReview, HackVerificationRound, ReviewerSigns, VerificationLease


def answers_in_full(pairs: list[dict[str, str]]) -> str:
    paragraphs = '<p class="font-semibold">{}</p><p class="mb-4 whitespace-pre-line">{}</p>'
    return format_html_join("", paragraphs, ((pair["question"], pair["answer"] or "Not answered") for pair in pairs))


class OfVerification(ReadOnlyAdmin):
    list_select_related = ["verification__hack", "reviewer"]
    search_fields = ["reviewer__username", "verification__hack__name"]
    search_help_text = "A reviewer's username, or a hack."

    @admin.display(ordering="verification__hack__name")
    def hack(self, row) -> str:
        return row.verification.hack.name


@admin.register(HackVerificationReview)
class HackVerificationReviewAdmin(OfVerification):
    list_display = ["reviewed_at", "reviewer", "hack", "is_authentic", "round", "seconds"]
    list_filter = ["is_authentic", "reviewed_at"]
    ordering = ["-reviewed_at"]
    readonly_fields = ["author", "reviewed_at"]


@admin.register(VerificationLease)
class VerificationLeaseAdmin(OfVerification):
    list_display = ["leased_at", "reviewer", "hack", "expires_at", "ended"]
    list_filter = ["ended", "leased_at"]
    ordering = ["-leased_at"]
    readonly_fields = ["author", "leased_at"]


@admin.register(HackVerificationRound)
class HackVerificationRoundAdmin(ReadOnlyAdmin):
    """What was submitted before; a submission's own page shows what was said of it."""

    list_display = ["ended_at", "author", "hack", "round", "outcome"]
    list_filter = ["outcome", "ended_at"]
    list_select_related = ["verification__hack", "verification__user"]
    search_fields = ["verification__user__username", "verification__hack__name"]
    ordering = ["-ended_at"]
    fields = ["author", "hack", "round", "outcome", "submitted_at", "ended_at", "answers", "decision_reason"]
    readonly_fields = ["author", "hack", "answers", "ended_at"]

    @admin.display(ordering="verification__user__username")
    def author(self, ended: HackVerificationRound) -> str:
        return ended.verification.user.username

    @admin.display(ordering="verification__hack__name")
    def hack(self, ended: HackVerificationRound) -> str:
        return ended.verification.hack.name

    @admin.display
    def answers(self, ended: HackVerificationRound) -> str:
        return answers_in_full(ended.verification_questions)


@admin.register(ReviewerSigns)
class ReviewerSignsAdmin(ReadOnlyAdmin):
    """A sign is a reason to look, never a verdict; nobody but staff sees it."""

    list_display = ["reviewer", "reviews", "median_seconds", "reciprocal_pairs", "known", "agreeing", "updated_at"]
    list_select_related = ["reviewer"]
    search_fields = ["reviewer__username"]
    search_help_text = "A reviewer's username."
    ordering = ["-reciprocal_pairs", "median_seconds"]
    readonly_fields = ["updated_at"]

    @admin.display(description="known cases right", ordering="known_cases_right")
    def known(self, signs: ReviewerSigns) -> str:
        return f"{signs.known_cases_right} of {signs.known_cases}"

    @admin.display(description="agrees with the outcome", ordering="agreements")
    def agreeing(self, signs: ReviewerSigns) -> str:
        return f"{signs.agreements} of {signs.outcomes}"
