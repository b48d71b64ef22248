from html.parser import HTMLParser

import pytest

from hacks.guides import render_guide


def elements_of(html):
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(html)
    assert found
    return found


def test_markdown_becomes_html():
    html = render_guide("## How\n\n1. Sit **down**.\n2. Breathe.\n\n*Slowly.*")
    assert "<h2>How</h2>" in html
    assert "<ol>\n<li>Sit <strong>down</strong>.</li>" in html
    assert "<em>Slowly.</em>" in html


def test_top_heading_becomes_h2():
    assert render_guide("# Title") == "<h2>Title</h2>\n"


def test_links_send_no_referrer():
    html = render_guide("[more](https://example.org/a?b=1&c=2)")
    assert 'rel="noopener noreferrer"' in html
    assert 'href="https://example.org/a?b=1&amp;c=2"' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://example.org/pixel.gif)",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        '[x](https://example.org "a\\" onmouseover=alert(1)")',
        '<a href="https://example.org" style="position:fixed">x</a>',
        "<iframe src=https://example.org></iframe>",
    ],
)
def test_scripts_and_external_resources_are_removed(text):
    for tag, attributes in elements_of(render_guide(text)):
        assert tag in {"p", "a"}
        assert attributes.keys() <= {"href", "title", "rel"}
        assert attributes.get("href", "https:").startswith("https:")


def test_edited_text_is_rendered_anew():
    assert "first" in render_guide("first")
    assert "second" in render_guide("second")
