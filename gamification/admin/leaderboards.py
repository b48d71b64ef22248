from django.contrib import admin

from analytics.admin import ReadOnlyAdmin
from gamification.models import Leaderboard, LeaderboardEntry, LeaderboardStep


@admin.register(Leaderboard)
class LeaderboardAdmin(ReadOnlyAdmin):
    list_display = ("period", "category", "starts_on", "counted_at")
    list_filter = ("period", "category")
    list_select_related = ("category",)
    ordering = ("period", "category__sort_order")


@admin.register(LeaderboardEntry)
class LeaderboardEntryAdmin(ReadOnlyAdmin):
    """The entries of a board. Staff also see members who hide their totals, so that they can check the count."""

    list_display = ("user", "xp", "board", "is_listed", "updated_at")
    list_filter = ("board__period", "board__category", "is_listed")
    list_select_related = ("user", "board__category")
    search_fields = ("user__username",)
    search_help_text = "Search by username."
    ordering = ("board__period", "board__category", "-xp", "user")
    readonly_fields = ("updated_at",)


@admin.register(LeaderboardStep)
class LeaderboardStepAdmin(ReadOnlyAdmin):
    list_display = ("rank", "xp", "members", "board")
    list_filter = ("board__period", "board__category")
    list_select_related = ("board__category",)
    ordering = ("board__period", "board__category", "-xp")
