from django.contrib import admin, messages
from django.template.defaultfilters import pluralize

from analytics.admin import ReadOnlyAdmin
from gamification.discord.actions import has_discord_roles, retry_discord_roles
from gamification.discord.models import DiscordRoleGrant


@admin.register(DiscordRoleGrant)
class DiscordRoleGrantAdmin(ReadOnlyAdmin):
    list_display = ("member", "role", "change", "state", "last_error", "attempts", "next_attempt_at")
    list_filter = ("state", "is_wanted", "role_id")
    search_fields = ("user__username", "discord_id", "role_id")
    search_help_text = "Search by username, or by the Discord ID of a role or an account."
    ordering = ("-state", "-updated_at")
    readonly_fields = ("updated_at",)
    actions = ("try_again",)

    @admin.display(ordering="user__username")
    def member(self, grant) -> str:
        return str(grant.user) if grant.user else "Erased"

    @admin.display(ordering="role_id")
    def role(self, grant) -> str:
        return grant.role_id

    @admin.display(ordering="is_wanted")
    def change(self, grant) -> str:
        return "Add" if grant.is_wanted else "Remove"

    def has_retry_permission(self, request):
        return request.user.has_perm("gamification.change_discordrolegrant")

    @admin.action(description="Try again", permissions=["retry"])
    def try_again(self, request, queryset):
        number = retry_discord_roles(grants=queryset)
        if has_discord_roles():
            words = f"{number} role{pluralize(number)} will be requested again within a minute."
            self.message_user(request, words, messages.SUCCESS)
        else:
            self.message_user(request, "No requests are sent: no Discord bot is set up.", messages.WARNING)
