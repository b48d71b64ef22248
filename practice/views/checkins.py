from datetime import date, timedelta
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods

from accounts.models import Member
from database.compiled import compiled
from practice.actions import AlreadyCheckedIn, Standing, delete_checkin, save_checkin
from practice.forms.checkins import CheckinForm
from practice.models import DailyCheckin, MemberStats
from practice.rules import days_within_reach, shown_streak


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def checkin(request: HttpRequest) -> HttpResponse:
    """One check-in a local day. The form says which day it was opened for, as that may be over by the time it comes."""
    today = request.member.today
    if request.method == "POST":
        return _save(request, today)
    day = _parse_date(request.GET.get("date", today.isoformat()))
    if day is None or day not in days_within_reach(today):
        messages.error(request, "You can check in for today and for the two days before it.")
        return redirect("practice:checkin")
    checkins = _checkins_within_reach(request, today)
    stored = checkins.get(day)
    kept = stored.selected_hack_id if stored else None
    feelings = {name: getattr(stored, name) for name in ("mood_before", "mood_after", "notes")} if stored else {}
    form = CheckinForm(request.member, lambda: kept, initial={**feelings, "selected_hack": kept})
    return _page(request, form, day, today, checkins, seen=stored.pk if stored else None)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    checkin = get_object_or_404(DailyCheckin.objects.visible_to(request.member), pk=pk)
    if request.method == "POST":
        delete_checkin(checkin=checkin)
        messages.success(request, f"The check-in of {_day_name(checkin.checkin_date)} is deleted.")
        return redirect("practice:today")
    return render(request, "practice/checkin_delete.html", {"checkin": checkin, "day": _day_name(checkin.checkin_date)})


def _save(request: HttpRequest, today: date) -> HttpResponse:
    day, seen = _parse_date(request.POST.get("date")), _parse_uuid(request.POST.get("seen"))
    is_within_reach = day is not None and day in days_within_reach(today)
    day = day if is_within_reach else today
    form = CheckinForm(request.member, partial(_kept, request, day, today), data=request.POST)
    if not is_within_reach:
        form.add_error(
            None,
            "The day that this page was opened for is out of reach. What you have entered is still here: save it for"
            f" {_day_name(today)}, or choose another day first.",
        )
    if not form.is_valid():
        return _page(request, form, day, today, _checkins_within_reach(request, today), seen=seen)
    try:
        hack_id = form.cleaned_data.pop("selected_hack")
        standing = save_checkin(
            member=request.member, day=day, seen_id=seen, selected_hack_id=hack_id, **form.cleaned_data
        )
    except AlreadyCheckedIn as already:
        checkins = {**_checkins_within_reach(request, today), day: already.checkin}
        return _page(request, form, day, today, checkins, seen=seen)
    messages.success(request, _outcome(request, day, today, standing))
    return redirect("practice:today")


def _kept(request: HttpRequest, day: date, today: date) -> UUID | None:
    stored = _checkins_within_reach(request, today).get(day)
    return stored.selected_hack_id if stored else None


def _page(request, form, day, today, checkins, *, seen: UUID | None) -> HttpResponse:
    """What is stored but was not `seen` is shown beside what was entered, so that nothing is lost of either."""
    stored = checkins.get(day)
    yesterday = today - timedelta(days=1)
    joined = timezone.localdate(request.member.created_at)
    return render(
        request,
        "practice/checkin.html",
        {
            "form": form,
            "day": day.isoformat(),
            "day_name": _day_name(day),
            "days": [
                {"iso": each.isoformat(), "label": _short_name(each, today), "is_done": each in checkins}
                for each in reversed(days_within_reach(today))
            ],
            "stored": stored,
            "unseen": stored if stored and stored.pk != seen else None,
            "yesterday": yesterday.isoformat(),
            "is_yesterday_open": day == today and yesterday not in checkins and joined <= yesterday,
        },
    )


def _outcome(request: HttpRequest, day: date, today: date, standing: Standing | None) -> str:
    if standing is None:
        done = "Your check-in is changed."
    elif day == today:
        done = "Checked in."
    else:
        done = f"{_short_name(day, today)} is checked in."
    if request.member.profile.hide_streaks:
        return done
    standing = standing or _standing(request.member)
    streak = shown_streak(standing.streak, standing.ends_at, timezone.now())
    return f"{done} Day {streak} of your streak." if streak else done


def _standing(member: Member) -> Standing:
    return Standing(*MemberStats.objects.values_list("current_streak", "streak_ends_at").get(pk=member.pk))


def _checkins_within_reach(request: HttpRequest, today: date) -> dict[date, DailyCheckin]:
    days = days_within_reach(today)
    return {checkin.checkin_date: checkin for checkin in _checkins(request.member, min(days), max(days))}


@compiled
def _checkins(member: Member, first: date, last: date) -> QuerySet:
    checkins = DailyCheckin.objects.visible_to(member).filter(checkin_date__range=(first, last))
    return checkins.select_related("selected_hack").defer("selected_hack__text_guide", "selected_hack__search")


def _day_name(day: date) -> str:
    return date_format(day, "l, j F")


def _short_name(day: date, today: date) -> str:
    return {0: "Today", 1: "Yesterday"}.get((today - day).days) or date_format(day, "l")


def _parse_date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _parse_uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
