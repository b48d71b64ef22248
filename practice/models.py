"""Practice sessions, daily check-ins, rest days, trips, and the totals derived from them."""

from datetime import date, datetime, time

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from uuid_utils.compat import uuid7

from accounts.models import Member
from accounts.rules import validate_timezone
from database.constraints import SqlCheck
from hacks.models import Hack
from practice import rules


class PracticeSessionQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        """Return the member's own sessions; sessions are private."""
        return self.filter(user=member)

    def running(self):
        return self.filter(ended_at=None)

    def finished(self):
        return self.filter(ended_at__isnull=False)

    def locked(self):
        """Lock the rows, so that the second of two concurrent requests sees what the first one stored."""
        return self.select_for_update(no_key=True, of=("self",))


class PracticeSession(models.Model):
    """A practice session. While `ended_at` is empty, the timer is running, or paused since `paused_at`."""

    class Type(models.TextChoices):
        SOLO = "solo", "On my own"
        GROUP = "group", "In a group"
        TEACHING = "teaching", "Teaching"
        GUIDED = "guided", "Guided"

    class Feedback(models.IntegerChoices):
        BAD = -1, "Not good"
        NEUTRAL = 0, "Neutral"
        GOOD = 1, "Good"

    MAX_SECONDS = 6 * 60 * 60

    id = models.UUIDField(primary_key=True, default=uuid7)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="sessions", db_index=False)
    # The database refuses to delete a hack in use. PROTECT would read whole sessions first, which staff can't.
    hack = models.ForeignKey(Hack, on_delete=models.DO_NOTHING, related_name="sessions")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    duration_seconds = models.PositiveIntegerField(null=True, blank=True)
    feedback_score = models.SmallIntegerField(choices=Feedback, null=True, blank=True)
    notes = models.TextField(blank=True, default="", max_length=5000)
    is_group_session = models.GeneratedField(
        expression=models.Case(models.When(session_type="group", then=models.Value(True)), default=models.Value(False)),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    session_type = models.CharField(max_length=10, choices=Type, default=Type.SOLO)
    biometric_data = models.JSONField(null=True, blank=True)
    planned_seconds = models.PositiveIntegerField(
        default=600, validators=[MinValueValidator(60), MaxValueValidator(MAX_SECONDS)]
    )
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_seconds = models.PositiveIntegerField(default=0)
    last_seen_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the timer last contacted the server; an abandoned session counts up to this moment.",
    )
    practice_date = models.DateField(help_text="The member's local day on which the session started.")
    timezone = models.CharField(max_length=64, validators=[validate_timezone])
    day_start = models.TimeField(default=time(0))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PracticeSessionQuerySet.as_manager()

    class Meta:
        db_table = "practice_sessions"
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(session_type__in=["solo", "group", "teaching", "guided"]),
                name="practice_session_type_known",
            ),
            models.CheckConstraint(
                condition=models.Q(feedback_score=None) | models.Q(feedback_score__range=(-1, 1)),
                name="practice_session_feedback_known",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("started_at")),
                name="practice_session_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, duration_seconds=None)
                | models.Q(ended_at__isnull=False, duration_seconds__range=(0, 21600), paused_at=None),
                name="practice_session_finished_has_duration",
            ),
            models.CheckConstraint(
                condition=models.Q(planned_seconds__range=(60, 21600)),
                name="practice_session_planned_seconds",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(ended_at=None), name="practice_session_one_running"
            ),
            # Heart rate variability (RMSSD, ms). jsonb never sorts another type between two numbers, so BETWEEN
            # rejects strings, lists and objects.
            SqlCheck(
                sql="biometric_data IS NULL OR (jsonb_typeof(biometric_data) = 'object' AND biometric_data <> '{}'"
                " AND biometric_data - ARRAY['hrv_before', 'hrv_after'] = '{}'"
                " AND COALESCE(biometric_data -> 'hrv_before', '5') BETWEEN '5'::jsonb AND '300'::jsonb"
                " AND COALESCE(biometric_data -> 'hrv_after', '5') BETWEEN '5'::jsonb AND '300'::jsonb)",
                name="practice_session_biometrics_known",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "started_at"], name="practice_session_user_started"),
            models.Index(
                fields=["user", "hack", "practice_date"],
                include=["started_at", "duration_seconds"],
                name="practice_session_progress",
            ),
            models.Index(fields=["session_type"], name="practice_session_type"),
        ]

    def __str__(self) -> str:
        return f"{self.hack} on {self.practice_date}"

    def get_absolute_url(self) -> str:
        return reverse("practice:session-detail", args=[self.pk])

    @property
    def is_running(self) -> bool:
        return self.ended_at is None

    @property
    def minutes(self) -> int:
        """Return the minutes to show for a finished session: rounded, at least one."""
        return max(1, round((self.duration_seconds or 0) / 60))

    def elapsed_seconds(self, moment: datetime) -> int:
        """Return the seconds practised until `moment`, without pauses, at most MAX_SECONDS."""
        stopped_at = min(moment, self.paused_at) if self.paused_at else moment
        elapsed = round((stopped_at - self.started_at).total_seconds()) - self.paused_seconds
        return min(max(elapsed, 0), self.MAX_SECONDS)


class DailyCheckinQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(user=member)


MOOD_VALIDATORS = [MinValueValidator(1), MaxValueValidator(10)]


