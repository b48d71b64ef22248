from datetime import date, timedelta
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
from database.local_days import day_word
from practice.actions import AlreadyCheckedIn, StreakState, delete_checkin, save_checkin
from practice.forms.checkins import CheckinForm
from practice.models import DailyCheckin, MemberStats
from practice.rules import days_within_reach, shown_streak


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def checkin(request: HttpRequest) -> HttpResponse:
    """Show or save the check-in for a local day.

    The form carries its day and the id of the check-in it shows, because the day may end, or another tab may save a
    check-in, before the form is submitted.
    """
    if request.method == "POST":
        return _save(request)
    member, today = request.member, request.member.today
    day = _parse_date(request.GET.get("date", today.isoformat()))
    if day not in days_within_reach(today):
        messages.error(request, "You can check in for today and the two days before.")
        return redirect("practice:checkin")
    stored = _checkins_within_reach(member, today).get(day)
    initial = {name: getattr(stored, name) for name in ("mood_before", "mood_after", "notes")} if stored else {}
    hack_id = stored.selected_hack_id if stored else None
    form = CheckinForm(initial={**initial, "selected_hack": hack_id}, member=member, day=day)
    return _show(request, form, day, today, seen_id=stored.pk if stored else None)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    checkin = get_object_or_404(DailyCheckin.objects.visible_to(request.member), pk=pk)
    if request.method == "POST":
        delete_checkin(checkin=checkin)
        messages.success(request, f"Check-in for {_day_name(checkin.checkin_date)} deleted.")
        return redirect("practice:today")
    return render(request, "practice/checkin_delete.html", {"checkin": checkin, "day": _day_name(checkin.checkin_date)})


def _save(request: HttpRequest) -> HttpResponse:
    member, today = request.member, request.member.today
    requested, seen_id = _parse_date(request.POST.get("date")), _parse_uuid(request.POST.get("seen"))
    day = requested if requested in days_within_reach(today) else today
    form = CheckinForm(request.POST, member=member, day=day)
    if day != requested:
        form.add_error(
            None,
            "That day can no longer be filled in. What you entered is still here:"
            f" check in to save it for {_day_name(today)}.",
        )
    if not form.is_valid():
        return _show(request, form, day, today, seen_id=seen_id)
    values = form.cleaned_data
    hack_id = values.pop("selected_hack")
    try:
        streak = save_checkin(member=member, day=day, seen_id=seen_id, selected_hack_id=hack_id, **values)
    except AlreadyCheckedIn:
        return _show(request, form, day, today, seen_id=seen_id)
    messages.success(request, _outcome(member, day, today, streak))
    return redirect("practice:today")


def _show(request: HttpRequest, form: CheckinForm, day: date, today: date, *, seen_id: UUID | None) -> HttpResponse:
    """Show the form. If the day has a check-in that the member hasn't seen, show it too, so that neither is lost."""
    yesterday = today - timedelta(days=1)
    checkins = _checkins_within_reach(request.member, today)
    stored = checkins.get(day)
    joined = timezone.localdate(request.member.created_at)
    context = {
        "form": form,
        "day": day.isoformat(),
        "day_name": _day_name(day),
        "days": [
            {"iso": each.isoformat(), "label": _short_name(each, today), "is_done": each in checkins}
            for each in reversed(days_within_reach(today))
        ],
        "stored": stored,
        "unseen": stored if stored and stored.pk != seen_id else None,
        "yesterday": yesterday.isoformat(),
        "is_yesterday_open": day == today and yesterday not in checkins and joined <= yesterday,
    }
    return render(request, "practice/checkin.html", context)


def _outcome(member: Member, day: date, today: date, streak: StreakState | None) -> str:
    """Return the success message with the length of the streak; `streak` is None after a change."""
    if streak is None:
        done = "Check-in updated."
    elif day == today:
        done = "Checked in."
    else:
        done = f"Checked in for {day_word(day, today).lower() or date_format(day, 'l')}."
    if member.profile.hide_streaks:
        return done
    length, ends_at = streak or MemberStats.objects.values_list("current_streak", "streak_ends_at").get(pk=member.pk)
    length = shown_streak(length, ends_at, timezone.now())
    return f"{done} Day {length} of your streak." if length else done


def _checkins_within_reach(member: Member, today: date) -> dict[date, DailyCheckin]:
    days = days_within_reach(today)
    return {checkin.checkin_date: checkin for checkin in _checkins(member, min(days), max(days))}


@compiled
def _checkins(member: Member, first: date, last: date) -> QuerySet:
    checkins = DailyCheckin.objects.visible_to(member).filter(checkin_date__range=(first, last))
    return checkins.select_related("selected_hack").defer("selected_hack__text_guide", "selected_hack__search")


def _day_name(day: date) -> str:
    return date_format(day, "l, j F")


def _short_name(day: date, today: date) -> str:
    return day_word(day, today) or date_format(day, "l")


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
