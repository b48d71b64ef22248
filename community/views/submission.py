"""/verification/<hack>/: one's own submission, from the draft to its outcome."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, OuterRef, QuerySet, Value, When
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods

from accounts.models import Member
from community import actions, queue, rules
from community.actions import Refusal, VerificationRefused
from community.forms import AnswersForm
from community.models import HackVerification, HackVerificationReview, HackVerificationRound
from gamification.rules import XP_RULES
from hacks.models import Hack

Status = HackVerification.Status

LEADS: dict[str, str] = {
    Status.DRAFT: "Answer in your own words. They are read by {} members who know this practice.",
    Status.SUBMITTED: "Your answers are with your peers.",
    Status.ESCALATED: "Your answers are with our staff.",
    Status.RETURNED: "Not there yet: see what was missed, and answer anew.",
}
EARLY = "Its questions come after {} practice{}. Members who know it read what you answer."
REVOKED = "Our staff took your verification back on {}. Read why, and answer anew when you feel like it."
REFUSED: dict[Refusal, str] = {
    Refusal.NOT_ASKED: "This hack asks for no verification any more.",
    Refusal.PRACTISE_FIRST: "Practise it a little more before you submit. You can save your answers as a draft.",
    Refusal.ANSWER_ALL: "The questions have just been changed. Please look at them once more.",
    Refusal.UNCHANGED: "These answers have come back to you as they are. Say what was missing, then submit them again.",
    Refusal.UNDER_REVIEW: "Somebody has reviewed it meanwhile, so that it can't be changed any more.",
    Refusal.WITHDRAWN: "You have withdrawn it. Submit it again?",
    Refusal.NO_SUCH_STEP: "It was not saved: it is submitted or decided already.",
}

# By what the form says that it does.
SAVED = {"draft": "Your draft is saved.", "change": "Your change is saved."}
SUBMITTED = "It is with your peers now."


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    hack, verification = _hack_and_own(request.member, slug)
    form = _answers_form(request, hack, verification)
    if request.method == "POST":
        do = request.POST.get("do", "")
        is_saved = form is not None and form.is_valid() and _is_saved(request.member, hack, form, do == "change")
        if request.htmx:
            return HttpResponse(_kept_in_words(is_saved))
        if form is None:
            messages.error(request, _why_closed(hack, verification))
            return redirect("community:verification-edit", slug)
        if is_saved:
            messages.success(request, SAVED.get(do, SUBMITTED))
            return redirect("community:verification-edit", slug)
    return render(request, "community/verification_edit.html", _verification_page(hack, verification, form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    hack, verification = _hack_and_own(request.member, slug)
    if verification is None:
        raise Http404("There is nothing to withdraw.")
    if request.method == "POST":
        withdrawn = actions.withdraw_verification(member=request.member, hack=hack)
        # Sent twice, the second finds the draft that the first has made.
        if withdrawn or verification.status == Status.DRAFT:
            messages.success(request, "Your submission is a draft again.")
        else:
            messages.error(request, "It could not be withdrawn: it is decided already.")
        return redirect("community:verification-edit", slug)
    if verification.status not in (Status.SUBMITTED, Status.ESCALATED):
        return redirect("community:verification-edit", slug)
    context = {"hack": hack, "reviews": _number_of_reviews(verification)}
    return render(request, "community/verification_withdraw.html", context)


def _hack_and_own(member: Member, slug: str) -> tuple[Hack, HackVerification | None]:
    """A hack that asks for verification, or of which the member has a submission from when it did."""
    hacks = Hack.objects.visible_to(member).with_progress_of(member).select_related("category").defer("search")
    hack = get_object_or_404(hacks, slug=slug)
    verification = HackVerification.objects.visible_to(member).filter(hack=hack).first()
    if verification is None and not hack.can_be_verified:
        raise Http404("This hack asks for no verification.")
    return hack, verification


def _number_of_reviews(verification: HackVerification) -> int:
    return verification.verification_count + verification.rejection_count


def _answers_form(request: HttpRequest, hack: Hack, verification: HackVerification | None) -> AnswersForm | None:
    """None where there is nothing to be answered, or not any more."""
    if verification is None:
        is_open = hack.practice_count >= hack.verification_practice_count
    elif verification.status == Status.SUBMITTED:
        # What was typed while the first review came is refused by the action, and not lost.
        is_open = request.method == "POST" or not _number_of_reviews(verification)
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


def _why_closed(hack: Hack, verification: HackVerification | None) -> str:
    if not hack.can_be_verified:
        return REFUSED[Refusal.NOT_ASKED]
    return REFUSED[Refusal.NO_SUCH_STEP] if verification else "It was not saved: practise it a little more first."


def _is_saved(member: Member, hack: Hack, form: AnswersForm, is_change: bool) -> bool:
    save = actions.save_draft if form.may_have_gaps else partial(actions.submit_verification, is_change=is_change)
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
    revoked_at = verification and verification.revoked_at
    context = {
        "hack": hack,
        "state": str(state),
        "lead": _lead(hack, state, revoked_at),
        "form": form,
        "xp": XP_RULES["verification"].amount,
        "reviews_needed": rules.REVIEWS_TO_DECIDE,
    }
    if verification is None:
        return context if form else {**context, **_before(hack)}
    is_decided = state in (Status.RETURNED, Status.VERIFIED)
    rounds = [_round_row(ended) for ended in _rounds(verification)]
    # What is to be revised stands above the answers until they are submitted anew.
    nothing = {"reviews": [], "decision_reason": "", "is_revoked": revoked_at is not None}
    before = rounds[0] if rounds and state == Status.DRAFT else nothing
    verified_at = verification.verified_at
    return {
        **context,
        "pairs": verification.verification_questions,
        "waiting": _waiting_words(verification),
        "decision_reason": verification.decision_reason if is_decided else before["decision_reason"],
        "verified_on": date_format(timezone.localtime(verified_at), "j F Y") if verified_at else "",
        "is_xp_to_come": _is_xp_to_come(verification),
        "reviews": _said(_reviews(verification.pk, verification.round)) if is_decided else before["reviews"],
        # They had found it authentic: not what the author should answer to.
        "is_revoked": before["is_revoked"],
        "rounds": rounds,
    }


def _is_xp_to_come(verification: HackVerification) -> bool:
    verified_at = verification.verified_at
    return bool(verified_at and verification.is_anonymous and verified_at >= rules.anonymous_xp_cutoff(timezone.now()))


def _before(hack: Hack) -> dict[str, Any]:
    """What is to be done before the questions are asked."""
    if not hack.is_open:
        title, action = "It is not open to you yet", "See what opens it"
    elif not hack.practice_count:
        title, action = "Practise it first", "To the practice"
    else:
        title, action = "A little more practice first", "Back to the practice"
    number = hack.verification_practice_count
    return {"before": {"title": title, "action": action}, "lead": EARLY.format(number, pluralize(number))}


def _lead(hack: Hack, state: str, revoked_at: datetime | None) -> str:
    if state in (Status.DRAFT, Status.RETURNED) and not hack.can_be_verified:
        return REFUSED[Refusal.NOT_ASKED]
    if revoked_at:
        return REVOKED.format(date_format(timezone.localtime(revoked_at), "j F Y"))
    return LEADS.get(state, "").format(rules.REVIEWS_TO_DECIDE)


def _reviews(verification: UUID | OuterRef, number: int | OuterRef) -> QuerySet:
    """What peers say of a round. Not by time, which might tell who it was: those who find it authentic come first."""
    verdict = Case(When(is_authentic=True, then=Value("Authentic")), default=Value("Not authentic yet"))
    reviews = HackVerificationReview.objects.filter(verification=verification, round=number).annotate(verdict=verdict)
    return reviews.order_by("-is_authentic", "comment").values("verdict", "is_authentic", "comment")


def _said(reviews: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those with a comment; whoever had nothing to add is counted. Nobody finds it inauthentic without a word."""
    rows = list(reviews)
    agreed = [row for row in rows if row["is_authentic"] and row["comment"]]
    silent = sum(not row["comment"] for row in rows)
    if silent:
        verdict = f"{silent} {'other ' if agreed else ''}reviewer{pluralize(silent)} found it authentic"
        agreed.append({"verdict": verdict, "is_authentic": True, "comment": ""})
    return agreed + [row for row in rows if not row["is_authentic"]]


