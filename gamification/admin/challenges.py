from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from accounts.history import Change, RemembersChanges, log_changes
from analytics.admin import ReadOnlyAdmin
from gamification.actions import cancel_challenge
from gamification.admin_forms import ChallengeForm
from gamification.challenges import describe_criteria
from gamification.models import Challenge, ChallengeParticipant
from hacks.admin_forms import NoBulkDeleteMixin

STATE_LABELS = {
    "cancelled": "Cancelled",
    "coming": "Upcoming",
    "running": "Running",
    "counting": "Counting",
    "over": "Over",
}
MAX_REASON_LENGTH = 300
DELETE_NOTE = "Members have joined this challenge, so it can't be deleted."
CANCEL_NOTE = "Until its result is final, you can cancel it in the list of challenges."


@admin.register(Challenge)
class ChallengeAdmin(NoBulkDeleteMixin, RemembersChanges, ModelAdmin):
    form = ChallengeForm
    list_display = ["name", "state", "requirement", "start_date", "end_date", "reward", "members"]
    list_filter = ["is_active", "reward_type", "start_date"]
    search_fields = ["name", "slug", "description"]
    ordering = ["-start_date", "name"]
    date_hierarchy = "start_date"
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["state", "requirement", "reward", "members", "cancellation_reason", "settled_at", "created_at"]
    actions = ["cancel"]

    def get_queryset(self, request):
        return super().get_queryset(request).for_page(request.user.member)

    def get_fieldsets(self, request, obj=None):
        """Show the fixed fields as text once a member has joined or the challenge is cancelled or settled."""
        about = (None, {"fields": ["name", "slug", "description", "max_participants"]})
        status = ("Status", {"fields": ["state", "members", "cancellation_reason", "settled_at", "created_at"]})
        if _is_fixed(obj):
            notes = [DELETE_NOTE] * obj.participants.exists() + [CANCEL_NOTE] * (
                not obj.cancelled_at and not obj.settled_at
            )
            fixed = {"fields": ["start_date", "end_date", "requirement", "reward"], "description": " ".join(notes)}
            return [about, ("Fixed", fixed), status]
        open_fields = [
            ("When", {"fields": ["start_date", "end_date", "is_active"]}),
            ("What counts", {"fields": ["criteria_json"]}),
            ("Reward for everyone who completes it", {"fields": ["reward_type", "reward_value"]}),
        ]
        return [about, *open_fields, status] if obj else [about, *open_fields]

    def get_readonly_fields(self, request, obj=None):
        fixed = ["start_date", "end_date", "criteria_json", "reward_value"] if _is_fixed(obj) else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    def has_delete_permission(self, request, obj=None):
        """Return False once a member has joined; DELETE_NOTE and CANCEL_NOTE explain it on the page."""
        is_joined = obj is not None and obj.participants.exists()
        return super().has_delete_permission(request, obj) and not is_joined

    def view_on_site(self, challenge) -> str | None:
        is_announced = challenge.is_active or challenge.cancelled_at
        return challenge.get_absolute_url() if is_announced else None

    @admin.display(ordering="end_date")
    def state(self, challenge) -> str:
        if not challenge.is_active and challenge.cancelled_at is None:
            return "Not announced"
        return STATE_LABELS[challenge.state_at(timezone.now())]

    @admin.display(description="what counts", ordering="criteria_json")
    def requirement(self, challenge) -> str:
        criteria = challenge.criteria_json
        names = {"hack": challenge.hack_name, "category": challenge.category_title}
        missing = [f"no such {key}: {criteria[key]}" for key, name in names.items() if key in criteria and not name]
        words = describe_criteria(criteria, **{key: name or "" for key, name in names.items()})
        return f"{words} ({missing[0]})" if missing else words

    @admin.display(ordering="reward_type")
    def reward(self, challenge) -> str:
        detail = ", ".join(str(value) for value in challenge.reward_value.values())
        return f"{challenge.get_reward_type_display()}: {detail}" if detail else challenge.get_reward_type_display()

    @admin.display(description="members", ordering="participant_count")
    def members(self, challenge) -> str:
        if not getattr(challenge, "participant_count", 0):
            return "0"
        places = f" of {challenge.max_participants}" if challenge.max_participants else ""
        url = f"{reverse('admin:gamification_challengeparticipant_changelist')}?challenge__id__exact={challenge.pk}"
        return format_html('<a href="{}">{}{}</a>', url, challenge.participant_count, places)

    @admin.action(description="Cancel selected challenges", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset) -> HttpResponse | None:
        """Cancel the challenges. Without a reason, ask for it first: the participants will read it."""
        reason = request.POST.get("reason", "").strip()
        if not reason or len(reason) > MAX_REASON_LENGTH:
            return self._confirm_cancel(request, queryset, error="reason" in request.POST, reason=reason)
        cancelled = [each for each in queryset if cancel_challenge(challenge=each, reason=reason, now=timezone.now())]
        log_changes(user=request.user, changed=[(each, [Change("cancelled", "no", reason)]) for each in cancelled])
        if number := len(cancelled):
            messages.success(
                request, f"{number} challenge{pluralize(number)} cancelled. The participants are notified."
            )
        if skipped := len(queryset) - len(cancelled):
            why = "already final, already cancelled, or never announced"
            messages.error(request, f"Not cancelled: {skipped} ({why}).")
        return None

    def _confirm_cancel(self, request: HttpRequest, queryset, *, error: bool, reason: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Cancel this challenge" if len(queryset) == 1 else f"Cancel these {len(queryset)} challenges",
            "challenges": queryset,
            "error": error,
            "reason": reason,
            "reason_length": MAX_REASON_LENGTH,
        }
        return TemplateResponse(request, "admin/gamification/confirm_cancel.html", context)


def _is_fixed(challenge: Challenge | None) -> bool:
    return bool(challenge and (challenge.cancelled_at or challenge.settled_at or challenge.participants.exists()))


@admin.register(ChallengeParticipant)
class ChallengeParticipantAdmin(ReadOnlyAdmin):
    list_display = ("challenge", "rank", "user", "score", "completed_at", "joined_at")
    list_filter = ("challenge", ("completed_at", admin.EmptyFieldListFilter))
    list_select_related = ("challenge", "user")
    search_fields = ("user__username", "challenge__name")
    search_help_text = "Search by username or challenge."
    ordering = ("-challenge__start_date", "rank", "joined_at")
    readonly_fields = ("joined_at", "scored_at")
