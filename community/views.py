"""/verification/: showing one's own mastery, and reviewing what others say of theirs."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import BadRequest
from django.db.models import Case, F, FilteredRelation, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Member
from community import actions, queue, rules
from community.actions import LeaseLost, Refusal, TooManyReviewsOpen, VerificationRefused
from community.forms import AnswersForm, ReviewForm
from community.models import HackVerification, HackVerificationReview, HackVerificationRound
from hacks.models import Hack

Status = HackVerification.Status

# An icon, the badge's words and its tone, and what is next.
STATES: dict[str, tuple[str, str, str, str]] = {
    Status.DRAFT: ("feather", "Draft", "", "Nobody reads it before you submit it."),
    Status.SUBMITTED: ("hourglass", "With your peers", "accent", ""),
    Status.ESCALATED: ("hourglass", "With our staff", "accent", "It took too long: our staff decide."),
    Status.RETURNED: ("message-circle", "Returned", "warn", "Read the comments, and answer anew."),
    Status.VERIFIED: ("badge-check", "Verified", "good", "You may review it for others."),
}
LEADS: dict[str, str] = {
    Status.DRAFT: "Answer in your own words. {} members who know this practice read them.",
    Status.SUBMITTED: "Your answers are with your peers.",
    Status.ESCALATED: "Your answers are with our staff.",
    Status.RETURNED: "Not there yet: see what was missed, and answer anew.",
}
REFUSED: dict[Refusal, str] = {
    Refusal.NOT_ASKED: "This hack asks for no verification any more.",
    Refusal.PRACTISE_FIRST: "Practise it a little more before you submit. You can save your answers as a draft.",
    Refusal.ANSWER_ALL: "The questions have just been changed. Please look at them once more.",
    Refusal.UNDER_REVIEW: "Somebody has reviewed it meanwhile, so that it can't be changed any more.",
    Refusal.NO_SUCH_STEP: "It was not saved: it is submitted or decided already.",
}
# Why a review can't be given any more; the last is for a lease that expired.
OVER: dict[str, tuple[str, str]] = {
    "changed": (
        "The answers have changed",
        "Their author has changed them while you read. They wait for a reviewer anew.",
    ),
    "withdrawn": ("It was withdrawn", "Its author has taken it back. There is nothing more for you to do."),
    "decided": ("It is decided already", "It was decided while you read. Thank you for your time."),
    "given_back": ("You have given it back", "Somebody else reviews it."),
    "expired": ("The time is over", "The half hour is over, and somebody else may review it now."),
}


@require_safe
@login_required
def verification_list(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    leases = [lease for lease in queue.leases() if lease.is_open]
    hacks = _hacks_around(request.member, [lease.hack_id for lease in leases])
    is_waiting = any(hack["proof__status"] == Status.SUBMITTED for hack in hacks)
    standings = queue.standings() if is_waiting else {}
    waiting = queue.waiting_reviews()
    asked = [_asked_row(hack) for hack in hacks if hack["proof__id"] is None and _is_asked(hack)]
    names = {hack["id"]: hack["name"] for hack in hacks}
    context = {
        "own": [_own_row(hack, standings.get(hack["proof__id"])) for hack in hacks if hack["proof__id"]],
        "ready": [row for row in asked if row["done"] >= row["needed"]],
        "coming": [row for row in asked if row["done"] < row["needed"]],
        "leases": [_lease_row(lease, names, now) for lease in leases],
        "has_hands_full": len(leases) >= rules.MAX_LEASES,
        "waiting": sum(waiting.values()),
        "waiting_in": [(pk, names[pk], number) for pk, number in waiting.items() if pk in names],
        "may_review": ", ".join(hack["name"] for hack in hacks if _may_review(hack)),
        "nearest": _nearest(hacks),
        "rules": {"leases": rules.MAX_LEASES, "minutes": rules.LEASE // timedelta(minutes=1)},
        "reviews_needed": rules.REVIEWS_TO_DECIDE,
    }
    return render(request, "community/verification_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def verification_edit(request: HttpRequest, slug: str) -> HttpResponse:
    hack, verification = _hack_and_own(request.member, slug)
    form = _answers_form(request, hack, verification)
    if request.method == "POST":
        is_saved = form is not None and form.is_valid() and _is_saved(request.member, hack, form)
        if request.htmx:
            return HttpResponse(_kept_in_words(is_saved))
        if form is None:
            messages.error(request, REFUSED[Refusal.NO_SUCH_STEP])
            return redirect("community:verification-edit", slug)
        if is_saved:
            words = "Your draft is saved." if form.may_have_gaps else "It is with your peers now."
            messages.success(request, words)
            return redirect("community:verification-edit", slug)
    return render(request, "community/verification_edit.html", _verification_page(hack, verification, form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def verification_withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    hack, verification = _hack_and_own(request.member, slug)
    if verification is None:
        raise Http404("There is nothing to withdraw.")
    if request.method == "POST":
        if actions.withdraw_verification(member=request.member, hack=hack):
            messages.success(request, "Your submission is a draft again.")
        else:
            messages.error(request, "It could not be withdrawn: it is decided already.")
        return redirect("community:verification-edit", slug)
    if verification.status not in (Status.SUBMITTED, Status.ESCALATED):
        return redirect("community:verification-edit", slug)
    return render(request, "community/verification_withdraw.html", {"hack": hack})


@require_POST
@login_required
def review_take(request: HttpRequest) -> HttpResponse:
    try:
        hack_id = UUID(request.POST["hack"]) if request.POST.get("hack") else None
    except ValueError as error:
        raise BadRequest("hack must be the id of a hack.") from error
    try:
        lease_id = actions.take_review(hack_id=hack_id)
    except TooManyReviewsOpen:
        messages.error(request, f"You have {rules.MAX_LEASES} reviews open: finish or give back one of them first.")
        return redirect("community:verification-list")
    if lease_id is None:
        messages.info(request, "Nothing waits for you any more: somebody else was quicker.")
        return redirect("community:verification-list")
    return redirect("community:review", lease_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def review(request: HttpRequest, pk: UUID) -> HttpResponse:
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            actions.give_review(
                member=request.member,
                lease_id=pk,
                review_id=given["id"],
                is_authentic=given["is_authentic"],
                comment=given["comment"],
            )
        except LeaseLost as lost:
            return _review_over(request, lost.state, written=given["comment"])
        messages.success(request, "Thank you for your review. Its author does not learn who you are.")
        return redirect("community:verification-list")
    lease = queue.find_lease(pk)
    if lease is None or not lease.is_open:
        return _review_over(request, lease.state if lease else "", written=request.POST.get("comment", ""))
    context = {
        "pk": pk,
        "hack": Hack.objects.select_related("category").only("name", "category__name").get(pk=lease.hack_id),
        "author": Member.objects.filter(pk=lease.author_id).first() if lease.author_id else None,
        "pairs": lease.answers,
        "left": _time_left(lease.expires_at, timezone.now()),
        "form": form,
        "reviews_needed": rules.REVIEWS_TO_DECIDE,
    }
    return render(request, "community/review.html", context)


@require_POST
@login_required
def review_release(request: HttpRequest, pk: UUID) -> HttpResponse:
    lease = queue.find_lease(pk)
    if lease is None:
        raise Http404("There is no such lease.")
    if actions.release_review(lease_id=pk):
        messages.success(request, "You have given it back: somebody else reviews it.")
    else:
        messages.info(request, "It was not yours any more.")
    return redirect("community:verification-list")


def _hacks_around(member: Member, leased: list[UUID]) -> list[dict[str, Any]]:
    """The hacks whose verification concerns the member, with their progress and (as proof__…) their submission."""
    is_asked = Q(requires_verification=True, is_active=True, own__total_practice_count__gt=0)
    hacks = Hack.objects.annotate(
        own=FilteredRelation("progress", condition=Q(progress__user=member)),
        proof=FilteredRelation("verifications", condition=Q(verifications__user=member)),
        done=F("own__total_practice_count"),
    )
    return list(
        hacks.filter(is_asked | Q(proof__isnull=False) | Q(pk__in=leased)).values(
            "id",
            "name",
            "slug",
            "category__name",
            "requires_verification",
            "verification_questions",
            "verification_practice_count",
            "reviewer_practice_count",
            "done",
            "own__verified_at",
            "proof__id",
            "proof__status",
            "proof__submitted_at",
        )
    )


def _is_asked(hack: dict[str, Any]) -> bool:
    return bool(hack["requires_verification"] and hack["verification_questions"] and hack["done"])


def _may_review(hack: dict[str, Any]) -> bool:
    return bool(hack["own__verified_at"] or (hack["done"] or 0) >= hack["reviewer_practice_count"])


def _nearest(hacks: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The hack of which the fewest practices are missing until one may review it."""
    begun = [hack for hack in hacks if hack["done"]]
    return min(begun, key=lambda hack: hack["reviewer_practice_count"] - hack["done"], default=None)