def _rounds(verification: HackVerification) -> QuerySet:
    """The earlier ones with their reviews, the latest first."""
    reviews = _reviews(OuterRef("verification"), OuterRef("round"))
    as_json = reviews.values_list(JSONObject(verdict="verdict", is_authentic="is_authentic", comment="comment"))
    rounds = HackVerificationRound.objects.filter(verification=verification)
    return rounds.annotate(said=ArraySubquery(as_json)).order_by("-round")


def _round_row(ended: HackVerificationRound) -> dict[str, Any]:
    day = date_format(timezone.localtime(ended.ended_at), "j F Y")
    return {
        "title": f"Round {ended.round}, {ended.get_outcome_display().lower()} on {day}",
        "pairs": ended.verification_questions,
        "reviews": _said(ended.said),
        "decision_reason": ended.decision_reason,
        "is_revoked": ended.outcome == HackVerificationRound.Outcome.REVOKED,
    }


def _waiting_words(verification: HackVerification) -> list[str]:
    if verification.status == Status.ESCALATED:
        return ["Your peers took too long. Our staff decide, and you are told as soon as they have."]
    position = queue.queue_positions().get(verification.pk) if verification.status == Status.SUBMITTED else None
    if position is None:
        return []
    lines = wait_in_words(position, verification.submitted_at)
    if number := _number_of_reviews(verification):
        reviews = f"{number} review{pluralize(number)} {pluralize(number, 'is,are')} in."
        return [*lines, f"{reviews} It takes {rules.REVIEWS_TO_DECIDE} that agree."]
    return [*lines, "Until the first review you can change your answers; you keep your place."]


def wait_in_words(position: queue.QueuePosition, submitted_at: datetime) -> list[str]:
    wait = position.expected_wait
    by = date_format(timezone.localtime(rules.escalates_at(submitted_at)), "j F Y")
    return [
        f"Place {position.place} in the queue.",
        f"Lately it took {_about(wait)}." if wait else "How long it takes is not known yet.",
        f"If your peers have not decided by {by}, our staff do.",
    ]


def _about(wait: timedelta) -> str:
    hours = wait / timedelta(hours=1)
    if hours < 1:
        return "less than an hour"
    number, unit = (round(hours), "hour") if hours < 36 else (round(hours / 24), "day")
    return f"about {number} {unit}{pluralize(number)}"
