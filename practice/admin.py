from django.contrib import admin
from django.utils import timezone

from analytics.admin import ReadOnlyAdmin
from practice.models import DailyCheckin, MemberStats, PracticeSession, RestDay, RestDayGrant, Trip

# Sidebar topics with their models and icons (nrghax/admin_site.py).
TOPICS = {
    "Practice": {
        "practice.practicesession": "timer",
        "practice.dailycheckin": "event_available",
        "practice.restday": "bedtime",
        "practice.restdaygrant": "redeem",
        "practice.trip": "flight_takeoff",
        "practice.memberstats": "local_fire_department",
        "hacks.userhackprogress": "trending_up",
    },
}


@admin.register(PracticeSession)
class PracticeSessionAdmin(ReadOnlyAdmin):
    """Practice sessions without feedback, notes and measurements, which staff can't read."""

    list_display = ("started_at", "user", "hack", "session_type", "duration", "state")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "session_type", "started_at", "hack__category")
    list_select_related = ("user", "hack")
    search_fields = ("user__username", "hack__name")
    search_help_text = "Search by username or hack."
    ordering = ("-started_at",)
    # Only the member can open the page of a session.
    view_on_site = False
    exclude = ("notes", "feedback_score", "biometric_data")
    readonly_fields = ("duration", "state")

    def get_queryset(self, request):
        return super().get_queryset(request).defer(*self.exclude)

    @admin.display(ordering="duration_seconds")
    def duration(self, session):
        return None if session.duration_seconds is None else f"{session.minutes} min"

    @admin.display(ordering="ended_at")
    def state(self, session):
        if not session.is_running:
            return "Finished"
        return "Paused" if session.paused_at else "Running"


@admin.register(DailyCheckin)
class DailyCheckinAdmin(ReadOnlyAdmin):
    """Check-ins without moods, notes and the chosen hack, which staff can't read."""

    list_display = ("checkin_date", "user", "streak_count", "rest_stock", "strength_percent", "timezone", "day_start")
    list_filter = ("checkin_date",)
    search_fields = ("user__username",)
    search_help_text = "Search by username."
    ordering = ("-checkin_date", "user")
    exclude = ("mood_before", "mood_after", "notes", "selected_hack", "strength")
    readonly_fields = ("strength_percent", "created_at", "updated_at")

    def get_queryset(self, request):
        return super().get_queryset(request).defer("mood_before", "mood_after", "notes", "selected_hack")

    @admin.display(description="strength", ordering="strength")
    def strength_percent(self, checkin):
        return f"{checkin.strength:.0%}"


@admin.register(RestDay)
class RestDayAdmin(ReadOnlyAdmin):
    list_display = ("rest_date", "user", "created_at")
    list_filter = ("rest_date",)
    search_fields = ("user__username",)
    search_help_text = "Search by username."
    ordering = ("-rest_date", "user")
    readonly_fields = ("created_at",)


@admin.register(RestDayGrant)
class RestDayGrantAdmin(ReadOnlyAdmin):
    list_display = ("granted_on", "user", "source_id", "created_at")
    list_filter = ("granted_on",)
    search_fields = ("user__username", "source_id")
    search_help_text = "Search by username or challenge id."
    ordering = ("-granted_on", "user")
    readonly_fields = ("created_at",)


@admin.register(Trip)
class TripAdmin(ReadOnlyAdmin):
    list_display = ("user", "zone", "starts_on", "ends_on")
    list_filter = ("starts_on",)
    search_fields = ("user__username",)
    search_help_text = "Search by username."
    ordering = ("-starts_on", "user")
    readonly_fields = ("created_at", "updated_at")


class StreakFilter(admin.SimpleListFilter):
    title = "streak"
    parameter_name = "streak"

    def lookups(self, request, model_admin):
        return [("alive", "Active"), ("over", "Ended, not closed yet"), ("none", "None")]

    def queryset(self, request, queryset):
        now = timezone.now()
        match self.value():
            case "alive":
                return queryset.filter(current_streak__gt=0, streak_ends_at__gt=now)
            case "over":
                return queryset.filter(current_streak__gt=0, streak_ends_at__lte=now)
            case "none":
                return queryset.filter(current_streak=0)
        return queryset


@admin.register(MemberStats)
class MemberStatsAdmin(ReadOnlyAdmin):
    list_display = ("user", "shown_streak", "longest_streak", "rest_stock", "last_checkin_date", "streak_ends_at")
    list_filter = (StreakFilter, "last_checkin_date")
    search_fields = ("user__username",)
    search_help_text = "Search by username."
    ordering = ("-current_streak", "user")
    exclude = ("strength",)
    readonly_fields = ("shown_streak", "strength_percent", "updated_at")

    @admin.display(description="streak", ordering="current_streak")
    def shown_streak(self, stats):
        return stats.streak_at(timezone.now())

    @admin.display(description="strength at the last check-in", ordering="strength")
    def strength_percent(self, stats):
        return f"{stats.strength:.0%}"
