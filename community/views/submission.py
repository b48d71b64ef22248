"""/verification/<hack>/: the member's submission, from draft to outcome."""

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
from community.models import (
    HackVerification,
    HackVerificationReview,
    HackVerificationRound,
    hacks_with_verification_page,
)
from gamification.rules import XP_RULES
from hacks.models import Hack

Status = HackVerification.Status

LEADS: dict[str, str] = {
    Status.DRAFT: "Answer in your own words. {} members who know this practice will read your answers.",
    Status.SUBMITTED: "Your answers are with your peers.",
    Status.ESCALATED: "Your answers are with our staff.",
    Status.RETURNED: "Not there yet. Read what was missing, then revise your answers.",
}
LEAD_TOO_EARLY = "You can answer the questions after {} practice{}. Members who know this hack will read your answers."
LEAD_REVOKED = "Our staff revoked your verification on {}. Read why, and submit again whenever you're ready."
REFUSAL_MESSAGES: dict[Refusal, str] = {
    Refusal.NOT_ASKED: "This hack no longer needs verification.",
    Refusal.PRACTISE_FIRST: "Practise it a little more before you submit. You can save your answers as a draft.",
    Refusal.ANSWER_ALL: "The questions have just changed. Please check your answers again.",
    Refusal.UNCHANGED: "These are the answers that were sent back to you. Add what was missing, then submit again.",
    Refusal.UNDER_REVIEW: "Someone has just reviewed it, so you can't change it any more.",
    Refusal.WITHDRAWN: "You have withdrawn this submission. Do you want to submit it again?",
    Refusal.NO_SUCH_STEP: "Nothing was saved, because you have already submitted this or it has been decided.",
}

