"""The page that a notification leads to: a route with its arguments, or another page once its target is gone."""

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
    """Say which rows a route shows to a member, and which route without arguments to take once a row is gone.

    The arguments of the route are the names of fields of such a row.
    """
    _destinations[route] = _Destination(targets, fallback)


def leads_to(route: str, *, query: dict[str, str] | None = None, **arguments: str) -> dict[str, Any]:
    """Return the `data` of a notification that leads to a route."""
    return {"route": route, "arguments": arguments, "query": query or {}}


def find_destination(notification: Notification, member: Member) -> tuple[str, bool]:
    """Return the URL that a notification leads to, and whether that still shows what the notification is about."""
    data = notification.data
    try:
        url = reverse(data["route"], kwargs=data["arguments"], query=data["query"])
    except (KeyError, NoReverseMatch):
        return reverse(LIST), False
    destination = _destinations.get(data["route"])
    if destination and not destination.targets(member).filter(**data["arguments"]).exists():
        return reverse(destination.fallback), False
    return url, True
