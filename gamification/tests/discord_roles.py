"""Run the workers' tasks for Discord roles and read their grants."""

from datetime import timedelta

from django.utils import timezone

from gamification.discord.actions import send_discord_roles, want_discord_roles
from gamification.models import DiscordRoleGrant


def grant(**fields) -> DiscordRoleGrant:
    """Return the only grant with these fields."""
    return DiscordRoleGrant.objects.get(**fields)


def send(after: timedelta = timedelta()):
    """Send the changes that are due, as if this time had passed."""
    return send_discord_roles(now=timezone.now() + after)


def sync():
    """Update the wanted roles and send the changes."""
    want_discord_roles()
    return send()