def _own_row(hack: dict[str, Any], standing: queue.Standing | None) -> dict[str, Any]:
    icon, state, tone, words = STATES[hack["proof__status"]]
    lines = _wait_in_words(standing, hack["proof__submitted_at"]) if standing else [words]
    return {**_row(hack), "icon": icon, "state": state, "tone": tone, "lines": lines}


def _asked_row(hack: dict[str, Any]) -> dict[str, Any]:
    return {**_row(hack), "done": hack["done"], "needed": hack["verification_practice_count"]}


def _row(hack: dict[str, Any]) -> dict[str, Any]:
    url = reverse("community:verification-edit", args=[hack["slug"]])
    return {"name": hack["name"], "category": hack["category__name"], "url": url}


def _lease_row(lease: queue.Lease, names: dict[UUID, str], now: datetime) -> dict[str, Any]:
    url = reverse("community:review", args=[lease.id])
    return {"name": names[lease.hack_id], "url": url, "left": _time_left(lease.expires_at, now)}


def _hack_and_own(member: Member, slug: str) -> tuple[Hack, HackVerification | None]:
    """A hack that asks for verification, or of which the member has a submission from when it did."""
    hacks = Hack.objects.visible_to(member).with_progress_of(member).select_related("category").defer("search")
    hack = get_object_or_404(hacks, slug=slug)
    verification = HackVerification.objects.visible_to(member).filter(hack=hack).first()
    if verification is None and not hack.can_be_verified:
        raise Http404("This hack asks for no verification.")
    return hack, verification


