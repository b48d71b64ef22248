"""The streak page: the streak day by day, rest days, and the switch that hides streaks."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F, FloatField, Func, Min, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from accounts.decorators import member_post
from practice.actions import RestDayRefused, give_up_rest_day, hide_streaks, plan_rest_day
from practice.forms.streak import RestDayForm
from practice.models import MemberStats, RestDay
from practice.plots import line_plot
from practice.streak_history import HistoryDay, streak_history
from practice.views.today import safe_until

SHOWN_PAST_REST_DAYS = 12
STRENGTH_TICKS = (0, 25, 50, 75, 100)


@require_safe
@login_required
def streak(request: HttpRequest) -> HttpResponse:
    return _page(request, RestDayForm(today=request.member.today))


@member_post
def plan_rest(request: HttpRequest) -> HttpResponse:
    form = RestDayForm(request.POST, today=request.member.today)
    if form.is_valid():
        day = form.cleaned_data["day"]
        try:
            plan_rest_day(member=request.member, day=day)
        except RestDayRefused as refused:
            form.add_error("day", refused.reason)
        else:
            messages.success(request, f"Rest day planned for {_long(day)}.")
            return redirect(f"{reverse('practice:streak')}#rest-days")
    return _page(request, form)


@member_post
def give_up_rest(request: HttpRequest, pk: UUID) -> HttpResponse:
    rest_day = get_object_or_404(RestDay.objects.visible_to(request.member), pk=pk)
    if give_up_rest_day(rest_day=rest_day, today=request.member.today):
        messages.success(request, f"Rest day on {_long(rest_day.rest_date)} cancelled.")
    else:
        messages.error(request, "This rest day has already begun, so you can't cancel it.")
    return redirect(f"{reverse('practice:streak')}#rest-days")


@member_post
def hide(request: HttpRequest) -> HttpResponse:
    """Hide the member's streak if the form says so; show it otherwise."""
    hidden = request.POST.get("hidden") == "1"
    hide_streaks(member=request.member, hidden=hidden)
    messages.success(request, "Your streak is now hidden." if hidden else "Your streak is visible again.")
    return redirect("practice:streak")


def _page(request: HttpRequest, form: RestDayForm) -> HttpResponse:
    member, now, today = request.member, timezone.now(), form.today
    if member.profile.hide_streaks:
        return render(request, "practice/streak_hidden.html")
    stats = MemberStats.objects.annotate(
        first_day=Min("user__checkins__checkin_date"),
        strength_now=Func(F("pk"), Value(now), function="app.strength_at", output_field=FloatField(null=True)),
    ).get(pk=member.pk)
    # After a move west, the latest check-in can be later than today.
    latest = max(today, stats.last_checkin_date or today)
    first = _month(request.GET.get("month"), stats.first_day or today, latest)
    following = (first + timedelta(days=31)).replace(day=1)
    days = streak_history(member, first, following - timedelta(days=1), now)
    count = stats.streak_at(now)
    rest_days = RestDay.objects.visible_to(member)
    context = {
        "form": form,
        "count": count,
        "has_begun": stats.first_day is not None,
        "longest": stats.longest_streak,
        "rest_stock": stats.rest_stock,
        "strength": round(100 * (stats.strength_now or 0)),
        "safe_until": safe_until(stats.streak_ends_at, now, member) if count else "",
        "month": date_format(first, "F Y"),
        "previous": f"{first - timedelta(days=1):%Y-%m}" if stats.first_day and stats.first_day < first else "",
        "next": f"{following:%Y-%m}" if following <= latest else "",
        "days": [_line(day) for day in reversed(days)],
        "plot": _plot(days) if len(days) > 1 else None,
        "planned": [
            {"day": _long(rest_day.rest_date), "url": reverse("practice:rest-day-delete", args=[rest_day.pk])}
            for rest_day in rest_days.ahead_of(today).order_by("rest_date")
        ],
        "rested": [
            _long(day)
            for day in rest_days.filter(rest_date__lte=today).values_list("rest_date", flat=True)[:SHOWN_PAST_REST_DAYS]
        ],
    }
    return render(request, "practice/streak.html", context)


def _month(text: str | None, earliest: date, latest: date) -> date:
    """Return the first day of a month such as "2026-11".

    Fall back to the month of `latest` if the text is invalid or the month is not between `earliest` and `latest`.
    """
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return latest.replace(day=1)
    return first if earliest.replace(day=1) <= first <= latest else latest.replace(day=1)


def _line(day: HistoryDay) -> dict[str, Any]:
    place = day.zone.rpartition("/")[2].replace("_", " ")
    return {
        "day": date_format(day.day, "D j M"),
        "kind": day.kind,
        "words": day.words,
        "zone": day.zone,
        "clock": place if day.day_start == time(0) else f"{place}, from {day.day_start:%H:%M}",
        "streak": day.streak,
        "rest_stock": day.rest_stock,
        "strength": round(100 * day.strength),
    }


def _plot(days: Sequence[HistoryDay]) -> dict[str, Any]:
    """Return the strengths in the table as a line plot."""
    first, last = days[0].day, days[-1].day
    steps = min(4, (last - first).days)
    marks = [first + (last - first) * number / steps for number in range(steps + 1)]
    points = [(day.day, 100 * day.strength, f"{_short(day.day)}: {100 * day.strength:.0f}%") for day in days]
    return line_plot(
        [points],
        first=first,
        last=last,
        bounds=(0, 100),
        ticks=STRENGTH_TICKS,
        marks=[(day, _short(day)) for day in marks],
    )


def _short(day: date) -> str:
    return date_format(day, "j M")


def _long(day: date) -> str:
    return date_format(day, "l, j F Y")
