from django.contrib import admin
from unfold.admin import ModelAdmin

from accounts.history import RemembersChanges
from gamification.models import Achievement


@admin.register(Achievement)
class AchievementAdmin(RemembersChanges, ModelAdmin):
    list_display = ["name", "category", "points", "criteria_json", "is_hidden", "sort_order"]
    list_editable = ["sort_order"]
    list_filter = ["category", "is_hidden"]
    search_fields = ["name", "slug", "description"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["created_at"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "category", "description", "icon_url", "sort_order"]}),
        ("How it is earned", {"fields": ["criteria_json", "points", "is_hidden"]}),
        ("Discord", {"fields": ["discord_role_id"]}),
        ("Now", {"fields": ["created_at"]}),
    ]