def _is_reviewed(verification: HackVerification) -> bool:
    return verification.verification_count + verification.rejection_count > 0


def _answers_form(request: HttpRequest, hack: Hack, verification: HackVerification | None) -> AnswersForm | None:
    """None where there is nothing to be answered, or not any more."""
    if verification is None:
        is_open = hack.practice_count >= hack.verification_practice_count
    elif verification.status == Status.SUBMITTED:
        is_open = not _is_reviewed(verification)
    else:
        is_open = verification.status in (Status.DRAFT, Status.RETURNED)
    if not (is_open and hack.can_be_verified):
        return None
    return AnswersForm(
        request.POST or None,
        questions=hack.verification_questions,
        answers=verification.verification_questions if verification else [],
        initial={"is_anonymous": bool(verification and verification.is_anonymous)},
        may_have_gaps=request.POST.get("do") == "draft",
    )


def _is_saved(member: Member, hack: Hack, form: AnswersForm) -> bool:
    save = actions.save_draft if form.may_have_gaps else actions.submit_verification
    try:
        save(
            member=member,
            hack=hack,
            answers=form.answers,
            is_anonymous=form.cleaned_data["is_anonymous"],
        )
    except VerificationRefused as refused:
        form.add_error(None, REFUSED[refused.reason])
        return False
    return True


def _kept_in_words(is_saved: bool) -> str:
    """Below the form, while it is typed into."""
    now = date_format(timezone.localtime(), "H:i")
    return f"Draft kept at {now}." if is_saved else "Not kept: save the draft to see why."


