"""Forms to plan rest days and trips."""

from datetime import date, timedelta
from typing import Any

from django import forms

from accounts.forms import ZoneSelect
from accounts.models import Member
from accounts.rules import validate_timezone
from database.local_days import day_bounds
from practice.models import Trip

MAX_PLANNED_AHEAD = timedelta(days=366)
MAX_TRIP = timedelta(days=366)
TOO_FAR = "Choose a day within the next year."


def _date_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class RestDayForm(forms.Form):
    day = forms.DateField(
        label="Day", widget=_date_input(), help_text="Tomorrow or later. Up to two a week, Monday to Sunday."
    )

    def __init__(self, *args, today: date, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["day"].widget.attrs |= {
            "min": f"{today + timedelta(days=1)}",
            "max": f"{today + MAX_PLANNED_AHEAD}",
        }

    def clean_day(self) -> date:
        day = self.cleaned_data["day"]
        if day > self.today + MAX_PLANNED_AHEAD:
            raise forms.ValidationError(TOO_FAR, code="too_far")
        return day


class TripForm(forms.ModelForm):
    zone = forms.CharField(
        max_length=64,
        label="Where you're going",
        help_text="Choose the time zone there.",
        validators=[validate_timezone],
        widget=ZoneSelect,
    )

    class Meta:
        model = Trip
        fields = ("zone", "starts_on", "ends_on")
        labels = {"starts_on": "First day", "ends_on": "Last day"}
        widgets = {"starts_on": _date_input(), "ends_on": _date_input()}

    def __init__(self, *args, member: Member, today: date, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        self.today = today

    def clean_starts_on(self) -> date:
        day = self.cleaned_data["starts_on"]
        if not self.today - MAX_TRIP <= day <= self.today + MAX_PLANNED_AHEAD:
            raise forms.ValidationError("Choose a day within a year of today.", code="too_far")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        starts_on, ends_on, zone = (cleaned.get(name) for name in ("starts_on", "ends_on", "zone"))
        if not (starts_on and ends_on):
            return cleaned
        if ends_on < starts_on:
            self.add_error("ends_on", "Choose a last day on or after the first day.")
        elif ends_on - starts_on > MAX_TRIP:
            self.add_error("ends_on", "A trip can last up to a year. If you're moving, change your time zone instead.")
        elif ends_on < self.today and "ends_on" in self.changed_data:
            self.add_error("ends_on", "Choose today or a later day.")
        elif zone and self._is_over_before_it_begins(zone, starts_on, ends_on):
            self.add_error("ends_on", "Over there, this day ends before you leave. Choose a later day.")
        return cleaned

    def refuse_overlap(self) -> None:
        self.add_error("starts_on", "You already have a trip on some of these days. Choose other dates.")

    def _is_over_before_it_begins(self, zone: str, starts_on: date, ends_on: date) -> bool:
        home = self.member.profile
        begins_at, _ = day_bounds(starts_on, home.timezone, home.day_start)
        _, ends_at = day_bounds(ends_on, zone, home.day_start)
        return ends_at <= begins_at
