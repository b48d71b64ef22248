from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models.functions import Coalesce
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from unfold.decorators import action

from accounts.history import Change, RemembersChanges, log_changes
from accounts.models import Member
from analytics.admin import ReadOnlyAdmin
from community.actions import Refusal, VerificationRefused, decide_verification, revoke_verification
from community.admin.reviews import answers_in_full
from community.admin_forms import ChosenHackForm, DecisionForm, KnownCaseForm, RevokeForm
from community.models import HackVerification, HackVerificationReview, ReviewerSignals
from community.rules import REVIEWS_TO_DECIDE, escalates_at

Status = HackVerification.Status
WAITING = (Status.SUBMITTED, Status.ESCALATED)

TO_DECIDE: dict[str, Any] = {"status": Status.ESCALATED, "user__isnull": False}
REVOCABLE: dict[str, Any] = {"status": Status.VERIFIED, "user__isnull": False}
TO_CLOSE: dict[str, Any] = {"status": Status.SUBMITTED, "user__isnull": True}
TO_REOPEN: dict[str, Any] = {"status": Status.DRAFT, "user__isnull": True}

# Submissions that wait for staff come first, the oldest before the others.
QUEUE_FIRST = models.Case(models.When(status=Status.ESCALATED, then=0), default=1)
KNOWN_CASE_HELP = (
    "Reviewers get known cases like members' submissions, at most one in five, and aren't told. Their verdicts decide "
    "nothing, but show in the reviewer signals how well they judge. Don't write anything that only staff could know."
)
CLOSE_HELP = (
    "Reviewers will no longer get this case. Its reviews still count in the reviewer signals. You can offer it again "
    "later."
)
DECISION_HELP = (
    "The author is notified at once and reads your reason. If it's authentic, you can still revoke it later. If it "
    "isn't, the author can revise it and submit again."
)
REVOKE_HELP = (
    "The author is notified at once, reads your reason and can submit again. They lose the XP and can no longer review "
    "this hack for others. They keep unlocked hacks and achievements."
)
OWN_SUBMISSION = "This is your own submission, so someone else has to decide it."
REFUSAL_MESSAGES = {
    Refusal.OWN: OWN_SUBMISSION,
    Refusal.ALREADY_DECIDED: "This submission is no longer waiting for a decision.",
    Refusal.NOT_VERIFIED: "This submission is no longer verified.",
}


