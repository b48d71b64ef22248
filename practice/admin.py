from django.contrib import admin

from analytics.admin import ReadOnlyAdmin
from practice.models import PracticeSession


@admin.register(PracticeSession)
class PracticeSessionAdmin(ReadOnlyAdmin):
    """Sessions are their member's own: staff see that there was practice, not what was felt or written."""

    list_display = ("started_at", "user", "hack", "session_type", "duration", "state")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "session_type", "started_at", "hack__category")
    list_select_related = ("user", "hack")
    search_fields = ("user__username", "hack__name")
    search_help_text = "A member's username, or a hack."
    ordering = ("-started_at",)
    exclude = ("notes", "feedback_score", "biometric_data")
    readonly_fields = ("duration", "state")

    @admin.display(ordering="duration_seconds")
    def duration(self, session):
        return None if session.duration_seconds is None else f"{session.minutes} min"

    @admin.display(ordering="ended_at")
    def state(self, session):
        if not session.is_running:
            return "Finished"
        return "Paused" if session.paused_at else "Running"
