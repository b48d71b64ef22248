"""/verification/review/: take a submission, read it and review it."""

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
from django.views.decorators.http import require_http_methods

from accounts.decorators import member_post
from accounts.models import Member
from community import actions, queue, rules
from community.actions import LeaseLost, TooManyReviewsOpen
from community.forms import ReviewForm
from hacks.models import Hack

# By state of a lease that is no longer open: title and text of the page.
LEASE_ENDINGS: dict[str, tuple[str, str]] = {
    "changed": (
        "The answers have changed",
        "The author changed them while you were reading. The new answers are waiting for a reviewer.",
    ),
    "withdrawn": ("Submission withdrawn", "The author took it back. There's nothing more for you to do."),
    "decided": ("Already decided", "It was decided while you were reading. Thank you for your time."),
    "given_back": ("You gave it back", "Someone else will review it."),
    "buddies": ("You are practice buddies now", "You can't review a practice buddy, so someone else will review it."),
    "reviewed": ("Review sent", "Thank you. The author reads your review but won't learn who you are."),
    "expired": ("Your time is up", "Your half hour is over, so someone else may review it now."),
}
# In these states the page offers to take another submission for the hack, which may be the same one.
REVIEWABLE_AGAIN = ("changed", "expired")


@member_post
def take(request: HttpRequest) -> HttpResponse:
    try:
        hack_id = UUID(request.POST["hack"]) if request.POST.get("hack") else None
    except ValueError as error:
        raise BadRequest("hack must be the id of a hack.") from error
    try:
        lease_id = actions.take_review(hack_id=hack_id)
    except TooManyReviewsOpen:
        messages.error(request, f"You have {rules.MAX_LEASES} reviews open. Finish one or give one back first.")
        return redirect("community:verification-list")
    if lease_id is None:
        messages.info(request, "Nothing left to review: someone else was quicker.")
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
        messages.success(request, "Thank you for your review. The author won't learn who you are.")
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


@member_post
def release(request: HttpRequest, pk: UUID) -> HttpResponse:
    lease = queue.find_lease(pk)
    if lease is None:
        raise Http404("No such lease.")
    if actions.release_review(lease_id=pk):
        messages.success(request, "You gave it back. Someone else will review it.")
    else:
        messages.info(request, "It was no longer yours to give back.")
    return redirect("community:verification-list")


def _review_over(request: HttpRequest, pk: UUID, state: str, *, written: str) -> HttpResponse:
    """Return the page that says why the lease ended. Raise Http404 for a lease that is not the member's."""
    lease = queue.find_lease(pk)
    if lease is None or state not in LEASE_ENDINGS:
        raise Http404("No such lease.")
    title, text = LEASE_ENDINGS[state]
    icon = "circle-check" if state == "reviewed" else "timer-off"
    context = {"icon": icon, "title": title, "text": text, "written": written}
    if state in REVIEWABLE_AGAIN:
        context["hack"] = Hack.objects.only("name").get(pk=lease.hack_id)
    return render(request, "community/review_over.html", context, status=410)


def time_left(expires_at: datetime, now: datetime) -> str:
    minutes = (expires_at - now) // timedelta(minutes=1)
    left = f"{minutes} minute{pluralize(minutes)}" if minutes > 0 else "less than a minute"
    return f"Yours until {date_format(timezone.localtime(expires_at), 'H:i')}: {left} left"
