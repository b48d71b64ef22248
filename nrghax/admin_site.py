"""The admin site: its registration, Content Security Policy, start page and sidebar."""

import re
import sys
from collections.abc import Iterator
from typing import Any

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.apps import apps
from django.contrib.admin import sites
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from community.models import HackVerification

# The sidebar's topics in order. Each app's admin module names its models and their icons in TOPICS.
TOPICS_IN_ORDER = ("Library", "People", "Practice", "Progress", "Verification", "Activity")
# Unfold's scripts and styles need these sources; docs/decisions/admin.md lists them.
CSP_ADDITIONS = {"script-src": [UNSAFE_EVAL], "style-src-attr": [UNSAFE_INLINE]}


class KeySelect(AutocompleteSelect):
    """A select with search that shows no choice for a malformed key. Django's own fails on it."""

    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> list:
        return super().optgroups(name, [key for key in value if not key or self._is_key(key)], attrs)

    def _is_key(self, key: str) -> bool:
        try:
            self.field.target_field.to_python(key)
        except ValidationError:
            return False
        return True


class CarefulAdmin:
    """Lets a list's URL filter only by what its filters and its date navigation offer, and survives malformed keys.

    Django allows every lookup on every column of the model. Staff could ask for `notes__regex=^I`, and read a column
    that the page doesn't show by the number of rows. An admin's `linked_filters` names columns that links of other
    pages filter by.
    """

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeySelect(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        is_date_part = lookup in self._date_parameters()
        return (
            lookup in set(self._filter_parameters(request))
            and "\x00" not in value
            # Django adds one to the date, and fails beyond the year 9999.
            and (not is_date_part or bool(re.fullmatch(r"\d{1,2}|[12]\d{3}", value, re.ASCII)))
        )

    def _filter_parameters(self, request: HttpRequest) -> Iterator[str]:
        for item in self.get_list_filter(request):
            if isinstance(item, type):
                yield item.parameter_name
                continue
            path = item if isinstance(item, str) else item[0]
            yield path
            yield from (f"{path}__{suffix}" for suffix in ("exact", "isnull", "isempty", "gte", "lt"))
            field = get_fields_from_path(self.model, path)[-1]
            if field.is_relation:
                yield f"{path}__{field.target_field.name}__exact"
        yield from (f"{path}__exact" for path in getattr(self, "linked_filters", ()))
        yield from self._date_parameters()

    def _date_parameters(self) -> list[str]:
        return [f"{self.date_hierarchy}__{unit}" for unit in ("year", "month", "day")] if self.date_hierarchy else []


class AdminSite(UnfoldAdminSite):
    index_title = "Overview"

    def register(self, model_or_iterable, admin_class=None, **options) -> None:
        """Register the models, with unfold's look for the admins of third-party apps such as allauth."""
        admin_class = admin_class or ModelAdmin
        looks = () if issubclass(admin_class, ModelAdmin) else (ModelAdmin,)
        restricted = type(admin_class.__name__, (CarefulAdmin, admin_class, *looks), {})
        super().register(model_or_iterable, restricted, **options)

    def admin_view(self, view, cacheable=False):
        """Relax the Content Security Policy for the admin's pages only."""
        return super().admin_view(csp_update(CSP_ADDITIONS)(view), cacheable)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the verifications that wait for staff first: members were promised a quick decision."""
        return super().index(request, {**(extra_context or {}), "to_decide": verifications_to_decide(request)})

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        """Drop unfold's colours: its inline style sheet would break the policy. Ours are in static/css/admin.css."""
        return {**context, "colors": None}


def logo(request: HttpRequest) -> str:
    return static("icons/logo.svg")


def style_sheet(request: HttpRequest) -> str:
    return static("css/admin.css")


def verifications_to_decide(request: HttpRequest) -> int:
    """Count the verifications that this person may decide. Staff can't decide their own."""
    if not request.user.has_perm("community.change_hackverification"):
        return 0
    with_staff = HackVerification.objects.filter(status=HackVerification.Status.ESCALATED, user__is_active=True)
    return with_staff.exclude(user=request.user.pk).count()


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar by topic: the models that this person may view, with a count of what waits for them."""
    listed = {
        model["model"]._meta.label_lower: model
        for app in sites.site.get_app_list(request)
        for model in app["models"]
        if model["admin_url"]
    }
    waiting = {"community.hackverification": verifications_to_decide(request)}
    topics = _topics()
    known = {label for icons in topics.values() for label in icons}
    topics["More"] = {label: "folder" for label in listed if label not in known}
    groups = [
        {
            "title": topic,
            "separator": topic != "Library",
            "items": [
                {
                    "title": capfirst(listed[label]["name"]),
                    "icon": icon,
                    "link": listed[label]["admin_url"],
                    "badge": waiting.get(label, 0),
                }
                for label, icon in icons.items()
                if label in listed
            ],
        }
        for topic, icons in topics.items()
    ]
    return [group for group in groups if group["items"]]


def _topics() -> dict[str, dict[str, str]]:
    """Return each topic's models and their icons, as the apps' admin modules name them."""
    topics: dict[str, dict[str, str]] = {topic: {} for topic in TOPICS_IN_ORDER}
    for app in apps.get_app_configs():
        admin = sys.modules.get(f"{app.name}.admin")
        for topic, icons in getattr(admin, "TOPICS", {}).items():
            topics[topic].update(icons)
    return topics