class DailyCheckin(models.Model):
    """A member's check-in for one local day.

    It keeps the date, time zone and day start that applied when it was made. A trigger computes `streak_count`,
    `rest_stock` and `strength`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The unique constraint's index serves lookups. With a separate index on the user alone, PostgreSQL would read years
    # of a member's rows to find one day.
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="checkins", db_index=False)
    checkin_date = models.DateField()
    timezone = models.CharField(max_length=64, validators=[validate_timezone])
    day_start = models.TimeField(default=time(0))
    streak_count = models.PositiveIntegerField(default=1, editable=False)
    rest_stock = models.PositiveSmallIntegerField(default=0, editable=False)
    strength = models.FloatField(default=0, editable=False)
    # The database refuses to delete a hack in use. PROTECT would read whole check-ins first, which staff can't.
    selected_hack = models.ForeignKey(Hack, on_delete=models.DO_NOTHING, null=True, blank=True, related_name="checkins")
    mood_before = models.PositiveSmallIntegerField(null=True, blank=True, validators=MOOD_VALIDATORS)
    mood_after = models.PositiveSmallIntegerField(null=True, blank=True, validators=MOOD_VALIDATORS)
    notes = models.TextField(blank=True, default="", max_length=5000)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = DailyCheckinQuerySet.as_manager()

    class Meta:
        db_table = "daily_checkins"
        ordering = ["-checkin_date"]
        verbose_name = "check-in"
        constraints = [
            # With the hack, the journal counts a member's check-ins by hack in the index alone.
            models.UniqueConstraint(
                fields=["user", "checkin_date"], include=["selected_hack"], name="daily_checkin_once_a_day"
            ),
            models.CheckConstraint(
                condition=models.Q(mood_before=None) | models.Q(mood_before__range=(1, 10)),
                name="daily_checkin_mood_before_1_to_10",
            ),
            models.CheckConstraint(
                condition=models.Q(mood_after=None) | models.Q(mood_after__range=(1, 10)),
                name="daily_checkin_mood_after_1_to_10",
            ),
        ]

    def __str__(self) -> str:
        return f"Check-in for {self.checkin_date}"


class RestDayQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(user=member)

    def ahead_of(self, today: date):
        """Return the rest days after `today`, which can still be cancelled."""
        return self.filter(rest_date__gt=today)


class RestDay(models.Model):
    """A day off that the member planned ahead. It protects the streak and does not extend it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="rest_days", db_index=False)
    rest_date = models.DateField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = RestDayQuerySet.as_manager()

    class Meta:
        db_table = "rest_days"
        ordering = ["-rest_date"]
        constraints = [models.UniqueConstraint(fields=["user", "rest_date"], name="rest_day_once_a_day")]

    def __str__(self) -> str:
        return f"Rest on {self.rest_date}"


class RestDayGrantQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        return self.filter(user=member)


class RestDayGrant(models.Model):
    """A rest day that was won, for example in a challenge.

    It can be used from `granted_on` on; see sql/schema/streak.sql.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="rest_day_grants", db_index=False)
    source_id = models.UUIDField(
        help_text="The challenge that granted it. No foreign key: the rest day stays when the challenge is deleted."
    )
    granted_on = models.DateField(help_text="The member's local day from which the rest day can be used.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = RestDayGrantQuerySet.as_manager()

    class Meta:
        db_table = "rest_day_grants"
        ordering = ["-granted_on"]
        verbose_name = "rest day won"
        verbose_name_plural = "rest days won"
        constraints = [models.UniqueConstraint(fields=["user", "source_id"], name="rest_day_grants_once_a_source")]

    def __str__(self) -> str:
        return f"Rest day won on {self.granted_on}"


class DaysOfTrip(models.Func):
    """The date range of a trip, first and last day included."""

    function = "daterange"
    output_field = DateRangeField()


class TripQuerySet(models.QuerySet):
    def visible_to(self, member: Member):
        """Return the member's own trips; a member's location is private."""
        return self.filter(user=member)


class Trip(models.Model):
    """A planned trip. From its first to its last day, its zone is the member's time zone; see sql/schema/trips.sql."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="trips")
    zone = models.CharField("time zone", max_length=64, validators=[validate_timezone])
    starts_on = models.DateField("first day")
    ends_on = models.DateField("last day")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = TripQuerySet.as_manager()

    class Meta:
        db_table = "trips"
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="trips_end_after_start"
            ),
            ExclusionConstraint(
                name="trips_do_not_overlap",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    (DaysOfTrip("starts_on", "ends_on", RangeBoundary(inclusive_upper=True)), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone} from {self.starts_on} to {self.ends_on}"


class MemberStats(models.Model):
    """A member's totals. Only triggers and workers write them, and they can always be recomputed from the rows."""

    user = models.OneToOneField(
        Member, on_delete=models.CASCADE, primary_key=True, db_column="user_id", related_name="stats"
    )
    current_streak = models.PositiveIntegerField(db_default=0)
    longest_streak = models.PositiveIntegerField(db_default=0)
    rest_stock = models.PositiveSmallIntegerField(db_default=0)
    strength = models.FloatField(db_default=0)
    last_checkin_date = models.DateField(null=True)
    streak_ends_at = models.DateTimeField(null=True, help_text="When the streak ends without another check-in.")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "user_stats"
        verbose_name = "member's totals"
        verbose_name_plural = "members' totals"
        indexes = [
            models.Index(
                fields=["streak_ends_at"],
                condition=models.Q(current_streak__gt=0),
                name="user_stats_open_streaks",
            )
        ]

    def __str__(self) -> str:
        return f"Totals of {self.user}"

    def streak_at(self, moment: datetime) -> int:
        return rules.shown_streak(self.current_streak, self.streak_ends_at, moment)
