"""/verification/review/: what a reviewer takes, reads, and says of it."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Member
from community import actions, queue, rules
from community.actions import LeaseLost, TooManyReviewsOpen
from community.forms import ReviewForm
from hacks.models import Hack

# Why a review can't be given any more.
OVER: dict[str, tuple[str, str]] = {
    "changed": (
        "The answers have changed",
        "Their author has changed them while you read. They wait for a reviewer anew.",
    ),
    "withdrawn": ("It was withdrawn", "Its author has taken it back. There is nothing more for you to do."),
    "decided": ("It is decided already", "It was decided while you read. Thank you for your time."),
    "given_back": ("You have given it back", "Somebody else reviews it."),
    "buddies": ("You are buddies now", "Its author has become your buddy meanwhile: somebody else reviews it."),
    "reviewed": ("You have reviewed it", "Thank you. Its author reads what you said, and does not learn who you are."),
    "expired": ("The time is over", "The half hour is over, and somebody else may review it now."),
}
# What the same reviewer may take once more, or another of its hack.
WAITS_AGAIN = ("changed", "expired")


@require_POST
@login_required
def take(request: HttpRequest) -> HttpResponse:
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
            return _review_over(request, pk, lost.state, written=given["comment"])
        messages.success(request, "Thank you for your review. Its author does not learn who you are.")
        return redirect("community:verification-list")
    lease = queue.find_lease(pk)
    if lease is None or not lease.is_open:
        return _review_over(request, pk, lease.state if lease else "", written=request.POST.get("comment", ""))
    context = {
        "pk": pk,
        "hack": Hack.objects.select_related("category").only("name", "category__name").get(pk=lease.hack_id),
        "author": Member.objects.filter(pk=lease.author_id).first() if lease.author_id else None,
        "pairs": lease.answers,
        "left": time_left(lease.expires_at, timezone.now()),
        "form": form,
        "reviews_needed": rules.REVIEWS_TO_DECIDE,
    }
    return render(request, "community/review.html", context)


@require_POST
@login_required
def release(request: HttpRequest, pk: UUID) -> HttpResponse:
    lease = queue.find_lease(pk)
    if lease is None:
        raise Http404("There is no such lease.")
    if actions.release_review(lease_id=pk):
        messages.success(request, "You have given it back: somebody else reviews it.")
    else:
        messages.info(request, "It was not yours any more.")
    return redirect("community:verification-list")


def _review_over(request: HttpRequest, pk: UUID, state: str, *, written: str) -> HttpResponse:
    """A page that says why; somebody else's lease, or one that never was, has none."""
    lease = queue.find_lease(pk)
    if lease is None or state not in OVER:
        raise Http404("There is no such lease.")
    title, text = OVER[state]
    icon = "circle-check" if state == "reviewed" else "timer-off"
    context = {"icon": icon, "title": title, "text": text, "written": written}
    if state in WAITS_AGAIN:
        context["hack"] = Hack.objects.only("name").get(pk=lease.hack_id)
    return render(request, "community/review_over.html", context, status=410)


def time_left(expires_at: datetime, now: datetime) -> str:
    minutes = (expires_at - now) // timedelta(minutes=1)
    left = f"{minutes} minute{pluralize(minutes)}" if minutes > 0 else "less than a minute"
    return f"Yours until {date_format(timezone.localtime(expires_at), 'H:i')}: {left} left"
