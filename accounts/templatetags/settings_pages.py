from typing import Any

from django import template
from django.urls import reverse

from accounts.settings_pages import registered_pages

register = template.Library()


@register.simple_tag
def settings_pages(view: str) -> list[dict[str, Any]]:
    """Return the settings pages and mark the one that belongs to the route `view`."""
    return [
        {
            **page._asdict(),
            "url": reverse(page.route),
            "is_current": view.startswith((page.route, *page.subroutes)),
        }
        for page in registered_pages()
    ]
