from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from accounts.history import Change, RemembersChanges, log_changes
from analytics.admin import ReadOnlyAdmin
from gamification.actions import cancel_challenge
from gamification.admin_forms import ChallengeForm
from gamification.challenges import asked_for
from gamification.models import Challenge, ChallengeParticipant
from hacks.admin_forms import DeletesOneByOne

STATES = {
    "cancelled": "Cancelled",
    "coming": "Coming",
    "running": "Running",
    "counting": "Being counted",
    "over": "Over",
}
REASON_LENGTH = 300
KEPT = "What members have joined is not deleted."
OFF = "Until its result is final, it can be cancelled in the list of challenges."


@admin.register(Challenge)
class ChallengeAdmin(DeletesOneByOne, RemembersChanges, ModelAdmin):
    form = ChallengeForm
    list_display = ["name", "state", "asked_for", "start_date", "end_date", "reward", "members"]
    list_filter = ["is_active", "reward_type", "start_date"]
    search_fields = ["name", "slug", "description"]
    ordering = ["-start_date", "name"]
    date_hierarchy = "start_date"
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["state", "asked_for", "reward", "members", "cancellation_reason", "settled_at", "created_at"]
    actions = ["cancel"]

    def get_queryset(self, request):
        return super().get_queryset(request).for_page(request.user.member)

    def get_fieldsets(self, request, obj=None):
        """What somebody has joined stays what it was: it is told, not asked for."""
        about = (None, {"fields": ["name", "slug", "description", "max_participants"]})
        now = ("Now", {"fields": ["state", "members", "cancellation_reason", "settled_at", "created_at"]})
        if _is_fixed(obj):
            words = [KEPT] * obj.participants.exists() + [OFF] * (not obj.cancelled_at and not obj.settled_at)
            fixed = {"fields": ["start_date", "end_date", "asked_for", "reward"], "description": " ".join(words)}
            return [about, ("Fixed", fixed), now]
        open_fields = [
            ("When", {"fields": ["start_date", "end_date", "is_active"]}),
            ("What counts", {"fields": ["criteria_json"]}),
            ("What it brings to everybody who gets there", {"fields": ["reward_type", "reward_value"]}),
        ]
        return [about, *open_fields, now] if obj else [about, *open_fields]

    def get_readonly_fields(self, request, obj=None):
        fixed = ["start_date", "end_date", "criteria_json", "reward_value"] if _is_fixed(obj) else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    def has_delete_permission(self, request, obj=None):
        """Not offered where somebody has joined: the page says what to do instead."""
        is_joined = obj is not None and obj.participants.exists()
        return super().has_delete_permission(request, obj) and not is_joined

    def view_on_site(self, challenge) -> str | None:
        is_announced = challenge.is_active or challenge.cancelled_at
        return challenge.get_absolute_url() if is_announced else None

    @admin.display(ordering="end_date")
    def state(self, challenge) -> str:
        if not challenge.is_active and challenge.cancelled_at is None:
            return "Not announced"
        return STATES[challenge.state_at(timezone.now())]

    @admin.display(description="what counts", ordering="criteria_json")
    def asked_for(self, challenge) -> str:
        criteria = challenge.criteria_json
        names = {"hack": challenge.hack_name, "category": challenge.category_title}
        missing = [f"no such {key}: {criteria[key]}" for key, name in names.items() if key in criteria and not name]
        words = asked_for(criteria, **{key: name or "" for key, name in names.items()})
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

    @admin.action(description="Cancel the chosen challenges", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset) -> HttpResponse | None:
        """Asks for the reason first: whoever takes part will read it."""
        reason = request.POST.get("reason", "").strip()
        if not reason or len(reason) > REASON_LENGTH:
            return self._ask(request, queryset, error="reason" in request.POST, reason=reason)
        off = [each for each in queryset if cancel_challenge(challenge=each, reason=reason, now=timezone.now())]
        log_changes(user=request.user, changed=[(each, [Change("cancelled", "no", reason)]) for each in off])
        if off:
            messages.success(request, f"Cancelled, and told to whoever took part: {len(off)}.")
        if left := len(queryset) - len(off):
            why = "the result is final, it was cancelled before, or it was never announced"
            messages.error(request, f"Not cancelled, because {why}: {left}.")
        return None

    def _ask(self, request: HttpRequest, queryset, *, error: bool, reason: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Cancel this challenge" if len(queryset) == 1 else f"Cancel these {len(queryset)} challenges",
            "challenges": queryset,
            "error": error,
            "reason": reason,
            "reason_length": REASON_LENGTH,
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
    search_help_text = "A member's username, or a challenge."
    ordering = ("-challenge__start_date", "rank", "joined_at")
    readonly_fields = ("joined_at", "scored_at")
