from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
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
from community.rules import REVIEWS_TO_DECIDE, staff_take_over_at

Status = HackVerification.Status
WAITING = (Status.SUBMITTED, Status.ESCALATED)

TO_DECIDE: dict[str, Any] = {"status": Status.ESCALATED, "user__isnull": False}
REVOCABLE: dict[str, Any] = {"status": Status.VERIFIED, "user__isnull": False}
TO_CLOSE: dict[str, Any] = {"status": Status.SUBMITTED, "user__isnull": True}
TO_REOPEN: dict[str, Any] = {"status": Status.DRAFT, "user__isnull": True}

# What waits for staff comes first, and what has waited longest before the others.
QUEUE_FIRST = models.Case(models.When(status=Status.ESCALATED, then=0), default=1)
KNOWN_CASE = (
    "Reviewers are given it like anybody's, one in five at most, and are not told. It decides nothing: their signs "
    "show how well they judge. Write nothing that only staff could know."
)
CLOSE = "Nobody is given it any more. The reviews that it has had stay in the signs; you can offer it again."
IS_TOLD = (
    "The author is told at once, and reads the reason. What is authentic can be revoked later; to what is not, the "
    "author may answer anew."
)
REVOKE = (
    "It is returned: the author is told at once, reads the reason and may answer anew. Its XP goes, and so does "
    "reviewing it for others. Hacks that it has opened stay open, and achievements stay theirs."
)
OWN = "It is your own: somebody else has to decide it."
REFUSED = {
    Refusal.OWN: OWN,
    Refusal.ALREADY_DECIDED: "It does not wait for a decision any more.",
    Refusal.NOT_VERIFIED: "It is not verified any more.",
}


def _when_by(moment: datetime, who: Member | str | None) -> str:
    return f"{date_format(timezone.localtime(moment), 'DATETIME_FORMAT')}, by {who or 'our staff'}"


def _reviews(which: models.Q | None = None) -> Coalesce:
    """How many a verification has had; worked out for the rows that a list shows alone."""
    reviews = HackVerificationReview.objects.filter(which or models.Q(), verification=models.OuterRef("pk")).order_by()
    number = reviews.values("verification").values(number=models.Count("pk"))
    return Coalesce(models.Subquery(number), 0)


def _summary(request: HttpRequest, verification: HackVerification) -> dict[str, Any]:
    """What a judgement needs: whose it is, what they say, what peers said of it, and how those peers review."""
    reviews = list(verification.reviews.select_related("reviewer").order_by("-round", "reviewed_at"))
    signs = {}
    if request.user.has_perm("community.view_reviewersignals"):
        signs = ReviewerSignals.objects.in_bulk([review.reviewer_id for review in reviews if review.reviewer_id])
    return {
        "verification": verification,
        "promised_for": staff_take_over_at(verification.submitted_at),
        "reviews": [(review, signs.get(review.reviewer_id)) for review in reviews],
    }


