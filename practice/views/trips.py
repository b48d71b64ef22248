"""Trips: during a trip, its time zone is the member's time zone."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods

from accounts.decorators import member_post
from practice.actions import TripsOverlap, save_trip
from practice.forms.streak import TripForm
from practice.models import Trip

SHOWN_PAST_TRIPS = 10


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def trips(request: HttpRequest) -> HttpResponse:
    member, today = request.member, request.member.today
    form = TripForm(request.POST or None, instance=Trip(user=member), member=member, today=today)
    if _is_saved(request, form):
        messages.success(request, "Trip added.")
        return redirect("practice:trips")
    own = Trip.objects.visible_to(member)
    context = {
        "form": form,
        "ahead": [_line(trip, today) for trip in own.filter(ends_on__gte=today)],
        "past": [
            _line(trip, today) for trip in own.filter(ends_on__lt=today).order_by("-starts_on")[:SHOWN_PAST_TRIPS]
        ],
        "now": date_format(timezone.localtime(), "l, j F, H:i"),
    }
    return render(request, "practice/trips.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    trip = get_object_or_404(Trip.objects.visible_to(request.member), pk=pk)
    form = TripForm(request.POST or None, instance=trip, member=request.member, today=request.member.today)
    if _is_saved(request, form):
        messages.success(request, "Trip updated.")
        return redirect("practice:trips")
    return render(request, "practice/trip_edit.html", {"form": form, "pk": pk})


@member_post
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    get_object_or_404(Trip.objects.visible_to(request.member), pk=pk).delete()
    messages.success(request, "Trip deleted.")
    return redirect("practice:trips")


def _is_saved(request: HttpRequest, form: TripForm) -> bool:
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        save_trip(trip=form.instance)
    except TripsOverlap:
        form.refuse_overlap()
        return False
    return True


def _line(trip: Trip, today: date) -> dict[str, Any]:
    return {
        "place": trip.zone.rpartition("/")[2].replace("_", " "),
        "days": f"{date_format(trip.starts_on, 'j M Y')} to {date_format(trip.ends_on, 'j M Y')}",
        "is_now": trip.starts_on <= today <= trip.ends_on,
        "edit_url": reverse("practice:trip-edit", args=[trip.pk]),
        "delete_url": reverse("practice:trip-delete", args=[trip.pk]),
    }
