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
# Staff type icon names by hand; an unknown name must not leave a gap in the page.
FALLBACK_ICON = "sparkles"


@cache
def icon_names() -> frozenset[str]:
    sprite = settings.BASE_DIR / "static" / SPRITE
    return frozenset(re.findall(r'<symbol id="([^"]+)"', sprite.read_text()))


# Cached: a page renders dozens of icons, but few different ones.
@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, modifier: str = "") -> SafeString:
    """Render a decorative icon; `modifier` may be "filled". Text or an aria-label must carry its meaning."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" icon--{modifier}" if modifier else "",
        static(SPRITE),
        name if name in icon_names() else FALLBACK_ICON,
    )


# The {% again %} blocks of the {% once %} block that is being rendered for the first time.
_gaps: ContextVar[list["AgainNode"] | None] = ContextVar("gaps", default=None)
# A random marker, so that no text of a page can contain it.
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
    MAX_ENTRIES = 256

    def __init__(self, nodelist: template.NodeList, keys: dict[str, template.base.FilterExpression]) -> None:
        self.nodelist = nodelist
        self.names = tuple(keys)
        self.expressions = tuple(keys.values())
        self.rendered: dict[tuple, list[SafeString | AgainNode]] = {}

    def render(self, context: template.Context) -> SafeString:
        key = tuple([expression.resolve(context) for expression in self.expressions])
        parts = self.rendered.get(key)
        if parts is None:
            if len(self.rendered) >= self.MAX_ENTRIES:
                self.rendered.clear()
            parts = self.rendered[key] = self._render_parts(key, context)
        return SafeString("".join([part if isinstance(part, str) else part.render(context) for part in parts]))

    def _render_parts(self, key: tuple, context: template.Context) -> list[SafeString | AgainNode]:
        """Render the block with its keys as the only variables, because other visitors get the same text."""
        keys_only = template.Context(dict(zip(self.names, key, strict=True)), autoescape=context.autoescape)
        gaps: list[AgainNode] = []
        token = _gaps.set(gaps)
        try:
            with (
                keys_only.bind_template(context.template),
                keys_only.render_context.push_state(context.render_context.template),
            ):
                html = self.nodelist.render(keys_only)
        finally:
            _gaps.reset(token)
        # Every second piece is the index of a gap.
        pieces = SPLIT_AT_GAPS.split(html)
        return [gaps[int(piece)] if index % 2 else SafeString(piece) for index, piece in enumerate(pieces)]


@register.tag
def once(parser: template.base.Parser, token: template.base.Token) -> OnceNode:
    """Render a block once per process for each value of its keys: `{% once a b=some.value %}…{% endonce %}`.

    The keys are the only variables in the block. An `{% again %}…{% endagain %}` block inside it is rendered each time
    with the page's variables: put the CSRF token and a member's data there. An {% again %} block doesn't see variables
    that a tag between it and its {% once %} sets.
    """
    keys = {}
    for bit in token.split_contents()[1:]:
        name, _, expression = bit.partition("=")
        if not name.isidentifier():
            raise template.TemplateSyntaxError(f"{{% once %}} takes names, or name=value, not {bit!r}.")
        keys[name] = parser.compile_filter(expression or name)
    nodelist = parser.parse(("endonce",))
    parser.delete_first_token()
    return OnceNode(nodelist, keys)


@register.tag
def again(parser: template.base.Parser, token: template.base.Token) -> AgainNode:
    """Render a part of a {% once %} block each time; see `once`."""
    nodelist = parser.parse(("endagain",))
    parser.delete_first_token()
    return AgainNode(nodelist)


@register.filter
def button_style(tags: Collection[str]) -> str:
    """Return the CSS class for a button with these tags of allauth's templates; the default button has none."""
    if "danger" in tags:
        return "button--danger"
    if {"link", "minor", "cancel"} & set(tags):
        return "button--quiet"
    return "" if {"secondary", "outline"} & set(tags) else "button--primary"