class KindFilter(admin.SimpleListFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        return [("members", "Of members"), ("known", "Known cases")]

    def queryset(self, request, queryset):
        return queryset.filter(user__isnull=self.value() == "known") if self.value() else queryset


@admin.register(HackVerification)
class HackVerificationAdmin(RemembersChanges, ReadOnlyAdmin):
    """Staff decide what waited too long, take back what should not be verified, and make the known cases.

    The rest is to look at.
    """

    list_display = ["hack", "whose", "state", "submitted_at", "promised_for", "counts"]
    list_filter = ["status", KindFilter, "is_anonymous", "submitted_at", "hack"]
    list_select_related = ["hack", "user"]
    search_fields = ["user__username", "hack__name"]
    search_help_text = "A member's username, or a hack."
    ordering = [QUEUE_FIRST, models.F("submitted_at").asc(nulls_last=True), "pk"]
    fields = [
        "hack",
        "whose",
        "is_anonymous",
        "state",
        "round",
        "answers",
        "said",
        "submitted_at",
        "promised_for",
        "escalated_at",
        "decided",
        "revoked",
        "reason",
    ]
    readonly_fields = ["whose", "state", "answers", "said", "promised_for", "decided", "revoked", "reason"]
    actions_detail = ["decide", "revoke", "close", "reopen"]

    def get_queryset(self, request):
        right = models.Q(is_authentic=models.OuterRef("known_outcome"))
        return super().get_queryset(request).annotate(review_count=_reviews(), right_count=_reviews(right))

    @admin.display(description="author", ordering="user__username")
    def whose(self, verification: HackVerification) -> str:
        if verification.user is None:
            return f"Nobody: known to be {'authentic' if verification.known_outcome else 'not authentic'}"
        return verification.user.username

    @admin.display(ordering="status")
    def state(self, verification: HackVerification) -> str:
        if verification.user is None:
            return "Offered" if verification.status == Status.SUBMITTED else "Closed"
        return verification.get_status_display()

    @admin.display(description="promised for", ordering="submitted_at")
    def promised_for(self, verification: HackVerification) -> datetime | None:
        """When its author was told that staff decide at the latest; nobody waits for a known case."""
        if verification.user is None or verification.status not in WAITING:
            return None
        return staff_take_over_at(verification.submitted_at)

    @admin.display(description="reviews", ordering="verification_count")
    def counts(self, verification: HackVerification) -> str:
        """Of this round; a known case has none, and is there for how many judge it as they should."""
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
    def said(self, verification: HackVerification) -> str:
        """Without names on one's own: who reviews is promised that the author does not learn them."""
        reviews = verification.reviews.select_related("reviewer").order_by("round", "reviewed_at")
        rows = [
            (each.round, "a member" if verification.is_own else each.reviewer or "account deleted", each, each.comment)
            for each in reviews
        ]
        return format_html_join("", '<p class="mb-2 whitespace-pre-line">Round {}, {}: {}. {}</p>', rows) or "None"

    @admin.display
    def decided(self, verification: HackVerification) -> str | None:
        """Who took it back stands in the place of whoever decided before."""
        if verification.decided_at is None:
            return None
        if max(verification.verification_count, verification.rejection_count) >= REVIEWS_TO_DECIDE:
            return _when_by(verification.decided_at, "its peers")
        return _when_by(verification.decided_at, None if verification.revoked_at else verification.decided_by)

    @admin.display
    def revoked(self, verification: HackVerification) -> str | None:
        return verification.revoked_at and _when_by(verification.revoked_at, verification.decided_by)

    @admin.display(description="reason that staff gave")
    def reason(self, verification: HackVerification) -> str:
        return verification.decision_reason

    def has_add_permission(self, request):
        """What staff add is a known case."""
        return request.user.has_perm("community.add_hackverification")

    def has_decide_permission(self, request, object_id=None):
        return self._may(request, object_id, **TO_DECIDE)

    def has_revoke_permission(self, request, object_id=None):
        return self._may(request, object_id, **REVOCABLE)

    def has_close_permission(self, request, object_id=None):
        return self._may(request, object_id, **TO_CLOSE)

    def has_reopen_permission(self, request, object_id=None):
        return self._may(request, object_id, **TO_REOPEN)

    def _may(self, request: HttpRequest, object_id: Any, **is_due: Any) -> bool:
        """A second click is told that it was the second, rather than that it may not."""
        is_due_now = request.method == "POST" or HackVerification.objects.filter(pk=object_id, **is_due).exists()
        return request.user.has_perm("community.change_hackverification") and is_due_now

    def add_view(self, request, form_url="", extra_context=None):
        """First the hack, then its questions."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        chosen = ChosenHackForm(request.GET or None)
        if not chosen.is_valid():
            return self._page(request, "Add a known case", "Next", chosen, method="get")
        hack = chosen.cleaned_data["hack"]
        form = KnownCaseForm(request.POST or None, hack=hack)
        if not form.is_valid():
            return self._page(request, f"Known case of {hack}", "Offer it", form, explanation=KNOWN_CASE)
        case, is_new = form.save()
        if is_new:
            self.log_addition(request, case, [{"added": {}}])
            messages.success(request, "It is among what reviewers are given.")
        else:
            messages.info(
                request, "It is offered already, as it was sent first. To change it, close it and add another."
            )
        return redirect("admin:community_hackverification_change", case.pk)

    @action(description="Decide", permissions=["decide"])
    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        verification = get_object_or_404(HackVerification.objects.select_related("hack", "user"), pk=object_id)
        if not HackVerification.objects.filter(pk=object_id, **TO_DECIDE).exists():
            return self._refused(request, Refusal.ALREADY_DECIDED)
        form = DecisionForm(request.POST or None)
        title = f"Decide: {verification.hack}, by {verification.user}"
        if response := self._ask(request, verification, title, form):
            return response
        decision = form.cleaned_data
        words = "authentic" if decision["is_authentic"] else "not authentic"
        if "confirmed" not in request.POST:
            return self._ask_again(request, title, form, f"decide that it is {words}", f"Decide: {words}", IS_TOLD)
        try:
            decide_verification(staff=request.user.member, verification_id=verification.pk, **decision)
        except VerificationRefused as refused:
            return self._refused(request, refused.reason)
        change = [Change("decision", "", words), Change("reason", "", decision["reason"])]
        return self._done(request, verification, change, f"Decided: {words}. The author is told.")

    @action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        verification = get_object_or_404(HackVerification.objects.select_related("hack", "user"), pk=object_id)
        if not HackVerification.objects.filter(pk=object_id, **REVOCABLE).exists():
            return self._refused(request, Refusal.NOT_VERIFIED)
        form = RevokeForm(request.POST or None)
        title = f"Revoke: {verification.hack}, by {verification.user}"
        if response := self._ask(request, verification, title, form, explanation=REVOKE):
            return response
        if "confirmed" not in request.POST:
            return self._ask_again(request, title, form, "revoke it", "Revoke it", REVOKE)
        reason = form.cleaned_data["reason"]
        try:
            revoke_verification(staff=request.user.member, verification_id=verification.pk, reason=reason)
        except VerificationRefused as refused:
            return self._refused(request, refused.reason)
        change = [Change("decision", "authentic", "revoked"), Change("reason", verification.decision_reason, reason)]
        return self._done(request, verification, change, "Revoked. The author is told.")

    def _ask(
        self, request: HttpRequest, verification: HackVerification, title: str, form: Form, **more: Any
    ) -> HttpResponse | None:
        """What it is about, and the form: until it is filled in, and always on one's own."""
        if verification.user_id == request.user.pk:
            return self._page(request, title, "", pairs=verification.verification_questions, refusal=OWN)
        if form.is_valid():
            return None
        return self._page(request, title, "Go on", form, summary=_summary(request, verification), **more)

    def _ask_again(
        self, request: HttpRequest, title: str, form: Form, deed: str, button: str, explanation: str
    ) -> HttpResponse:
        pairs = [{"question": f"You {deed}, because:", "answer": form.cleaned_data["reason"]}]
        return self._page(request, title, button, form, confirms=True, pairs=pairs, explanation=explanation)

    def _refused(self, request: HttpRequest, reason: Refusal) -> HttpResponse:
        messages.error(request, REFUSED[reason])
        return redirect("admin:community_hackverification_changelist")

    def _done(
        self, request: HttpRequest, verification: HackVerification, change: list[Change], words: str
    ) -> HttpResponse:
        log_changes(user=request.user, changed=[(verification, change)])
        messages.success(request, words)
        return redirect("admin:community_hackverification_changelist")

    @action(description="Close the case", permissions=["close"])
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._offer(request, object_id, TO_CLOSE, Status.DRAFT, "Close this known case", CLOSE)

    @action(description="Offer again", permissions=["reopen"])
    def reopen(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._offer(request, object_id, TO_REOPEN, Status.SUBMITTED, "Offer this known case again", KNOWN_CASE)

    def _offer(
        self,
        request: HttpRequest,
        object_id: str,
        is_due: dict[str, Any],
        status: Status,
        title: str,
        explanation: str,
    ) -> HttpResponse:
        case = get_object_or_404(HackVerification, pk=object_id)
        if not HackVerification.objects.filter(pk=object_id, **is_due).exists():
            messages.info(request, "That was done already.")
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