def _time(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def _time_and_person(moment: datetime, person: Member | str | None) -> str:
    return f"{_time(moment)}, by {person or 'our staff'}"


def _count_reviews(condition: models.Q | None = None) -> Coalesce:
    """Return the number of reviews as a subquery, so that it is computed only for the rows on the page."""
    reviews = HackVerificationReview.objects.filter(
        condition or models.Q(), verification=models.OuterRef("pk")
    ).order_by()
    number = reviews.values("verification").values(number=models.Count("pk"))
    return Coalesce(models.Subquery(number), 0)


def _summary(request: HttpRequest, verification: HackVerification) -> dict[str, Any]:
    """Return the context of _summary.html: the submission, its reviews, and the signals of their reviewers."""
    reviews = list(verification.reviews.select_related("reviewer").order_by("-round", "reviewed_at"))
    signals = {}
    if request.user.has_perm("community.view_reviewersignals"):
        signals = ReviewerSignals.objects.in_bulk([review.reviewer_id for review in reviews if review.reviewer_id])
    return {
        "verification": verification,
        "promised_for": escalates_at(verification.submitted_at),
        "reviews": [(review, signals.get(review.reviewer_id)) for review in reviews],
    }


class KindFilter(admin.SimpleListFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        return [("members", "Members' submissions"), ("known", "Known cases")]

    def queryset(self, request, queryset):
        return queryset.filter(user__isnull=self.value() == "known") if self.value() else queryset


@admin.register(HackVerification)
class HackVerificationAdmin(RemembersChanges, ReadOnlyAdmin):
    """Staff decide escalated submissions, revoke verifications and make known cases; the rest is read-only."""

    list_display = ["hack", "author", "state", "submitted_at", "promised_for", "verdicts"]
    list_filter = ["status", KindFilter, "is_anonymous", "submitted_at", "hack"]
    list_select_related = ["hack", "user"]
    search_fields = ["user__username", "hack__name"]
    search_help_text = "Search by username or hack."
    ordering = [QUEUE_FIRST, models.F("submitted_at").asc(nulls_last=True), "pk"]
    fields = [
        "hack",
        "author",
        "is_anonymous",
        "state",
        "round",
        "answers",
        "review_lines",
        "submitted_at",
        "promised_for",
        "escalated_at",
        "decided",
        "revoked",
        "reason",
    ]
    readonly_fields = ["author", "state", "answers", "review_lines", "promised_for", "decided", "revoked", "reason"]
    actions_detail = ["decide", "revoke", "close", "reopen"]

    def get_queryset(self, request):
        right = models.Q(is_authentic=models.OuterRef("known_outcome"))
        return super().get_queryset(request).annotate(review_count=_count_reviews(), right_count=_count_reviews(right))

    @admin.display(ordering="user__username")
    def author(self, verification: HackVerification) -> str:
        if verification.user is None:
            return f"None: a known case, {'authentic' if verification.known_outcome else 'not authentic'}"
        return verification.user.username

    @admin.display(ordering="status")
    def state(self, verification: HackVerification) -> str:
        if verification.user is None:
            return "Offered" if verification.status == Status.SUBMITTED else "Closed"
        return verification.get_status_display()

    @admin.display(description="decision promised by", ordering="submitted_at")
    def promised_for(self, verification: HackVerification) -> str | None:
        """Return when the author was promised a decision, in words; None for a known case."""
        if verification.user is None or verification.status not in WAITING:
            return None
        return _time(escalates_at(verification.submitted_at))

    @admin.display(description="reviews", ordering="verification_count")
    def verdicts(self, verification: HackVerification) -> str:
        """Return the verdicts of this round; for a known case, how many reviewers judged it right."""
        if verification.user is None:
            wrong = verification.review_count - verification.right_count
            return f"{verification.right_count} right, {wrong} wrong"
        return f"{verification.verification_count} authentic, {verification.rejection_count} not"

    @admin.display
    def answers(self, verification: HackVerification) -> str:
        return answers_in_full(verification.verification_questions)

    def get_object(self, request, object_id, from_field=None):
        verification = super().get_object(request, object_id, from_field)
        if verification is not None:
            verification.is_own = verification.user_id == request.user.pk
        return verification

    @admin.display(description="reviews")
    def review_lines(self, verification: HackVerification) -> str:
        """List the reviews. The database hides those of the staff member's own submission."""
        if verification.is_own:
            return "Hidden, because this is your own submission."
        reviews = verification.reviews.select_related("reviewer").order_by("round", "reviewed_at")
        rows = [(each.round, each.reviewer or "account deleted", each, each.comment) for each in reviews]
        return format_html_join("", '<p class="mb-2 whitespace-pre-line">Round {}, {}: {}. {}</p>', rows) or "None"

    @admin.display
    def decided(self, verification: HackVerification) -> str | None:
        """Return time and person of the decision.

        Revoking overwrites `decided_by`, so a revoked decision shows "our staff".
        """
        if verification.decided_at is None:
            return None
        if max(verification.verification_count, verification.rejection_count) >= REVIEWS_TO_DECIDE:
            return _time_and_person(verification.decided_at, "its peers")
        return _time_and_person(verification.decided_at, None if verification.revoked_at else verification.decided_by)

    @admin.display
    def revoked(self, verification: HackVerification) -> str | None:
        return verification.revoked_at and _time_and_person(verification.revoked_at, verification.decided_by)

    @admin.display(description="reason given by staff")
    def reason(self, verification: HackVerification) -> str:
        return verification.decision_reason

    def has_add_permission(self, request):
        """Allow adding: staff add known cases."""
        return request.user.has_perm("community.add_hackverification")

    def has_decide_permission(self, request, object_id=None):
        return self._is_allowed(request, object_id, **TO_DECIDE)

    def has_revoke_permission(self, request, object_id=None):
        return self._is_allowed(request, object_id, **REVOCABLE)

    def has_close_permission(self, request, object_id=None):
        return self._is_allowed(request, object_id, **TO_CLOSE)

    def has_reopen_permission(self, request, object_id=None):
        return self._is_allowed(request, object_id, **TO_REOPEN)

    def _is_allowed(self, request: HttpRequest, object_id: Any, **state: Any) -> bool:
        """Check the permission, and for GET the state as well.

        A second POST gets past this check, so that the view can say that the change was made already.
        """
        is_in_state = request.method == "POST" or self._is_in_state(object_id, state)
        return request.user.has_perm("community.change_hackverification") and is_in_state

    @staticmethod
    def _is_in_state(object_id: Any, state: dict[str, Any]) -> bool:
        try:
            return HackVerification.objects.filter(pk=object_id, **state).exists()
        except ValidationError:
            # The address holds no UUID. Django's page says that there is no such row.
            return False

    def add_view(self, request, form_url="", extra_context=None):
        """Ask for the hack first, then show its questions."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        chosen = ChosenHackForm(request.GET or None)
        if not chosen.is_valid():
            return self._page(request, "Add a known case", "Next", chosen, method="get")
        hack = chosen.cleaned_data["hack"]
        form = KnownCaseForm(request.POST or None, hack=hack)
        if not form.is_valid():
            return self._page(request, f"Known case for {hack}", "Offer this case", form, explanation=KNOWN_CASE_HELP)
        case, is_new = form.save()
        if is_new:
            self.log_addition(request, case, [{"added": {}}])
            messages.success(request, "Known case added. Reviewers can get it from now on.")
        else:
            messages.info(
                request, "This case was added already, as you first sent it. To change it, close it and add another."
            )
        return redirect("admin:community_hackverification_change", case.pk)

    @action(description="Decide", permissions=["decide"])
    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        verification = get_object_or_404(HackVerification.objects.select_related("hack", "user"), pk=object_id)
        if not HackVerification.objects.filter(pk=object_id, **TO_DECIDE).exists():
            return self._refused(request, Refusal.ALREADY_DECIDED)
        form = DecisionForm(request.POST or None)
        title = f"Decide: {verification.hack}, by {verification.user}"
        if response := self._ask_details(request, verification, title, form):
            return response
        decision = form.cleaned_data
        verdict = "authentic" if decision["is_authentic"] else "not authentic"
        if "confirmed" not in request.POST:
            return self._ask_to_confirm(
                request, title, form, f"decide that it's {verdict}", f"Decide: {verdict}", DECISION_HELP
            )
        try:
            decide_verification(staff=request.user.member, verification_id=verification.pk, **decision)
        except VerificationRefused as refused:
            return self._refused(request, refused.reason)
        change = [Change("decision", "", verdict), Change("reason", "", decision["reason"])]
        return self._done(request, verification, change, f"Decided: {verdict}. The author will be notified.")

    @action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        verification = get_object_or_404(HackVerification.objects.select_related("hack", "user"), pk=object_id)
        if not HackVerification.objects.filter(pk=object_id, **REVOCABLE).exists():
            return self._refused(request, Refusal.NOT_VERIFIED)
        form = RevokeForm(request.POST or None)
        title = f"Revoke: {verification.hack}, by {verification.user}"
        if response := self._ask_details(request, verification, title, form, explanation=REVOKE_HELP):
            return response
        if "confirmed" not in request.POST:
            return self._ask_to_confirm(request, title, form, "revoke the verification", "Revoke", REVOKE_HELP)
        reason = form.cleaned_data["reason"]
        try:
            revoke_verification(staff=request.user.member, verification_id=verification.pk, reason=reason)
        except VerificationRefused as refused:
            return self._refused(request, refused.reason)
        change = [Change("decision", "authentic", "revoked"), Change("reason", verification.decision_reason, reason)]
        return self._done(request, verification, change, "Revoked. The author will be notified.")

    def _ask_details(
        self, request: HttpRequest, verification: HackVerification, title: str, form: Form, **more: Any
    ) -> HttpResponse | None:
        """Return the page with the submission and the form, or None once the form is valid.

        For the staff member's own submission, always return a page without the form.
        """
        if verification.user_id == request.user.pk:
            return self._page(request, title, "", pairs=verification.verification_questions, refusal=OWN_SUBMISSION)
        if form.is_valid():
            return None
        return self._page(request, title, "Continue", form, summary=_summary(request, verification), **more)

    def _ask_to_confirm(
        self, request: HttpRequest, title: str, form: Form, choice: str, button: str, explanation: str
    ) -> HttpResponse:
        pairs = [{"question": f"You {choice}, because:", "answer": form.cleaned_data["reason"]}]
        return self._page(request, title, button, form, confirms=True, pairs=pairs, explanation=explanation)

    def _refused(self, request: HttpRequest, reason: Refusal) -> HttpResponse:
        messages.error(request, REFUSAL_MESSAGES[reason])
        return redirect("admin:community_hackverification_changelist")

    def _done(
        self, request: HttpRequest, verification: HackVerification, change: list[Change], message: str
    ) -> HttpResponse:
        log_changes(user=request.user, changed=[(verification, change)])
        messages.success(request, message)
        return redirect("admin:community_hackverification_changelist")

    @action(description="Close this case", permissions=["close"])
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._set_status(request, object_id, TO_CLOSE, Status.DRAFT, "Close this known case", CLOSE_HELP)

    @action(description="Offer again", permissions=["reopen"])
    def reopen(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._set_status(
            request, object_id, TO_REOPEN, Status.SUBMITTED, "Offer this known case again", KNOWN_CASE_HELP
        )

    def _set_status(
        self,
        request: HttpRequest,
        object_id: str,
        state: dict[str, Any],
        status: Status,
        title: str,
        explanation: str,
    ) -> HttpResponse:
        case = get_object_or_404(HackVerification, pk=object_id)
        if not HackVerification.objects.filter(pk=object_id, **state).exists():
            messages.info(request, "This was done already.")
            return redirect("admin:community_hackverification_change", case.pk)
        if request.method != "POST":
            return self._page(request, title, title, pairs=case.verification_questions, explanation=explanation)
        change = Change("state", case.status, status)
        case.status = status
        case.save(update_fields=["status"])
        log_changes(user=request.user, changed=[(case, [change])])
        messages.success(request, "Done.")
        return redirect("admin:community_hackverification_change", case.pk)

    def _page(
        self,
        request: HttpRequest,
        title: str,
        button: str,
        form: Form | None = None,
        **more: Any,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "button": button,
            "form": form,
            "method": "post",
            "back": reverse("admin:community_hackverification_changelist"),
            **more,
        }
        return TemplateResponse(request, "admin/community/form.html", context)
