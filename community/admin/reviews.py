from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from accounts.models import Member
from analytics.admin import ReadOnlyAdmin
from community.models import HackVerificationReview, HackVerificationRound, ReviewerSignals, VerificationLease

LINK = "text-primary-600 dark:text-primary-500"


def answers_in_full(pairs: list[dict[str, str]]) -> str:
    paragraphs = '<p class="font-semibold">{}</p><p class="mb-4 whitespace-pre-line">{}</p>'
    return format_html_join("", paragraphs, ((pair["question"], pair["answer"] or "Not answered") for pair in pairs))


class VerificationRelatedAdmin(ReadOnlyAdmin):
    list_select_related = ["verification__hack", "reviewer"]
    search_fields = ["reviewer__username", "verification__hack__name"]
    search_help_text = "Search by username or hack."

    @admin.display(ordering="verification__hack__name")
    def hack(self, row) -> str:
        return row.verification.hack.name


@admin.register(HackVerificationReview)
class HackVerificationReviewAdmin(VerificationRelatedAdmin):
    list_display = ["reviewed_at", "reviewer", "author", "hack", "is_authentic", "seconds"]
    list_select_related = ["verification__hack", "reviewer", "author"]
    list_filter = ["is_authentic", "reviewed_at"]
    linked_filters = ["reviewer", "author"]
    ordering = ["-reviewed_at"]
    readonly_fields = ["author", "reviewed_at"]


@admin.register(VerificationLease)
class VerificationLeaseAdmin(VerificationRelatedAdmin):
    list_display = ["leased_at", "reviewer", "hack", "expires_at", "ended"]
    list_filter = ["ended", "leased_at"]
    ordering = ["-leased_at"]
    readonly_fields = ["author", "leased_at"]


@admin.register(HackVerificationRound)
class HackVerificationRoundAdmin(ReadOnlyAdmin):
    """Earlier rounds of submissions. The page of the submission shows their reviews."""

    list_display = ["ended_at", "author", "hack", "round", "outcome"]
    list_filter = ["outcome", "ended_at"]
    list_select_related = ["verification__hack", "verification__user"]
    search_fields = ["verification__user__username", "verification__hack__name"]
    ordering = ["-ended_at"]
    fields = ["author", "hack", "round", "outcome", "submitted_at", "ended_at", "answers", "decision_reason"]
    readonly_fields = ["author", "hack", "answers", "ended_at"]

    @admin.display(ordering="verification__user__username")
    def author(self, round: HackVerificationRound) -> str:
        return round.verification.user.username

    @admin.display(ordering="verification__hack__name")
    def hack(self, round: HackVerificationRound) -> str:
        return round.verification.hack.name

    @admin.display
    def answers(self, round: HackVerificationRound) -> str:
        return answers_in_full(round.verification_questions)


def _reviews_url(**members: Any) -> str:
    """Return the address of the list of reviews, filtered by `reviewer` and `author`."""
    filters = {f"{name}__exact": member.pk for name, member in members.items()}
    return f"{reverse('admin:community_hackverificationreview_changelist')}?{urlencode(filters)}"


@admin.register(ReviewerSignals)
class ReviewerSignalsAdmin(ReadOnlyAdmin):
    """Statistics about reviewers, for staff only: a reason to look closer, never a verdict."""

    list_before_template = "admin/community/_reviewer_signals_help.html"
    change_form_before_template = "admin/community/_reviewer_signals_help.html"
    list_display = ["reviewer", "given", "median", "reciprocal", "known", "agreeing"]
    list_select_related = ["reviewer"]
    search_fields = ["reviewer__username"]
    search_help_text = "Search by username."
    ordering = ["-reciprocal_pairs", "median_seconds"]
    fields = ["reviewer", "given", "median", "reciprocal", "partners", "known", "agreeing", "updated_at"]
    readonly_fields = ["given", "median", "reciprocal", "partners", "known", "agreeing", "updated_at"]

    @admin.display(description="reviews", ordering="reviews")
    def given(self, signals: ReviewerSignals) -> str:
        return format_html(
            '<a class="{}" href="{}">{} review{}</a>',
            LINK,
            _reviews_url(reviewer=signals.reviewer),
            signals.reviews,
            pluralize(signals.reviews),
        )

    @admin.display(description="median time", ordering="median_seconds")
    def median(self, signals: ReviewerSignals) -> str:
        return f"{signals.median_seconds} s"

    @admin.display(description="reciprocal pairs", ordering="reciprocal_pairs")
    def reciprocal(self, signals: ReviewerSignals) -> int | None:
        return signals.reciprocal_pairs or None

    @admin.display(description="reciprocal partners")
    def partners(self, signals: ReviewerSignals) -> str | None:
        """List the partners with links to the reviews of each other.

        The list is read now, so it may be newer than the number, which is computed each night.
        """
        given = HackVerificationReview.objects.filter(reviewer=signals.reviewer).values("author")
        received = HackVerificationReview.objects.filter(author=signals.reviewer).values("reviewer")
        partners = Member.objects.filter(pk__in=given).filter(pk__in=received).order_by("username")
        line = '<p>{}: <a class="{}" href="{}">reviews given</a>, <a class="{}" href="{}">reviews received</a></p>'
        rows = [
            (
                partner,
                *(LINK, _reviews_url(reviewer=signals.reviewer, author=partner)),
                *(LINK, _reviews_url(reviewer=partner, author=signals.reviewer)),
            )
            for partner in partners
        ]
        return format_html_join("", line, rows) or None

    @admin.display(description="known cases judged right", ordering="known_cases_right")
    def known(self, signals: ReviewerSignals) -> str | None:
        return f"{signals.known_cases_right} of {signals.known_cases}" if signals.known_cases else None

    @admin.display(description="same verdict as the outcome", ordering="agreements")
    def agreeing(self, signals: ReviewerSignals) -> str | None:
        return f"{signals.agreements} of {signals.outcomes}" if signals.outcomes else None
