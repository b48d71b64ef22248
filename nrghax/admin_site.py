"""The admin as a whole: its doors, its policy for browsers, and what leads where."""

import sys
from typing import Any

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.apps import apps
from django.contrib.admin import sites
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from community.models import HackVerification

# The order in which staff meet the topics. Each app's admin module names its models and their icons in TOPICS.
TOPICS_IN_ORDER = ("Library", "People", "Practice", "Progress", "Verification", "What happened")
# docs/decisions/admin.md says what needs it.
POLICY = {"script-src": [UNSAFE_EVAL], "style-src-attr": [UNSAFE_INLINE]}


class AdminSite(UnfoldAdminSite):
    index_title = "Curate and look after"

    def register(self, model_or_iterable, admin_class=None, **options) -> None:
        """Dresses the admins of other people's apps (allauth's) in unfold too."""
        admin_class = admin_class or ModelAdmin
        if not issubclass(admin_class, ModelAdmin):
            admin_class = type(admin_class.__name__, (admin_class, ModelAdmin), {})
        super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view, cacheable=False):
        """Its pages alone may do what unfold's scripts need; every other page keeps the strict policy."""
        return super().admin_view(csp_update(POLICY)(view), cacheable)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """First what waits for staff: members were promised that it would not wait for long."""
        return super().index(request, {**(extra_context or {}), "to_decide": verifications_to_decide(request)})

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        """Colours come with our style sheet: unfold would write them into an inline one, which the policy refuses."""
        return {**context, "colors": None}


def logo(request: HttpRequest) -> str:
    return static("icons/logo.svg")


def style_sheet(request: HttpRequest) -> str:
    return static("css/admin.css")


def verifications_to_decide(request: HttpRequest) -> int:
    """How many wait for this person; none for whoever may not decide them. Nobody decides their own."""
    if not request.user.has_perm("community.change_hackverification"):
        return 0
    with_staff = HackVerification.objects.filter(status=HackVerification.Status.ESCALATED, user__is_active=True)
    return with_staff.exclude(user=request.user.pk).count()


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar by topic: what this person may look at, and beside it how much of it waits for them."""
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
    """Return the models of each topic, as the apps name them, with their icons."""
    topics: dict[str, dict[str, str]] = {topic: {} for topic in TOPICS_IN_ORDER}
    for app in apps.get_app_configs():
        admin = sys.modules.get(f"{app.name}.admin")
        for topic, icons in getattr(admin, "TOPICS", {}).items():
            topics[topic].update(icons)
    return topics
