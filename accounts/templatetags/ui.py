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


# The {% again %} blocks of the {% once %} block that is being rendered for the first time.
_gaps: ContextVar[list["AgainNode"] | None] = ContextVar("gaps", default=None)
# Text of a page can't contain this number.
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
        """Render the block with nothing but its keys: another visitor gets the same text."""
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
        # Every second piece is the number of a gap.
        pieces = SPLIT_AT_GAPS.split(html)
        return [gaps[int(piece)] if index % 2 else SafeString(piece) for index, piece in enumerate(pieces)]


@register.tag
def once(parser: template.base.Parser, token: template.base.Token) -> OnceNode:
    """Render a block once a process for each value of its keys: `{% once a b=some.value %}…{% endonce %}`.

    Inside, the keys are the only variables there are. `{% again %}…{% endagain %}` inside is rendered each time, with
    the page's own variables: what belongs to a member, and the CSRF token, goes there. An {% again %} block knows no
    variable that a tag between it and its {% once %} has set.
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
