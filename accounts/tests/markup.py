"""Rules that the HTML of every page follows."""

import re
from collections import Counter
from html.parser import HTMLParser

from django.http import HttpResponse

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# SVG elements that close themselves; HTMLParser doesn't distinguish <path> from <path />.
SELF_CLOSING = {"circle", "path", "use"}


class Page(HTMLParser):
    """Parses a page and collects the data for the assertions of `read_page`."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.stylesheets: list[str] = []
        self.labelled: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.described_by: set[str] = set()
        self.unbalanced: list[str] = []
        self._open: list[str] = []
        self.feed(response.content.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags[tag] += 1
        self.refused += [f"<{tag} {name}>" for name in attributes if name == "style" or name.startswith("on")]
        # JSON is data for a script, so the policy allows it.
        is_inline = tag == "script" and not attributes.get("src") and attributes.get("type") != "application/json"
        if tag == "style" or is_inline:
            self.refused.append(f"<{tag}>")
        if "id" in attributes:
            self.ids[attributes["id"]] += 1
        if tag == "link" and attributes.get("rel") == "stylesheet":
            self.stylesheets.append(attributes["href"])
        if tag == "label" and "for" in attributes:
            self.labelled.add(attributes["for"])
        if tag in {"input", "select", "textarea"} and attributes.get("type") != "hidden" and "hidden" not in attributes:
            self.fields.append(attributes)
            self.described_by.update((attributes.get("aria-describedby") or "").split())
        if tag not in VOID | SELF_CLOSING:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID | SELF_CLOSING:
            return
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)


def read_page(response: HttpResponse, *, status: int = 200) -> Page:
    """Assert the rules that all pages follow. Return the parsed page."""
    assert response.status_code == status
    page = Page(response)
    assert page.refused == [], "the Content Security Policy refuses these"
    assert page.unbalanced == [], "tags that don't match the open tag"
    assert page.tags["h1"] == 1
    assert page.tags["main"] == 1
    assert [name for name, times in page.ids.items() if times > 1] == []
    assert any("css/tokens" in href for href in page.stylesheets)
    unlabelled = [
        field for field in page.fields if field.get("id") not in page.labelled and not field.get("aria-label")
    ]
    assert unlabelled == [], "fields without a label"
    assert page.described_by <= set(page.ids), "descriptions that aren't in the page"
    return page


def words_of(html: str) -> str:
    """Return the text between the tags, without the text in SVG."""
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL).split())