# By the button that was pressed.
SAVED_MESSAGES = {"draft": "Draft saved.", "change": "Changes saved."}
SUBMITTED_MESSAGE = "Submitted. Your answers are with your peers now."


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    hack, verification = _hack_and_submission(request.member, slug)
    form = _answers_form(request, hack, verification)
    if request.method == "POST":
        button = request.POST.get("do", "")
        is_saved = form is not None and form.is_valid() and _save(request.member, hack, form, button == "change")
        if request.htmx:
            return HttpResponse(_autosave_message(is_saved))
        if form is None:
            messages.error(request, _closed_message(hack, verification))
            return redirect("community:verification-edit", slug)
        if is_saved:
            messages.success(request, SAVED_MESSAGES.get(button, SUBMITTED_MESSAGE))
            return redirect("community:verification-edit", slug)
    return render(request, "community/verification_edit.html", _verification_page(hack, verification, form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    hack, verification = _hack_and_submission(request.member, slug)
    if verification is None:
        raise Http404("There is nothing to withdraw.")
    if request.method == "POST":
        withdrawn = actions.withdraw_verification(member=request.member, hack=hack)
        # A second request finds the draft that the first one made.
        if withdrawn or verification.status == Status.DRAFT:
            messages.success(request, "Your submission is a draft again.")
        else:
            messages.error(request, "You can't withdraw it any more, because it has already been decided.")
        return redirect("community:verification-edit", slug)
    if verification.status not in (Status.SUBMITTED, Status.ESCALATED):
        return redirect("community:verification-edit", slug)
    context = {"hack": hack, "reviews": _number_of_reviews(verification)}
    return render(request, "community/verification_withdraw.html", context)


def _hack_and_submission(member: Member, slug: str) -> tuple[Hack, HackVerification | None]:
    """Return the hack and the member's submission, or None without one. Raise Http404 if the hack has no such page."""
    hacks = hacks_with_verification_page(member).with_progress_of(member).select_related("category").defer("search")
    hack = get_object_or_404(hacks, slug=slug)
    return hack, HackVerification.objects.visible_to(member).filter(hack=hack).first()


def _number_of_reviews(verification: HackVerification) -> int:
    return verification.verification_count + verification.rejection_count


def _answers_form(request: HttpRequest, hack: Hack, verification: HackVerification | None) -> AnswersForm | None:
    """Return the form, or None if the member can't answer the questions yet or any more."""
    if verification is None:
        is_open = hack.practice_count >= hack.verification_practice_count
    elif verification.status == Status.SUBMITTED:
        # A POST gets a form even if a review has just come in: the action refuses it, and the page keeps the text.
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


def _closed_message(hack: Hack, verification: HackVerification | None) -> str:
    if not hack.can_be_verified:
        return REFUSAL_MESSAGES[Refusal.NOT_ASKED]
    if verification:
        return REFUSAL_MESSAGES[Refusal.NO_SUCH_STEP]
    return "Nothing was saved. Practise this hack a little more first."


def _save(member: Member, hack: Hack, form: AnswersForm, is_change: bool) -> bool:
    action = actions.save_draft if form.may_have_gaps else partial(actions.submit_verification, is_change=is_change)
    try:
        action(
            member=member,
            hack=hack,
            answers=form.answers,
            is_anonymous=form.cleaned_data["is_anonymous"],
        )
    except VerificationRefused as refused:
        form.add_error(None, REFUSAL_MESSAGES[refused.reason])
        return False
    return True


def _autosave_message(is_saved: bool) -> str:
    """Return the line below the form that autosave shows."""
    now = date_format(timezone.localtime(), "H:i")
    return f"Draft saved at {now}." if is_saved else "Not saved. Press Save draft to see why."


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
        return context if form else {**context, **_practise_first(hack)}
    is_decided = state in (Status.RETURNED, Status.VERIFIED)
    rounds = [_round_row(round) for round in _rounds(verification)]
    # Until it is submitted again, a draft shows the feedback on the round before it.
    no_feedback = {"reviews": [], "decision_reason": "", "is_revoked": revoked_at is not None}
    previous = rounds[0] if rounds and state == Status.DRAFT else no_feedback
    verified_at = verification.verified_at
    return {
        **context,
        "pairs": verification.verification_questions,
        "waiting": _waiting_words(verification),
        "decision_reason": verification.decision_reason if is_decided else previous["decision_reason"],
        "verified_on": date_format(timezone.localtime(verified_at), "j F Y") if verified_at else "",
        "is_xp_to_come": _is_xp_to_come(verification),
        "reviews": _review_rows(_reviews(verification.pk, verification.round)) if is_decided else previous["reviews"],
        # A revoked round has reviews that found it authentic; the page gives them another title.
        "is_revoked": previous["is_revoked"],
        "rounds": rounds,
    }


def _is_xp_to_come(verification: HackVerification) -> bool:
    verified_at = verification.verified_at
    return bool(verified_at and verification.is_anonymous and verified_at >= rules.anonymous_xp_cutoff(timezone.now()))


def _practise_first(hack: Hack) -> dict[str, Any]:
    """Return the context that asks for more practice before the questions."""
    if not hack.is_open:
        title, action = "This hack is still locked", "See how to unlock it"
    elif not hack.practice_count:
        title, action = "Practise it first", "Go to the practice"
    else:
        title, action = "A little more practice first", "Back to the practice"
    number = hack.verification_practice_count
    return {
        "practise_first": {"title": title, "action": action},
        "lead": LEAD_TOO_EARLY.format(number, pluralize(number)),
    }


def _lead(hack: Hack, state: str, revoked_at: datetime | None) -> str:
    if state in (Status.DRAFT, Status.RETURNED) and not hack.can_be_verified:
        return REFUSAL_MESSAGES[Refusal.NOT_ASKED]
    if revoked_at:
        return LEAD_REVOKED.format(date_format(timezone.localtime(revoked_at), "j F Y"))
    return LEADS.get(state, "").format(rules.REVIEWS_TO_DECIDE)


def _reviews(verification: UUID | OuterRef, number: int | OuterRef) -> QuerySet:
    """Return the reviews of a round, authentic ones first. An order by time could reveal the reviewers."""
    verdict = Case(When(is_authentic=True, then=Value("Authentic")), default=Value("Not authentic yet"))
    reviews = HackVerificationReview.objects.filter(verification=verification, round=number).annotate(verdict=verdict)
    return reviews.order_by("-is_authentic", "comment").values("verdict", "is_authentic", "comment")


def _review_rows(reviews: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the reviews with a comment, and one row that counts those without; only authentic ones have none."""
    rows = list(reviews)
    authentic = [row for row in rows if row["is_authentic"] and row["comment"]]
    without_comment = sum(not row["comment"] for row in rows)
    if without_comment:
        verdict = (
            f"{without_comment} {'other ' if authentic else ''}reviewer{pluralize(without_comment)} found it authentic"
        )
        authentic.append({"verdict": verdict, "is_authentic": True, "comment": ""})
    return authentic + [row for row in rows if not row["is_authentic"]]


def _rounds(verification: HackVerification) -> QuerySet:
    """Return the earlier rounds with their reviews, latest first."""
    reviews = _reviews(OuterRef("verification"), OuterRef("round"))
    as_json = reviews.values_list(JSONObject(verdict="verdict", is_authentic="is_authentic", comment="comment"))
    rounds = HackVerificationRound.objects.filter(verification=verification)
    return rounds.annotate(review_list=ArraySubquery(as_json)).order_by("-round")


def _round_row(round: HackVerificationRound) -> dict[str, Any]:
    day = date_format(timezone.localtime(round.ended_at), "j F Y")
    return {
        "title": f"Round {round.round}, {round.get_outcome_display().lower()} on {day}",
        "pairs": round.verification_questions,
        "reviews": _review_rows(round.review_list),
        "decision_reason": round.decision_reason,
        "is_revoked": round.outcome == HackVerificationRound.Outcome.REVOKED,
    }


def _waiting_words(verification: HackVerification) -> list[str]:
    if verification.status == Status.ESCALATED:
        return ["Your peers took too long, so our staff decide now. We'll notify you as soon as they have."]
    position = queue.queue_positions().get(verification.pk) if verification.status == Status.SUBMITTED else None
    if position is None:
        return []
    lines = wait_in_words(position, verification.submitted_at)
    if number := _number_of_reviews(verification):
        reviews = f"{number} review{pluralize(number)} {pluralize(number, 'is,are')} in."
        return [*lines, f"{reviews} It takes {rules.REVIEWS_TO_DECIDE} that agree."]
    return [*lines, "Until the first review, you can change your answers and keep your place."]


def wait_in_words(position: queue.QueuePosition, submitted_at: datetime) -> list[str]:
    wait = position.expected_wait
    by = date_format(timezone.localtime(rules.escalates_at(submitted_at)), "j F Y")
    return [
        f"Place {position.place} in the queue.",
        f"Recent submissions took {_approximate(wait)}." if wait else "We can't tell yet how long it takes.",
        f"If your peers haven't decided by {by}, our staff will.",
    ]


def _approximate(wait: timedelta) -> str:
    hours = wait / timedelta(hours=1)
    if hours < 1:
        return "less than an hour"
    number, unit = (round(hours), "hour") if hours < 36 else (round(hours / 24), "day")
    return f"about {number} {unit}{pluralize(number)}"
