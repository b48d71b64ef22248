"""What is planned ahead: rest days and trips."""

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
        label="Day", widget=_date_input(), help_text="From tomorrow on; at most two a week, from Monday to Sunday."
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
        label="Where you will be",
        help_text="The time zone of the place.",
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
            raise forms.ValidationError(TOO_FAR, code="too_far")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        starts_on, ends_on, zone = (cleaned.get(name) for name in ("starts_on", "ends_on", "zone"))
        if not (starts_on and ends_on):
            return cleaned
        if ends_on < starts_on:
            self.add_error("ends_on", "The last day is before the first.")
        elif ends_on - starts_on > MAX_TRIP:
            self.add_error("ends_on", "A trip lasts a year at most. If you stay, change your time zone instead.")
        elif ends_on < self.today and "ends_on" in self.changed_data:
            self.add_error("ends_on", "That is over already. Days that you have checked in for stay as they are.")
        elif zone and self._is_over_before_it_begins(zone, starts_on, ends_on):
            self.add_error("ends_on", "Across the date line this day is over before you leave. Choose a later one.")
        return cleaned

    def refuse_overlap(self) -> None:
        self.add_error("starts_on", "You are on another trip on some of these days.")

    def _is_over_before_it_begins(self, zone: str, starts_on: date, ends_on: date) -> bool:
        home = self.member.profile
        begins_at, _ = day_bounds(starts_on, home.timezone, home.day_start)
        _, ends_at = day_bounds(ends_on, zone, home.day_start)
        return ends_at <= begins_at