def _verification_page(hack: Hack, verification: HackVerification | None, form: AnswersForm | None) -> dict[str, Any]:
    state = verification.status if verification else Status.DRAFT
    context = {
        "hack": hack,
        "state": str(state),
        "lead": LEADS.get(state, "").format(rules.REVIEWS_TO_DECIDE),
        "form": form,
        "missing": verification is None and form is None,
    }
    if verification is None:
        return context
    is_decided = state in (Status.RETURNED, Status.VERIFIED)
    verified_at = verification.verified_at and timezone.localtime(verification.verified_at)
    return {
        **context,
        "pairs": verification.verification_questions,
        "standing": _standing_in_words(verification),
        "decision_reason": verification.decision_reason if is_decided else "",
        "verified_on": date_format(verified_at, "j F Y") if verified_at else "",
        "reviews": _reviews(verification.pk, verification.round) if is_decided else None,
        "rounds": [_round_row(ended) for ended in _rounds(verification)],
    }


def _reviews(verification: UUID | OuterRef, number: int | OuterRef) -> QuerySet:
    """What peers say of a round. Not by time, which might tell who it was: those who find it authentic come first."""
    verdict = Case(When(is_authentic=True, then=Value("Authentic")), default=Value("Not authentic yet"))
    reviews = HackVerificationReview.objects.filter(verification=verification, round=number).annotate(verdict=verdict)
    return reviews.order_by("-is_authentic", "comment").values("verdict", "is_authentic", "comment")


def _rounds(verification: HackVerification) -> QuerySet:
    """The earlier ones with their reviews, the latest first."""
    reviews = _reviews(OuterRef("verification"), OuterRef("round"))
    as_json = reviews.values_list(JSONObject(verdict="verdict", comment="comment"))
    rounds = HackVerificationRound.objects.filter(verification=verification)
    return rounds.annotate(said=ArraySubquery(as_json)).order_by("-round")


def _round_row(ended: HackVerificationRound) -> dict[str, Any]:
    day = date_format(timezone.localtime(ended.ended_at), "j F Y")
    return {
        "title": f"Round {ended.round}, {ended.get_outcome_display().lower()} on {day}",
        "pairs": ended.verification_questions,
        "reviews": ended.said,
        "decision_reason": ended.decision_reason,
    }


def _standing_in_words(verification: HackVerification) -> list[str]:
    if verification.status == Status.ESCALATED:
        return ["Your peers took too long. Our staff decide, and you are told as soon as they have."]
    standing = queue.standings().get(verification.pk) if verification.status == Status.SUBMITTED else None
    if standing is None:
        return []
    lines = _wait_in_words(standing, verification.submitted_at)
    number = verification.verification_count + verification.rejection_count
    if number:
        return [*lines, f"{number} of {rules.REVIEWS_TO_DECIDE} reviews {pluralize(number, 'is,are')} in."]
    return [*lines, "Until the first review you can change your answers; you keep your place."]


def _wait_in_words(standing: queue.Standing, submitted_at: datetime) -> list[str]:
    wait = standing.expected_wait
    by = date_format(timezone.localtime(rules.staff_take_over_at(submitted_at)), "j F Y")
    return [
        f"Place {standing.position} in the queue.",
        f"Lately it took {_about(wait)}." if wait else "How long it takes is not known yet.",
        f"If your peers have not decided by {by}, our staff do.",
    ]


def _about(wait: timedelta) -> str:
    hours = wait / timedelta(hours=1)
    if hours < 1:
        return "less than an hour"
    number, unit = (round(hours), "hour") if hours < 36 else (round(hours / 24), "day")
    return f"about {number} {unit}{pluralize(number)}"


def _time_left(expires_at: datetime, now: datetime) -> str:
    minutes = (expires_at - now) // timedelta(minutes=1)
    left = f"{minutes} minute{pluralize(minutes)}" if minutes > 0 else "less than a minute"
    return f"Yours until {date_format(timezone.localtime(expires_at), 'H:i')}: {left} left"


def _review_over(request: HttpRequest, state: str, *, written: str) -> HttpResponse:
    """A page that says why; somebody else's lease, or one that never was, has none."""
    if state not in OVER:
        raise Http404("There is no such lease.")
    title, text = OVER[state]
    return render(request, "community/review_over.html", {"title": title, "text": text, "written": written}, status=410)
