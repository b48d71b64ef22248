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


class OfVerification(ReadOnlyAdmin):
    list_select_related = ["verification__hack", "reviewer"]
    search_fields = ["reviewer__username", "verification__hack__name"]
    search_help_text = "A reviewer's username, or a hack."

    @admin.display(ordering="verification__hack__name")
    def hack(self, row) -> str:
        return row.verification.hack.name


@admin.register(HackVerificationReview)
class HackVerificationReviewAdmin(OfVerification):
    list_display = ["reviewed_at", "reviewer", "author", "hack", "is_authentic", "seconds"]
    list_select_related = ["verification__hack", "reviewer", "author"]
    list_filter = ["is_authentic", "reviewed_at"]
    ordering = ["-reviewed_at"]
    readonly_fields = ["author", "reviewed_at"]

    def get_queryset(self, request):
        """Not those of one's own submissions: who reviews is promised that the author does not learn who they are."""
        return super().get_queryset(request).exclude(author=request.user.pk)


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


def _reviews_page(**which: Any) -> str:
    """The list of reviews, of one reviewer or of one author as well."""
    filters = {f"{name}__exact": member.pk for name, member in which.items()}
    return f"{reverse('admin:community_hackverificationreview_changelist')}?{urlencode(filters)}"


@admin.register(ReviewerSignals)
class ReviewerSignalsAdmin(ReadOnlyAdmin):
    """A sign is a reason to look, never a verdict; nobody but staff sees it."""

    list_before_template = "admin/community/_what_signs_say.html"
    change_form_before_template = "admin/community/_what_signs_say.html"
    list_display = ["reviewer", "given", "median", "reciprocal", "known", "agreeing"]
    list_select_related = ["reviewer"]
    search_fields = ["reviewer__username"]
    search_help_text = "A reviewer's username."
    ordering = ["-reciprocal_pairs", "median_seconds"]
    fields = ["reviewer", "given", "median", "reciprocal", "partners", "known", "agreeing", "updated_at"]
    readonly_fields = ["given", "median", "reciprocal", "partners", "known", "agreeing", "updated_at"]

    @admin.display(description="reviews", ordering="reviews")
    def given(self, signs: ReviewerSignals) -> str:
        return format_html(
            '<a class="{}" href="{}">{} review{}</a>',
            LINK,
            _reviews_page(reviewer=signs.reviewer),
            signs.reviews,
            pluralize(signs.reviews),
        )

    @admin.display(description="median", ordering="median_seconds")
    def median(self, signs: ReviewerSignals) -> str:
        return f"{signs.median_seconds} s"

    @admin.display(description="reciprocal pairs", ordering="reciprocal_pairs")
    def reciprocal(self, signs: ReviewerSignals) -> int | None:
        return signs.reciprocal_pairs or None

    @admin.display(description="reciprocal with")
    def partners(self, signs: ReviewerSignals) -> str | None:
        """With the reviews that each has given the other; more recent than the number, which is of last night."""
        given = HackVerificationReview.objects.filter(reviewer=signs.reviewer).values("author")
        received = HackVerificationReview.objects.filter(author=signs.reviewer).values("reviewer")
        partners = Member.objects.filter(pk__in=given).filter(pk__in=received).order_by("username")
        line = '<p>{}: <a class="{}" href="{}">given to them</a>, <a class="{}" href="{}">had from them</a></p>'
        rows = [
            (
                partner,
                *(LINK, _reviews_page(reviewer=signs.reviewer, author=partner)),
                *(LINK, _reviews_page(reviewer=partner, author=signs.reviewer)),
            )
            for partner in partners
        ]
        return format_html_join("", line, rows) or None

    @admin.display(description="known cases right", ordering="known_cases_right")
    def known(self, signs: ReviewerSignals) -> str | None:
        return f"{signs.known_cases_right} of {signs.known_cases}" if signs.known_cases else None

    @admin.display(description="as the outcome", ordering="agreements")
    def agreeing(self, signs: ReviewerSignals) -> str | None:
        return f"{signs.agreements} of {signs.outcomes}" if signs.outcomes else None
