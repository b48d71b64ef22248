"""The journal: the history of sessions and check-ins, and editing an entry in the list."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Model
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.pages import render_page_or_part
from practice.actions import change_session, save_checkin
from practice.forms.journal import CheckinNoteForm, SessionNoteForm, journal_form, members_selects
from practice.insight import hack_changes
from practice.journal import (
    PAGE_SIZE,
    checkin_rows,
    count_entries,
    find_entries,
    hacks_of,
    read_first_page,
    session_rows,
)
from practice.journal_rows import day_name, entry_lines
from practice.models import DailyCheckin, PracticeSession


@require_safe
@login_required
def journal(request: HttpRequest) -> HttpResponse:
    opened = None if request.GET else read_first_page(request.member)
    hacks = opened.hacks if opened else hacks_of(request.member)
    form = journal_form(request.GET, hacks)
    count = opened.count if opened else count_entries(request.member, form.filters)
    page = Paginator(range(count), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = opened.entries if opened else find_entries(request.member, form.filters, page.number)
    hack = next((row for row in hacks.values() if row["slug"] == form.given.get("hack")), None)
    context = {
        "form": form,
        "members_selects": members_selects(hacks, form.given),
        "page_obj": page,
        "entries": entry_lines(rows, hacks, words=form.words, **_today_and_zone(request)),
        "count": _count(count, bool(form.given)),
        "hack": hack,
        "changes": next(iter(hack_changes(request.member, hack["id"])), None) if hack else None,
    }
    if opened:
        context["unread_notifications"] = opened.unread
    template, part = "practice/journal.html", "practice/_journal_results.html"
    return render_page_or_part(request, template, part, context, target="results", address=form.address)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def session(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Edit the feedback and note of a practice, in the list (htmx) or on a separate page."""
    own = PracticeSession.objects.visible_to(request.member).select_related("hack__category")
    session = get_object_or_404(own.locked() if request.method == "POST" else own, pk=pk)
    if session.is_running:
        return redirect("practice:timer", session.hack.slug)
    initial = {"feedback_score": session.feedback_score, "notes": session.notes}
    form = SessionNoteForm(request.POST or None, initial=initial, auto_id=f"{pk}-%s")
    if request.method == "POST" and form.is_valid():
        change_session(session=session, **form.cleaned_data)
        return _saved(request, session, "Practice updated.")
    context = {
        "category": session.hack.category.name,
        "title": session.hack.name,
        "full_url": reverse("practice:session-edit", args=[pk]),
        "full_label": "Edit time and length",
        "delete_url": reverse("practice:session-delete", args=[pk]),
    }
    return _edit(request, session, form, context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def checkin(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Edit the mood and note of a check-in on any day. The date stays unchanged, and so does the streak."""
    own = DailyCheckin.objects.visible_to(request.member)
    if request.method == "POST":
        own = own.select_for_update(no_key=True, of=("self",))
    checkin = get_object_or_404(own, pk=pk)
    initial = {"mood_before": checkin.mood_before, "mood_after": checkin.mood_after, "notes": checkin.notes}
    form = CheckinNoteForm(request.POST or None, initial=initial, auto_id=f"{pk}-%s")
    if request.method == "POST" and form.is_valid():
        save_checkin(
            member=request.member,
            day=checkin.checkin_date,
            seen_id=checkin.pk,
            selected_hack_id=checkin.selected_hack_id,
            **form.cleaned_data,
        )
        return _saved(request, checkin, "Check-in updated.")
    context = {"title": "Check-in", "delete_url": reverse("practice:checkin-delete", args=[pk])}
    return _edit(request, checkin, form, context)


def _edit(request: HttpRequest, entry: Model, form: Form, context: dict[str, Any]) -> HttpResponse:
    """Return the form as a page; for htmx, return the form alone, or the unchanged entry if `?close` is given."""
    if request.htmx and "close" in request.GET:
        return _entry(request, entry)
    day = _day_of(entry)
    context |= {
        "form": form,
        "day_name": day_name(day, _today_and_zone(request)["today"]),
        "back_url": _journal_of(entry),
    }
    return render(request, "practice/_journal_form.html" if request.htmx else "practice/journal_edit.html", context)


def _saved(request: HttpRequest, entry: Model, words: str) -> HttpResponse:
    messages.success(request, words)
    return _entry(request, entry) if request.htmx else redirect(_journal_of(entry))


def _entry(request: HttpRequest, entry: Model) -> HttpResponse:
    """Return the entry's row in the list."""
    rows = session_rows if isinstance(entry, PracticeSession) else checkin_rows
    entries = entry_lines(
        rows(type(entry).objects.filter(pk=entry.pk)), hacks_of(request.member), **_today_and_zone(request)
    )
    entries[0]["day_name"] = ""
    return render(request, "practice/_journal_entry.html", {"entries": entries, "focus": True})


def _journal_of(entry: Model) -> str:
    day = _day_of(entry)
    return f"{reverse('practice:journal')}?since={day}&until={day}"


def _day_of(entry: Model):
    return entry.practice_date if isinstance(entry, PracticeSession) else entry.checkin_date


def _today_and_zone(request: HttpRequest) -> dict[str, Any]:
    return {"today": request.member.today, "zone": request.member.zone}


def _count(number: int, is_filtered: bool) -> str:
    return f"{number or 'No'} entr{pluralize(number, 'y,ies')}{' found' * is_filtered}"
