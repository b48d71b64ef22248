"""Forms for practice sessions: start and finish the timer, give feedback, log and edit."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from uuid_utils.compat import uuid7

from hacks.models import Hack
from practice.forms.fields import feedback_field, hack_choices, note_field
from practice.models import PracticeSession

MAX_PLANNED_MINUTES = 180
MAX_MINUTES = PracticeSession.MAX_SECONDS // 60
MAX_LOGGED_DAYS_AGO = 365
HRV_RANGE = (5, 300)


class OnceForm(forms.Form):
    """A form that carries the id of the row it creates, so that submitting it twice creates one row."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "id" in self.errors:
            del self.errors["id"]
            self.refuse_id()
        return cleaned

    def refuse_id(self) -> None:
        """Add an error about the id, and put a new id into the form for the next attempt."""
        self.data = {**self.data.dict(), "id": str(uuid7())}
        self.add_error(None, "Something went wrong. Please try again.")


class StartForm(OnceForm):
    minutes = forms.IntegerField(min_value=1, max_value=MAX_PLANNED_MINUTES)
    session_type = forms.ChoiceField(label="How", choices=PracticeSession.Type, initial=PracticeSession.Type.SOLO)

    def __init__(self, *args, hack: Hack, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["minutes"].initial = hack.duration_minutes


class FinishForm(forms.Form):
    """The end of a session as the timer's script reports it. An invalid time is ignored: the practice still counts."""

    ended_at = forms.DateTimeField(required=False)

    def ended_at_or_none(self) -> datetime | None:
        return self.cleaned_data.get("ended_at") if self.is_valid() else None


class _FeelingForm(forms.Form):
    """Feedback, note and heart rate variability; shared by the feedback form and the forms to log and edit."""

    feedback_score = feedback_field()
    notes = note_field(help_text="Only you can see this.")
    hrv_before = forms.IntegerField(label="Before", required=False, min_value=HRV_RANGE[0], max_value=HRV_RANGE[1])
    hrv_after = forms.IntegerField(label="After", required=False, min_value=HRV_RANGE[0], max_value=HRV_RANGE[1])

    @property
    def biometric_data(self) -> dict[str, int] | None:
        names = ("hrv_before", "hrv_after")
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name] is not None} or None

    def feeling(self) -> dict[str, Any]:
        return {
            "feedback_score": self.cleaned_data["feedback_score"],
            "notes": self.cleaned_data["notes"],
            "biometric_data": self.biometric_data,
        }


class FeedbackForm(_FeelingForm):
    """Feedback right after a practice; the member can correct the minutes."""

    minutes = forms.IntegerField(min_value=1, max_value=MAX_MINUTES)

    field_order = ["feedback_score", "notes", "minutes"]

    def __init__(self, *args, session: PracticeSession, now: datetime, **kwargs) -> None:
        super().__init__(*args, initial=_recorded_values(session), **kwargs)
        self.session = session
        self.now = now

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "minutes" in self.changed_data:
            _check_end_is_past(self, self.session.started_at, self.now)
        return cleaned

    def changes(self) -> dict[str, Any]:
        return self.feeling() | _minutes_changed(self)


class LogForm(_FeelingForm):
    """All fields of a practice, with times in `zone`."""

    hack = forms.TypedChoiceField(coerce=UUID, error_messages={"invalid_choice": "Choose a hack from the list."})
    started_on = forms.DateField(label="Day", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    started_at_time = forms.TimeField(
        label="Started at", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    minutes = forms.IntegerField(min_value=1, max_value=MAX_MINUTES)
    session_type = forms.ChoiceField(label="How", choices=PracticeSession.Type, initial=PracticeSession.Type.SOLO)

    def __init__(self, *args, hacks: Iterable[dict[str, Any]], zone: str, now: datetime, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)
        self.now = now
        by_category = ((hack["category__title"], hack["id"], hack["name"]) for hack in hacks)
        self.fields["hack"].choices = hack_choices(by_category, empty="Choose a hack")
        self.fields["started_at_time"].help_text = f"Time zone: {zone}"
        today = now.astimezone(self.zone).date()
        self.fields["started_on"].widget.attrs |= {"max": f"{today}"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        day, clock = cleaned.get("started_on"), cleaned.get("started_at_time")
        if day and clock and self.start_is_new():
            cleaned["started_at"] = self._start(datetime.combine(day, clock))
        return cleaned

    def start_is_new(self) -> bool:
        return True

    def session(self) -> dict[str, Any]:
        return {
            "hack_id": self.cleaned_data["hack"],
            "session_type": self.cleaned_data["session_type"],
            **self.feeling(),
        }

    def _start(self, clock: datetime) -> datetime | None:
        """Return the moment of a local time, the first if the time occurred twice.

        Add an error and return None if clocks skipped the time, or if it is in the future or too long ago.
        """
        try:
            moment = clock.replace(tzinfo=self.zone).astimezone(UTC)
            skipped = moment.astimezone(self.zone).replace(tzinfo=None) != clock
        except OverflowError:
            self.add_error("started_on", "Choose a day within the last year.")
            return None
        if skipped:
            self.add_error("started_at_time", "The clocks went forward and skipped this time. Choose a later one.")
        elif moment > self.now:
            self.add_error("started_at_time", "This is in the future. Choose an earlier time.")
        elif moment < self.now - timedelta(days=MAX_LOGGED_DAYS_AGO):
            self.add_error("started_on", "Choose a day within the last year.")
        else:
            _check_end_is_past(self, moment, self.now)
            return moment
        return None


class LogOnceForm(LogForm, OnceForm):
    def to_log(self) -> dict[str, Any]:
        return self.session() | {
            "started_at": self.cleaned_data["started_at"],
            "duration_seconds": self.cleaned_data["minutes"] * 60,
        }


class EditForm(LogForm):
    """A finished session, with times in the zone stored on it.

    The form shows whole minutes, so start and duration are only changed if the member edits them.
    """

    def __init__(self, *args, session: PracticeSession, **kwargs) -> None:
        start = session.started_at.astimezone(ZoneInfo(session.timezone))
        initial = _recorded_values(session) | {
            "hack": str(session.hack_id),
            "started_on": start.date(),
            "started_at_time": start.time().replace(second=0, microsecond=0),
            "session_type": session.session_type,
        }
        super().__init__(*args, initial=initial, zone=session.timezone, **kwargs)
        self.edited = session

    def start_is_new(self) -> bool:
        return bool({"started_on", "started_at_time"} & set(self.changed_data))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "minutes" in self.changed_data and not self.start_is_new():
            _check_end_is_past(self, self.edited.started_at, self.now)
        return cleaned

    def changes(self) -> dict[str, Any]:
        start = {"started_at": self.cleaned_data["started_at"]} if self.start_is_new() else {}
        return self.session() | start | _minutes_changed(self)


def _recorded_values(session: PracticeSession) -> dict[str, Any]:
    return {
        "feedback_score": session.feedback_score,
        "notes": session.notes,
        "minutes": session.minutes,
        **(session.biometric_data or {}),
    }


def _minutes_changed(form: forms.Form) -> dict[str, int]:
    if "minutes" not in form.changed_data:
        return {}
    return {"duration_seconds": form.cleaned_data["minutes"] * 60}


def _check_end_is_past(form: forms.Form, started_at: datetime, now: datetime) -> None:
    """Add an error if the practice would end in the future, with a minute's tolerance for rounded minutes."""
    minutes = form.cleaned_data.get("minutes")
    if minutes and started_at + timedelta(minutes=minutes - 1) > now:
        form.add_error("minutes", "That's longer than the time since you started. Enter fewer minutes.")
