"""Finished practices: log, show, give feedback, edit and delete."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.models import Member
from hacks.models import Hack
from practice.actions import SessionIdTaken, change_session, delete_session, log_session
from practice.forms.sessions import EditForm, FeedbackForm, LogOnceForm
from practice.models import DailyCheckin, PracticeSession


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def log(request: HttpRequest) -> HttpResponse:
    member, now = request.member, timezone.now()
    hacks = _open_hacks(member)
    if request.method == "POST":
        form = LogOnceForm(request.POST, hacks=hacks, zone=member.zone, now=now)
        if form.is_valid():
            try:
                session = log_session(member=member, session_id=form.cleaned_data["id"], **form.to_log())
            except SessionIdTaken:
                form.refuse_id()
            else:
                messages.success(request, "Practice logged.")
                return redirect(session)
    else:
        initial = _initial_log(hacks, request.GET.get("hack"), now)
        form = LogOnceForm(initial=initial, hacks=hacks, zone=member.zone, now=now)
    return render(request, "practice/log.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for feedback on a finished practice, or show the practice if it already has feedback."""
    session = _session(request, pk)
    if session.is_running:
        return redirect("practice:timer", session.hack.slug)
    now = timezone.now()
    next_url, next_label = _next_step(request.member, session, now)
    form = FeedbackForm(request.POST or None, session=session, now=now)
    if request.method == "POST" and form.is_valid():
        change_session(session=session, **form.changes())
        messages.success(request, "Saved.")
        return redirect(next_url)
    context = {
        "session": session,
        "asks": session.feedback_score is None or form.is_bound,
        "form": form,
        "started": session.started_at.astimezone(ZoneInfo(session.timezone)),
        "next_url": next_url,
        "next_label": next_label,
    }
    return render(request, "practice/session_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    session = _session(request, pk)
    if session.is_running:
        return redirect("practice:timer", session.hack.slug)
    hacks = _open_hacks(request.member, also=session.hack_id)
    form = EditForm(request.POST or None, session=session, hacks=hacks, now=timezone.now())
    if request.method == "POST" and form.is_valid():
        change_session(session=session, **form.changes())
        messages.success(request, "Practice updated.")
        return redirect(session)
    return render(request, "practice/session_edit.html", {"form": form, "session": session})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    session = _session(request, pk)
    if session.is_running:
        return redirect("practice:session-discard", pk)
    if request.method == "POST":
        delete_session(session=session)
        messages.success(request, "Practice deleted.")
        return redirect("practice:journal")
    return render(request, "practice/session_delete.html", {"session": session})


def _session(request: HttpRequest, pk: UUID) -> PracticeSession:
    """Return the member's own session, locked if the request is a POST."""
    sessions = PracticeSession.objects.visible_to(request.member).select_related("hack__category")
    return get_object_or_404(sessions.locked() if request.method == "POST" else sessions, pk=pk)


def _open_hacks(member: Member, also: UUID | None = None) -> list[dict[str, Any]]:
    """Return the hacks that the member can log, in the library's order.

    The hack with the id `also` is included even if it is locked or inactive.
    """
    is_choice = Q(is_active=True, is_open=True)
    if also is not None:
        is_choice |= Q(pk=also)
    hacks = Hack.objects.with_progress_of(member).filter(is_choice)
    return list(hacks.values("id", "slug", "name", "duration_minutes", "category__title"))


def _initial_log(hacks: list[dict[str, Any]], slug: str | None, now: datetime) -> dict[str, Any]:
    """Return the initial values of the log form: the hack with this slug, if there is one, ending now."""
    hack = next((hack for hack in hacks if hack["slug"] == slug), None)
    minutes = hack["duration_minutes"] if hack else 10
    start = timezone.localtime(now - timedelta(minutes=minutes)).replace(second=0, microsecond=0)
    return {
        "hack": str(hack["id"]) if hack else "",
        "minutes": minutes,
        "started_on": start.date(),
        "started_at_time": start.time(),
    }


def _next_step(member: Member, session: PracticeSession, now: datetime) -> tuple[str, str]:
    """Return URL and label of the next step: the check-in after a practice today without one, otherwise Today."""
    today = member.date_at(now)
    checkins = DailyCheckin.objects.visible_to(member).filter(checkin_date=today)
    if session.practice_date == today and not checkins.exists():
        return reverse("practice:checkin"), "check in"
    return reverse("practice:today"), "go to Today"
