"""Guides: markdown that staff write, as HTML that is safe to show."""

from functools import lru_cache

import nh3
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}

# The page has its own first heading: a guide that begins with "# ..." goes one level down.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


# A guide's own text is the key, so that an edit is seen at once and nothing ever has to be invalidated.
@lru_cache(maxsize=512)
def render_guide(text: str) -> SafeString:
    tokens = _markdown.parse(text)
    for token in tokens:
        if token.tag == "h1":
            token.tag = "h2"
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    return SafeString(
        nh3.clean(
            html,
            tags=TAGS,
            attributes=ATTRIBUTES,
            url_schemes={"https", "http", "mailto"},
            link_rel="noopener noreferrer",
        )
    )
