from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.shortcuts import redirect
from unfold.admin import ModelAdmin

from accounts.history import RemembersChanges
from analytics.admin import ReadOnlyAdmin
from gamification.admin_forms import AchievementForm
from gamification.kinds import asked_for
from gamification.models import Achievement, Challenge, ChallengeParticipant, UserAchievement
from gamification.tasks import award_achievements
from hacks.admin_forms import DeletesOneByOne, NumbersInList
from hacks.models import Hack, HackCategory


def _reach_back(achievement: Achievement) -> None:
    """What members have done already counts too; a worker sees to it once this is committed."""
    achievement_id = str(achievement.pk)

    def enqueue() -> None:
        award_achievements.delay(achievement_id)

    transaction.on_commit(enqueue, robust=True)


def _named(key: str, model, slug: str, name: str) -> Coalesce:
    """What the criteria name under `key`, as people know it."""
    rows = model.objects.filter(**{slug: OuterRef(f"{key}_slug")}).order_by()
    return Coalesce(Subquery(rows.values(name)[:1]), Value(""))


def _promised_by(achievement: Achievement) -> str:
    """The challenges that have yet to bring it, in words; empty where none has."""
    # Those that are settled too: the worker may not have given it yet.
    got_there = ChallengeParticipant.objects.filter(challenge=OuterRef("pk"), completed_at__isnull=False)
    challenges = Challenge.objects.filter(Q(settled_at=None) | Exists(got_there), cancelled_at=None)
    promising = challenges.filter(reward_value__achievement=achievement.slug).order_by("name")
    return ", ".join(f"“{challenge.name}”" for challenge in promising)


@admin.register(Achievement)
class AchievementAdmin(DeletesOneByOne, NumbersInList, RemembersChanges, ModelAdmin):
    form = AchievementForm
    change_form_after_template = "admin/gamification/_candidates.html"
    list_display = ["name", "category", "criteria", "points", "is_hidden", "members", "sort_order"]
    list_editable = ["sort_order"]
    list_filter = ["category", "is_hidden"]
    search_fields = ["name", "slug", "description"]
    # Said again, because counting in the list drops the model's own order.
    ordering = ["sort_order", "name"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["members", "created_at"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "category", "description", "icon_url", "sort_order"]}),
        ("How it is earned", {"fields": ["criteria_json", "points", "is_hidden"]}),
        ("Discord", {"fields": ["discord_role_id"]}),
        ("Now", {"fields": ["members", "created_at"]}),
    ]

    def get_queryset(self, request):
        slugs = {"hack_slug": KT("criteria_json__hack"), "category_slug": KT("criteria_json__category")}
        return (
            super()
            .get_queryset(request)
            .alias(**slugs)
            .annotate(
                member_count=Count("earned"),
                hack_name=_named("hack", Hack, "slug", "name"),
                category_title=_named("category", HackCategory, "name", "title"),
            )
        )

    @admin.display(description="members who earned it", ordering="member_count")
    def members(self, achievement) -> int:
        return getattr(achievement, "member_count", 0)

    @admin.display(ordering="criteria_json")
    def criteria(self, achievement) -> str:
        criteria = achievement.criteria_json
        words = asked_for(criteria, hack=achievement.hack_name, category=achievement.category_title)
        names = {"hack": achievement.hack_name, "category": achievement.category_title}
        missing = [f"no such {key}: {criteria[key]}" for key, name in names.items() if key in criteria and not name]
        return f"{words} ({missing[0]})" if missing else words

    def view_on_site(self, achievement) -> str | None:
        """A secret has no page for whoever has not come upon it."""
        return None if achievement.is_hidden else achievement.get_absolute_url()

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if not change or "criteria_json" in form.changed_data:
            _reach_back(obj)

    def delete_view(self, request, object_id, extra_context=None):
        achievement = self.get_object(request, object_id)
        if achievement and (names := _promised_by(achievement)):
            messages.error(request, f"{achievement} is not deleted: it is the reward of {names}.")
            return redirect("admin:gamification_achievement_change", object_id)
        if achievement and achievement.member_count:
            messages.error(request, f"{achievement} is not deleted: members have earned it, and it is theirs for good.")
            return redirect("admin:gamification_achievement_change", object_id)
        return super().delete_view(request, object_id, extra_context)


@admin.register(UserAchievement)
class UserAchievementAdmin(ReadOnlyAdmin):
    list_display = ("earned_at", "user", "achievement", "counted")
    list_filter = ("achievement__category", "earned_at", "achievement")
    list_select_related = ("user", "achievement")
    search_fields = ("user__username", "achievement__name")
    search_help_text = "A member's username, or an achievement."
    ordering = ("-earned_at", "user")
    exclude = ("progress_data",)
    readonly_fields = ("counted",)

    @admin.display(description="counted then")
    def counted(self, earned) -> int | None:
        return earned.progress_data.get("value")
