from django.contrib import admin, messages
from django.template.defaultfilters import pluralize
from django.utils import timezone
from unfold.admin import ModelAdmin

from analytics.actions import retry_activities
from analytics.models import Notification, UserActivityLog

# Sidebar topics, each with its models and their icons (nrghax/admin_site.py).
TOPICS = {
    "Activity": {
        "analytics.useractivitylog": "history",
        "analytics.notification": "notifications",
    },
}


class ReadOnlyAdmin(ModelAdmin):
    """A read-only list of rows that the system writes. Staff can view history but not edit it."""

    list_select_related = ("user",)
    show_full_result_count = False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("done", "Done"), ("waiting", "Waiting"), ("given-up", "Given up")]

    def queryset(self, request, queryset):
        match self.value():
            case "done":
                return queryset.filter(processed_at__isnull=False)
            case "waiting":
                return queryset.pending()
            case "given-up":
                return queryset.given_up()
        return queryset


@admin.register(UserActivityLog)
class UserActivityLogAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "activity_type", "user", "state", "attempts", "processed_at")
    list_filter = (StateFilter, "activity_type", "created_at")
    search_fields = ("user__username", "id__exact")
    search_help_text = "Search by username or activity ID."
    ordering = ("-created_at",)
    readonly_fields = ("id", "state", "waited")
    actions = ("try_again",)

    @admin.display(description="state")
    def state(self, activity):
        if activity.processed_at:
            return "Done"
        return "Given up" if activity.attempts >= UserActivityLog.MAX_ATTEMPTS else "Waiting"

    @admin.display(description="waited for")
    def waited(self, activity):
        return (activity.processed_at or timezone.now()) - activity.created_at

    def has_retry_permission(self, request):
        return request.user.has_perm("analytics.change_useractivitylog")

    @admin.action(description="Retry selected activities", permissions=["retry"])
    def try_again(self, request, queryset):
        number = retry_activities(activities=queryset)
        if number:
            self.message_user(
                request,
                f"{number} activit{pluralize(number, 'y,ies')} will be retried within a minute.",
                messages.SUCCESS,
            )
        else:
            self.message_user(
                request, "Nothing to retry: only activities with the state “Given up” can be retried.", messages.WARNING
            )


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "user", "type", "title", "is_read", "read_at")
    list_filter = ("type", "is_read", "created_at")
    search_fields = ("user__username", "title", "subject")
    ordering = ("-created_at",)
    readonly_fields = ("id",)
