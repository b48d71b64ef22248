from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.shortcuts import redirect
from unfold.admin import ModelAdmin

from accounts.history import RemembersChanges
from analytics.admin import ReadOnlyAdmin
from database.identity import after_commit
from gamification.admin_forms import AchievementForm
from gamification.kinds import describe_criteria
from gamification.models import Achievement, Challenge, ChallengeParticipant, UserAchievement
from gamification.tasks import award_achievements
from hacks.admin_forms import LabelledListNumbersMixin, NoBulkDeleteMixin
from hacks.models import Hack, HackCategory


def _award_retroactively(achievement: Achievement) -> None:
    """Have a worker award the achievement for past activity, after the commit."""
    achievement_id = str(achievement.pk)

    def enqueue() -> None:
        award_achievements.delay(achievement_id)

    after_commit(enqueue)


def _criteria_name(key: str, model, slug: str, name: str) -> Coalesce:
    """Return an expression for the displayed name of the criteria's hack or category; empty if there is none."""
    rows = model.objects.filter(**{slug: OuterRef(f"{key}_slug")}).order_by()
    return Coalesce(Subquery(rows.values(name)[:1]), Value(""))


def _pending_challenges(achievement: Achievement) -> str:
    """Return the names of the challenges that still have to award it; empty if there are none."""
    # Settled challenges count too: the worker may not have rewarded all participants yet.
    completed = ChallengeParticipant.objects.filter(challenge=OuterRef("pk"), completed_at__isnull=False)
    challenges = Challenge.objects.filter(Q(settled_at=None) | Exists(completed), cancelled_at=None)
    promising = challenges.filter(reward_value__achievement=achievement.slug).order_by("name")
    return ", ".join(f"“{challenge.name}”" for challenge in promising)


@admin.register(Achievement)
class AchievementAdmin(NoBulkDeleteMixin, LabelledListNumbersMixin, RemembersChanges, ModelAdmin):
    form = AchievementForm
    change_form_after_template = "admin/gamification/_candidates.html"
    list_display = ["name", "category", "criteria", "points", "is_hidden", "members", "sort_order"]
    list_editable = ["sort_order"]
    list_filter = ["category", "is_hidden"]
    search_fields = ["name", "slug", "description"]
    # Repeated here, because the count in the list drops the model's ordering.
    ordering = ["sort_order", "name"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["members", "created_at"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "category", "description", "icon_url", "sort_order"]}),
        ("How to earn it", {"fields": ["criteria_json", "points", "is_hidden"]}),
        ("Discord", {"fields": ["discord_role_id"]}),
        ("Status", {"fields": ["members", "created_at"]}),
    ]

    def get_queryset(self, request):
        slugs = {"hack_slug": KT("criteria_json__hack"), "category_slug": KT("criteria_json__category")}
        return (
            super()
            .get_queryset(request)
            .alias(**slugs)
            .annotate(
                member_count=Count("earned"),
                hack_name=_criteria_name("hack", Hack, "slug", "name"),
                category_title=_criteria_name("category", HackCategory, "name", "title"),
            )
        )

    @admin.display(description="earned by", ordering="member_count")
    def members(self, achievement) -> int:
        return getattr(achievement, "member_count", 0)

    @admin.display(ordering="criteria_json")
    def criteria(self, achievement) -> str:
        criteria = achievement.criteria_json
        words = describe_criteria(criteria, hack=achievement.hack_name, category=achievement.category_title)
        names = {"hack": achievement.hack_name, "category": achievement.category_title}
        missing = [f"no such {key}: {criteria[key]}" for key, name in names.items() if key in criteria and not name]
        return f"{words} ({missing[0]})" if missing else words

    def view_on_site(self, achievement) -> str | None:
        """Return no link for a secret achievement: only members who have earned it can see its page."""
        return None if achievement.is_hidden else achievement.get_absolute_url()

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if not change or "criteria_json" in form.changed_data:
            _award_retroactively(obj)

    def delete_view(self, request, object_id, extra_context=None):
        achievement = self.get_object(request, object_id)
        if achievement and (names := _pending_challenges(achievement)):
            messages.error(request, f"{achievement} can't be deleted: it's the reward of {names}.")
            return redirect("admin:gamification_achievement_change", object_id)
        if achievement and achievement.member_count:
            messages.error(request, f"{achievement} can't be deleted: members have earned it.")
            return redirect("admin:gamification_achievement_change", object_id)
        return super().delete_view(request, object_id, extra_context)


@admin.register(UserAchievement)
class UserAchievementAdmin(ReadOnlyAdmin):
    list_display = ("earned_at", "user", "achievement", "counted")
    list_filter = ("achievement__category", "earned_at", "achievement")
    list_select_related = ("user", "achievement")
    search_fields = ("user__username", "achievement__name")
    search_help_text = "Search by username or achievement."
    ordering = ("-earned_at", "user")
    exclude = ("progress_data",)
    readonly_fields = ("counted",)

    @admin.display(description="count when earned")
    def counted(self, earned) -> int | None:
        return earned.progress_data.get("value")
