from django.contrib import admin
from unfold.admin import ModelAdmin

from accounts.history import RemembersChanges
from community.admin_forms import PracticeBuddiesForm
from community.models import PracticeBuddies


@admin.register(PracticeBuddies)
class PracticeBuddiesAdmin(RemembersChanges, ModelAdmin):
    """Pairs that staff make. The status can change later, the two members can't."""

    form = PracticeBuddiesForm
    list_display = ["user1", "user2", "status", "practice_count", "last_practice_at", "matched_at"]
    list_filter = ["status", "matched_at"]
    list_select_related = ["user1", "user2"]
    search_fields = ["user1__username", "user2__username"]
    search_help_text = "Search by username."
    ordering = ["-matched_at"]
    autocomplete_fields = ["user1", "user2"]
    fields = [*PracticeBuddiesForm.Meta.fields, "practice_count", "last_practice_at", "matched_at"]

    def get_readonly_fields(self, request, obj=None):
        counted = ["practice_count", "last_practice_at", "matched_at"]
        return ["user1", "user2", *counted] if obj else counted

    def get_fields(self, request, obj=None):
        return self.fields if obj else PracticeBuddiesForm.Meta.fields
