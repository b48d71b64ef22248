"""Destinations of notifications: a route with arguments, or a fallback page once the target is gone."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse

from accounts.models import Member
from analytics.models import Notification

LIST = "analytics:notification-list"


class _Destination(NamedTuple):
    targets: Callable[[Member], QuerySet]
    fallback: str


_destinations: dict[str, _Destination] = {}


def register_destination(route: str, *, targets: Callable[[Member], QuerySet], fallback: str) -> None:
    """Register the rows that a route can show to a member, and the route to fall back to once a row is gone.

    The arguments of `route` are field names of these rows. The `fallback` route takes no arguments.
    """
    _destinations[route] = _Destination(targets, fallback)


def leads_to(route: str, *, query: dict[str, str] | None = None, **arguments: str) -> dict[str, Any]:
    """Return the `data` of a notification that links to a route."""
    return {"route": route, "arguments": arguments, "query": query or {}}


def find_destination(notification: Notification, member: Member) -> tuple[str, bool]:
    """Return the URL to open for a notification, and whether its target still exists."""
    data = notification.data
    try:
        url = reverse(data["route"], kwargs=data["arguments"], query=data["query"])
    except (KeyError, NoReverseMatch):
        return reverse(LIST), False
    destination = _destinations.get(data["route"])
    if destination and not destination.targets(member).filter(**data["arguments"]).exists():
        return reverse(destination.fallback), False
    return url, True
