"""The journal's month and numbers pages."""

from calendar import Calendar
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils.formats import date_format
from django.views.decorators.http import require_safe

from accounts.pages import render_page_or_part
from practice import insight, plots
from practice.journal_rows import day_name, mood_words
from practice.models import DailyCheckin

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST_MONTH = date(2000, 1, 1)
MOOD_TICKS = (1, 4, 7, 10)


@require_safe
@login_required
def month(request: HttpRequest) -> HttpResponse:
    today = request.member.today
    first = _month(request.GET.get("month"), today)
    following = (first + timedelta(days=31)).replace(day=1)
    practised = insight.practised_by_day(request.member, first, until=following - timedelta(days=1))
    moods = {
        day: (before, after)
        for day, before, after in DailyCheckin.objects.visible_to(request.member)
        .filter(checkin_date__range=(first, following - timedelta(days=1)))
        .values_list("checkin_date", "mood_before", "mood_after")
    }
    context = {
        "name": date_format(first, "F Y"),
        "weekdays": [{"name": name, "short": name[:3]} for name in WEEKDAYS],
        "weeks": [
            [_month_cell(day, today, practised, moods) if day.month == first.month else None for day in week]
            for week in Calendar().monthdatescalendar(first.year, first.month)
        ],
        "previous": f"{first - timedelta(days=1):%Y-%m}" if first > FIRST_MONTH else "",
        "next": f"{following:%Y-%m}" if following <= today else "",
        "this": f"{today:%Y-%m}" if first != today.replace(day=1) else "",
        "summary": _month_summary(practised, moods),
    }
    page, part = "practice/journal_month.html", "practice/_journal_month.html"
    return render_page_or_part(request, page, part, context, target="month")


@require_safe
@login_required
def numbers(request: HttpRequest) -> HttpResponse:
    today = request.member.today
    days = _period(request.GET.get("days"))
    weeks = insight.weeks_up_to(today, insight.HEAT_WEEKS)
    practised = insight.practised_by_day(request.member, weeks[0])
    context = {
        "minutes": _minutes(practised, weeks[-insight.SHOWN_WEEKS :]),
        "mood": _mood(request, today, days),
        "heat": _heat(practised, weeks, today),
        "hacks": insight.hack_changes(request.member),
        "min_cases": insight.MIN_CASES,
        "days": days,
        "periods": list(insight.PERIODS),
    }
    return render(request, "practice/journal_numbers.html", context)


def _month(text: str | None, today: date) -> date:
    """Return the first day of a month such as "2026-11"; fall back to this month if it is invalid or in the future."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return first if FIRST_MONTH <= first <= today else today.replace(day=1)


def _period(text: str | None) -> int:
    days = int(text) if (text or "").isdecimal() and len(text or "") < 4 else 0
    return days if days in insight.PERIODS else next(iter(insight.PERIODS))


def _month_cell(
    day: date,
    today: date,
    practised: Mapping[date, insight.PracticeTotals],
    moods: Mapping[date, tuple[int | None, int | None]],
) -> dict[str, Any]:
    """Return a day of the calendar; `words` describes its marks for screen readers."""
    done = practised.get(day, insight.PracticeTotals())
    words = []
    if done.practices:
        words.append(f"{done.practices} practice{pluralize(done.practices)}, {done.minutes} min")
    if day in moods:
        words.append(f"Checked in. {mood_words(*moods[day])}")
    return {
        "number": day.day,
        "name": day_name(day, today),
        "url": f"{reverse('practice:journal')}?since={day}&until={day}" if words else "",
        "words": ". ".join(words),
        "minutes": done.minutes if done.practices else "",
        "level": insight.heat_level(done.minutes),
        "is_checked_in": day in moods,
        "is_today": day == today,
        "is_to_come": day > today,
    }


def _month_summary(practised: Mapping[date, insight.PracticeTotals], moods: Mapping[date, Any]) -> str:
    total = sum(practised.values(), insight.PracticeTotals())
    return (
        f"{total.practices or 'No'} practice{pluralize(total.practices)}, {total.minutes} min, "
        f"{len(moods) or 'no'} check-in{pluralize(len(moods))}"
    )


def _minutes(practised: Mapping[date, insight.PracticeTotals], weeks: list[date]) -> dict[str, Any]:
    rows = insight.practised_by_week(practised, weeks)
    minutes = [total.minutes for _, total in rows]
    titles = [f"Week of {_short(monday)}: {total.minutes} min" for monday, total in rows]
    best = max(rows, key=lambda row: row[1].minutes)
    return {
        "plot": plots.bar_plot(minutes, _month_labels(weeks), titles),
        "rows": [
            {"week": _dated(monday), "minutes": total.minutes, "practices": total.practices} for monday, total in rows
        ],
        "this_week": minutes[-1],
        "mean": round(sum(minutes) / len(minutes)),
        "best": best[1].minutes,
        "best_week": _short(best[0]),
        "weeks": len(weeks),
    }


def _mood(request: HttpRequest, today: date, days: int) -> dict[str, Any]:
    points, change = insight.mood_over_time(request.member, today, days)
    first = min([today - timedelta(days=days - 1), *(point.day for point in points)])
    unit = "Week of " if insight.PERIODS[days] == "week" else ""
    steps = 4
    marks = [first + (today - first) * number / steps for number in range(steps + 1)]
    plot = plots.line_plot(
        [
            [(point.day, point.before, f"{unit}{_short(point.day)}: {_mean(point.before)} before") for point in points],
            [(point.day, point.after, f"{unit}{_short(point.day)}: {_mean(point.after)} after") for point in points],
        ],
        first=first,
        last=today,
        bounds=(1, 10),
        ticks=MOOD_TICKS,
        marks=[(day, _short(day)) for day in marks],
    )
    return {
        "plot": plot,
        "rows": [
            {
                "day": f"{unit}{_dated(point.day)}",
                "before": _mean(point.before),
                "after": _mean(point.after),
                "checkins": point.checkins,
            }
            for point in points
        ],
        "change": change,
    }


def _heat(practised: Mapping[date, insight.PracticeTotals], weeks: list[date], today: date) -> dict[str, Any]:
    rows = insight.minutes_by_week(practised, weeks, today)
    levels = [[None if minutes is None else insight.heat_level(minutes) for minutes in week] for _, week in rows]
    days = sum(1 for _, week in rows for minutes in week if minutes)
    return {
        "plot": plots.heat_plot(levels, _month_labels(weeks)),
        "rows": [
            {"week": _dated(monday), "days": ["" if minutes is None else minutes for minutes in week]}
            for monday, week in rows
        ],
        "weekdays": [{"name": name, "short": name[:3]} for name in WEEKDAYS],
        "practised_days": days,
    }


def _month_labels(weeks: list[date]) -> list[str]:
    """Return a label for each week in which a month begins, and "" for the others."""
    labels = []
    for monday in weeks:
        sunday = monday + timedelta(days=6)
        labels.append(date_format(sunday, "M") if sunday.day <= 7 else "")
    return labels


def _mean(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}".removesuffix(".0")


def _short(day: date) -> str:
    return date_format(day, "j M")


def _dated(day: date) -> str:
    return date_format(day, "j M Y")
