"""The timer: plain forms start, pause, resume and finish it; static/js/timer.js only shows the time and rings."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.decorators import member_post
from accounts.models import Member
from hacks.models import Hack
from practice.actions import (
    SessionIdTaken,
    discard_session,
    finish_session,
    pause_session,
    resume_session,
    start_session,
)
from practice.forms.sessions import FinishForm, StartForm
from practice.models import PracticeSession


# The page contains the current time, so a page from the browser's cache would show a wrong clock.
@never_cache
@require_safe
@login_required
def timer(request: HttpRequest, slug: str) -> HttpResponse:
    hack = _hack(request.member, slug)
    return _show(request, hack, StartForm(hack=hack))


@never_cache
@member_post
def start(request: HttpRequest, slug: str) -> HttpResponse:
    hack = _hack(request.member, slug)
    if not _may_start(hack):
        messages.error(request, f"{hack.name} isn't open to you yet. Here's how to unlock it.")
        return _go(request, hack.get_absolute_url())
    form = StartForm(request.POST, hack=hack)
    if form.is_valid():
        try:
            session = start_session(
                member=request.member,
                hack=hack,
                session_id=form.cleaned_data["id"],
                planned_seconds=form.cleaned_data["minutes"] * 60,
                session_type=form.cleaned_data["session_type"],
                now=timezone.now(),
            )
        except SessionIdTaken:
            form.refuse_id()
        else:
            return _go_to_session(request, session, hack, requested_id=form.cleaned_data["id"])
    return _show(request, hack, form)


@member_post
def pause(request: HttpRequest, pk: UUID) -> HttpResponse:
    session = _session(request.member, pk, locked=True)
    pause_session(session=session, now=timezone.now())
    return redirect(_session_url(session)) if session.is_running else _go(request, _session_url(session))


@member_post
def resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    session = _session(request.member, pk, locked=True)
    resume_session(session=session, now=timezone.now())
    return redirect(_session_url(session)) if session.is_running else _go(request, _session_url(session))


@member_post
def finish(request: HttpRequest, pk: UUID) -> HttpResponse:
    session = _session(request.member, pk, locked=True)
    if finish_session(session=session, now=timezone.now(), ended_at=FinishForm(request.POST).ended_at_or_none()):
        messages.success(request, f"Well done: {_duration_words(session.duration_seconds)} of {session.hack.name}.")
    # timer.js only requests the URL. If it followed a redirect, that request would use up the success message.
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"url": session.get_absolute_url()})
    return redirect(session)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    session = _session(request.member, pk, locked=request.method == "POST")
    if not session.is_running:
        messages.info(request, "This practice is already finished, so it wasn't discarded.")
        return redirect(session)
    if request.method != "POST":
        return render(request, "practice/session_delete.html", {"session": session})
    slug = session.hack.slug
    discard_session(session=session)
    messages.success(request, "Practice discarded.")
    return redirect("practice:timer", slug)


@member_post
def ping(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record that the timer is still open; return the session's state, which another tab may have changed."""
    session = get_object_or_404(PracticeSession.objects.visible_to(request.member), pk=pk)
    now = timezone.now()
    PracticeSession.objects.visible_to(request.member).running().filter(pk=pk).update(last_seen_at=now)
    return JsonResponse({"state": _state(session), "now": _milliseconds(now)})


def _hack(member: Member, slug: str) -> Hack:
    # The hack of a running session stays visible even if staff have just removed it from the library.
    running = PracticeSession.objects.visible_to(member).running().filter(hack=OuterRef("pk"))
    hacks = Hack.objects.visible_to(member) | Hack.objects.filter(Exists(running))
    return get_object_or_404(hacks.with_progress_of(member).select_related("category"), slug=slug)


def _may_start(hack: Hack) -> bool:
    return hack.is_open and hack.is_active


def _session(member: Member, pk: UUID, *, locked: bool) -> PracticeSession:
    sessions = PracticeSession.objects.visible_to(member).select_related("hack")
    return get_object_or_404(sessions.locked() if locked else sessions, pk=pk)


def _show(request: HttpRequest, hack: Hack, form: StartForm) -> HttpResponse:
    running = PracticeSession.objects.visible_to(request.member).running().select_related("hack").first()
    context = {"hack": hack, "may_start": _may_start(hack), "form": form}
    if running and running.hack_id == hack.pk:
        now = timezone.now()
        elapsed = running.elapsed_seconds(now)
        context |= {
            "session": running,
            "state": _state(running),
            "percent": min(100, elapsed * 100 // running.planned_seconds),
            "clock": _clock(max(running.planned_seconds - elapsed, 0)),
            "planned_minutes": running.planned_seconds // 60,
            "elapsed_words": _duration_words(elapsed),
            "milliseconds": {
                "now": _milliseconds(now),
                "started": _milliseconds(running.started_at),
                "paused": _milliseconds(running.paused_at) if running.paused_at else "",
            },
        }
    elif running:
        context["other"] = running
    else:
        context |= {"state": "ready", "clock": _clock(hack.duration_minutes * 60)}
    return render(request, "practice/timer.html", context)


def _go_to_session(request: HttpRequest, session: PracticeSession, hack: Hack, *, requested_id: UUID) -> HttpResponse:
    if session.is_running and session.pk != requested_id:
        messages.info(request, "You're already practising. Finish or discard this practice first.")
    if session.is_running and session.hack_id == hack.pk:
        return redirect("practice:timer", hack.slug)
    return _go(request, _session_url(session))


def _session_url(session: PracticeSession) -> str:
    return reverse("practice:timer", args=[session.hack.slug]) if session.is_running else session.get_absolute_url()


def _go(request: HttpRequest, url: str) -> HttpResponse:
    """Redirect to another page, with a full page load if htmx sent the request."""
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def _state(session: PracticeSession) -> str:
    if not session.is_running:
        return "finished"
    return "paused" if session.paused_at else "running"


def _milliseconds(moment) -> int:
    return int(moment.timestamp() * 1000)


def _clock(seconds: int) -> str:
    return f"{seconds // 60:02}:{seconds % 60:02}"


def _duration_words(seconds: int) -> str:
    """Return a duration in words: "12 minutes", "1 minute", "40 seconds"."""
    count, unit = (round(seconds / 60), "minute") if seconds >= 60 else (seconds, "second")
    return f"{count} {unit}{'' if count == 1 else 's'}"
