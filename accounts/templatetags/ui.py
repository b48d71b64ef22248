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


class OnceNode(template.Node):
    MOST = 256

    def __init__(self, nodelist: template.NodeList, keys: list[template.base.FilterExpression]) -> None:
        self.nodelist = nodelist
        self.keys = keys
        self.rendered: dict[tuple, SafeString] = {}

    def render(self, context: template.Context) -> SafeString:
        key = tuple(each.resolve(context) for each in self.keys)
        html = self.rendered.get(key)
        if html is None:
            if len(self.rendered) >= self.MOST:
                self.rendered.clear()
            html = self.rendered[key] = self.nodelist.render(context)
        return html


@register.tag
def once(parser: template.base.Parser, token: template.base.Token) -> OnceNode:
    """`{% once a b %}…{% endonce %}`: rendered once a process for each a and b, on which alone it may depend.

    For what every page repeats. Never around anything of a member, nor around a CSRF token.
    """
    keys = [parser.compile_filter(bit) for bit in token.split_contents()[1:]]
    nodelist = parser.parse(("endonce",))
    parser.delete_first_token()
    return OnceNode(nodelist, keys)


@register.filter
def button_style(tags: Collection[str]) -> str:
    """The class of a button by the tags that allauth's templates give it."""
    if "danger" in tags:
        return "button--danger"
    if {"link", "minor", "cancel"} & set(tags):
        return "button--quiet"
    return "" if {"secondary", "outline"} & set(tags) else "button--primary"
