import re
from collections.abc import Collection
from functools import cache, lru_cache

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

SPRITE = "vendor/lucide/sprite.svg"
# Staff type an icon's name by hand; a name that we do not carry must not leave a hole in the page.
FALLBACK_ICON = "sparkles"


@cache
def icon_names() -> frozenset[str]:
    sprite = settings.BASE_DIR / "static" / SPRITE
    return frozenset(re.findall(r'<symbol id="([^"]+)"', sprite.read_text()))


# A page has dozens, of few kinds.
@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, modifier: str = "") -> SafeString:
    """A decorative icon; `modifier` is "l" or "filled". Text beside it, or an aria-label, must say the same."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" icon--{modifier}" if modifier else "",
        static(SPRITE),
        name if name in icon_names() else FALLBACK_ICON,
    )


@register.filter
def button_style(tags: Collection[str]) -> str:
    """The class of a button by the tags that allauth's templates give it."""
    if "danger" in tags:
        return "button--danger"
    if {"link", "minor", "cancel"} & set(tags):
        return "button--quiet"
    return "" if {"secondary", "outline"} & set(tags) else "button--primary"
