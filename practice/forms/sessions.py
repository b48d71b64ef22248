"""What is asked of a practice: to start the timer, to say how it went, to log or correct it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxLengthValidator
from uuid_utils.compat import uuid7

from hacks.models import Hack
from practice.models import PracticeSession

MAX_PLANNED_MINUTES = 180
MAX_MINUTES = PracticeSession.MAX_SECONDS // 60
MAX_LOGGED_DAYS_AGO = 365
HRV_RANGE = (5, 300)


class OnceForm(forms.Form):
    """Carries the id of what it makes, so that sending it twice makes one."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "id" in self.errors:
            del self.errors["id"]
            self.refuse_id()
        return cleaned

    def refuse_id(self) -> None:
        """Say that the id is no good, and carry a new one when the form is shown again."""
        self.data = {**self.data.dict(), "id": str(uuid7())}
        self.add_error(None, "That did not reach us as it should. Please send it once more.")


class StartForm(OnceForm):
    minutes = forms.IntegerField(min_value=1, max_value=MAX_PLANNED_MINUTES)
    session_type = forms.ChoiceField(label="How", choices=PracticeSession.Type, initial=PracticeSession.Type.SOLO)

    def __init__(self, *args, hack: Hack, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["minutes"].initial = hack.duration_minutes


class FinishForm(forms.Form):
    """From the timer: when it ended by its own account. What cannot be read is left out: the practice counts anyway."""

    ended_at = forms.DateTimeField(required=False)

    def ended_at_or_none(self) -> datetime | None:
        return self.cleaned_data.get("ended_at") if self.is_valid() else None


class _FeelingForm(forms.Form):
    """How it went. Shared by the question after a practice and the forms for the whole of it."""

    feedback_score = forms.TypedChoiceField(
        label="How was it?",
        choices=PracticeSession.Feedback,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    notes = forms.CharField(
        label="Note",
        required=False,
        validators=[MaxLengthValidator(5000)],
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 5000}),
        help_text="Only you can read it.",
    )
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
    """Right after a practice; the minutes may be corrected."""

    minutes = forms.IntegerField(min_value=1, max_value=MAX_MINUTES)

    field_order = ["feedback_score", "notes", "minutes"]

    def __init__(self, *args, session: PracticeSession, now: datetime, **kwargs) -> None:
        super().__init__(*args, initial=_said(session), **kwargs)
        self.session = session
        self.now = now

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "minutes" in self.changed_data:
            _refuse_an_end_to_come(self, self.session.started_at, self.now)
        return cleaned

    def changes(self) -> dict[str, Any]:
        return self.feeling() | _minutes_changed(self)


class LogForm(_FeelingForm):
    """The whole of a practice, by the clock of `zone`."""

    hack = forms.TypedChoiceField(coerce=UUID, error_messages={"invalid_choice": "Choose a hack that is open to you."})
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
        self.fields["hack"].choices = [("", "Choose a hack"), *_by_category(hacks)]
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
        """The moment that the clock showed this, the first if it did so twice; None, with an error, if never."""
        try:
            moment = clock.replace(tzinfo=self.zone).astimezone(UTC)
            skipped = moment.astimezone(self.zone).replace(tzinfo=None) != clock
        except OverflowError:
            self.add_error("started_on", "Choose a day within the last year.")
            return None
        if skipped:
            self.add_error(
                "started_at_time", "The clocks went forward then and skipped this time. Choose one after it."
            )
        elif moment > self.now:
            self.add_error("started_at_time", "This is still to come. Log it once you have practised.")
        elif moment < self.now - timedelta(days=MAX_LOGGED_DAYS_AGO):
            self.add_error("started_on", "Choose a day within the last year.")
        else:
            _refuse_an_end_to_come(self, moment, self.now)
            return moment
        return None


class LogOnceForm(LogForm, OnceForm):
    def to_log(self) -> dict[str, Any]:
        return self.session() | {
            "started_at": self.cleaned_data["started_at"],
            "duration_seconds": self.cleaned_data["minutes"] * 60,
        }


class EditForm(LogForm):
    """A finished session, by the clocks it was practised by. What is left alone keeps its seconds."""

    def __init__(self, *args, session: PracticeSession, **kwargs) -> None:
        start = session.started_at.astimezone(ZoneInfo(session.timezone))
        initial = _said(session) | {
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
            _refuse_an_end_to_come(self, self.edited.started_at, self.now)
        return cleaned

    def changes(self) -> dict[str, Any]:
        start = {"started_at": self.cleaned_data["started_at"]} if self.start_is_new() else {}
        return self.session() | start | _minutes_changed(self)


def _said(session: PracticeSession) -> dict[str, Any]:
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


def _refuse_an_end_to_come(form: forms.Form, started_at: datetime, now: datetime) -> None:
    """A practice that is recorded is over. A minute's grace: what is typed is rounded."""
    minutes = form.cleaned_data.get("minutes")
    if minutes and started_at + timedelta(minutes=minutes - 1) > now:
        form.add_error("minutes", "It has not been that long since it started.")


def _by_category(hacks: Iterable[dict[str, Any]]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (title, [(str(hack["id"]), hack["name"]) for hack in group])
        for title, group in groupby(hacks, key=lambda hack: hack["category__title"])
    ]
