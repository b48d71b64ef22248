"""Read-only pages of XP. Staff can't give XP."""

from django.contrib import admin

from analytics.admin import ReadOnlyAdmin
from gamification.models import UserXp, XpEntry


@admin.register(XpEntry)
class XpEntryAdmin(ReadOnlyAdmin):
    list_display = ("earned_on", "user", "source", "amount", "category", "hack")
    list_filter = ("source", "earned_on", "category")
    list_select_related = ("user", "category", "hack")
    search_fields = ("user__username", "source_id__exact")
    search_help_text = "Search by username or source ID."
    ordering = ("-earned_on", "-created_at", "-pk")
    readonly_fields = ("id", "created_at")


@admin.register(UserXp)
class UserXpAdmin(ReadOnlyAdmin):
    list_display = ("user", "board", "xp_amount", "level", "updated_at")
    list_filter = ("level", "category")
    list_select_related = ("user", "category")
    search_fields = ("user__username",)
    search_help_text = "Search by username."
    ordering = ("-xp_amount", "user")
    readonly_fields = ("celebrated_level", "updated_at")

    @admin.display(description="category", ordering="category")
    def board(self, total):
        return total.category or "Overall"
