"""The day-by-day history of a streak, read from app.streak_history (sql/schema/streak.sql)."""

from dataclasses import dataclass
from datetime import date, datetime, time

from accounts.models import Member
from database.statements import run_sql
from practice.rules import MAX_REST_STOCK, STREAK_DAYS_PER_EARNED_REST


@dataclass(frozen=True)
class HistoryDay:
    """A day of a member's streak: what happened, the time zone that applied, and the numbers at its end."""

    day: date
    kind: str
    zone: str
    day_start: time
    streak: int
    rest_stock: int
    strength: float
    won: int

    @property
    def words(self) -> str:
        if not self.won:
            return self._kind_words
        return f"{self._kind_words}. Rest day won (up to {MAX_REST_STOCK} kept)"

    @property
    def _kind_words(self) -> str:
        if self.kind != "done":
            return KIND_WORDS[self.kind]
        if self.streak == 1:
            return "Checked in: new streak"
        if self.streak % STREAK_DAYS_PER_EARNED_REST == 0:
            return f"Checked in. {self.streak} days in a row earn a rest day (at most {MAX_REST_STOCK} kept)"
        return "Checked in"


KIND_WORDS = {
    "dropped": "This date didn't exist in your time zone",
    "earned": "Missed: covered by a rest day you earned",
    "missed": "Missed",
    "rest": "Planned rest day",
    "today": "Not over yet",
    "travel": "Protected: you travelled east",
}


def streak_history(member: Member, first: date, last: date, moment: datetime) -> list[HistoryDay]:
    """Return the member's days from `first` to `last`, limited to those from the first check-in up to `moment`."""
    days = run_sql("SELECT * FROM app.streak_history(%s, %s, %s, %s)", [member.pk, first, last, moment])
    return [HistoryDay(*row) for row in days.rows]
