from django import template

from gamification.discord.actions import has_discord_roles

register = template.Library()
register.simple_tag(has_discord_roles)
