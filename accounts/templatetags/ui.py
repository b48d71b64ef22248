import re
import secrets
from collections.abc import Collection
from contextvars import ContextVar
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


# Of the block that is being rendered for the first time: what is to be rendered again each time.
_gaps: ContextVar[list["AgainNode"] | None] = ContextVar("gaps", default=None)
# Nobody can write it into a page.
GAP = secrets.token_hex(8)
SPLIT_AT_GAPS = re.compile(f"<{GAP} ([0-9]+)>")


class AgainNode(template.Node):
    def __init__(self, nodelist: template.NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: template.Context) -> SafeString:
        gaps = _gaps.get()
        if gaps is None:
            return self.nodelist.render(context)
        gaps.append(self)
        return SafeString(f"<{GAP} {len(gaps) - 1}>")


class OnceNode(template.Node):
    MOST = 256

    def __init__(self, nodelist: template.NodeList, keys: list[template.base.FilterExpression]) -> None:
        self.nodelist = nodelist
        self.keys = keys
        self.rendered: dict[tuple, list[SafeString | AgainNode]] = {}

    def render(self, context: template.Context) -> SafeString:
        key = tuple([each.resolve(context) for each in self.keys])
        parts = self.rendered.get(key)
        if parts is None:
            if len(self.rendered) >= self.MOST:
                self.rendered.clear()
            parts = self.rendered[key] = self._parts(context)
        return SafeString("".join([part if isinstance(part, str) else part.render(context) for part in parts]))

    def _parts(self, context: template.Context) -> list[SafeString | AgainNode]:
        gaps: list[AgainNode] = []
        token = _gaps.set(gaps)
        try:
            html = self.nodelist.render(context)
        finally:
            _gaps.reset(token)
        # Every second one is the number of a gap.
        pieces = SPLIT_AT_GAPS.split(html)
        return [gaps[int(piece)] if index % 2 else SafeString(piece) for index, piece in enumerate(pieces)]


@register.tag
def once(parser: template.base.Parser, token: template.base.Token) -> OnceNode:
    """`{% once a b %}…{% endonce %}`: rendered once a process for each a and b, on which alone it may depend.

    For what every page repeats. Never around anything of a member, nor around a CSRF token, except for what stands in
    `{% again %}…{% endagain %}`: that is rendered each time, and knows no variable of a tag that is around it inside.
    """
    keys = [parser.compile_filter(bit) for bit in token.split_contents()[1:]]
    nodelist = parser.parse(("endonce",))
    parser.delete_first_token()
    return OnceNode(nodelist, keys)


@register.tag
def again(parser: template.base.Parser, token: template.base.Token) -> AgainNode:
    nodelist = parser.parse(("endagain",))
    parser.delete_first_token()
    return AgainNode(nodelist)


@register.filter
def button_style(tags: Collection[str]) -> str:
    """The class of a button by the tags that allauth's templates give it."""
    if "danger" in tags:
        return "button--danger"
    if {"link", "minor", "cancel"} & set(tags):
        return "button--quiet"
    return "" if {"secondary", "outline"} & set(tags) else "button--primary"
