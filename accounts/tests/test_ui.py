"""The icons: what templates ask for is in the sprite, and a name that is not does no harm."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

from accounts.templatetags.ui import OnceNode, button_style, icon, icon_names

ASKED = re.compile(r"""{%\s*icon\s+["']([^"']+)["']""")


def _names_in_templates() -> set[str]:
    folders = [settings.BASE_DIR / "templates", *Path(settings.BASE_DIR).glob("*/templates")]
    return {name for folder in folders for path in folder.rglob("*.html") for name in ASKED.findall(path.read_text())}


def test_every_icon_that_a_template_names_is_in_the_sprite():
    asked = _names_in_templates()
    assert "clock" in asked
    assert asked <= icon_names()


def test_an_icon_is_hidden_from_those_who_hear_the_page():
    html = Template("{% load ui %}{% icon 'heart' 'filled' %}").render(Context())
    assert 'class="icon icon--filled"' in html
    assert 'aria-hidden="true"' in html
    assert "#heart" in html


@pytest.mark.parametrize("name", ["", "no-such-icon", '"><script>alert(1)</script>', "https://example.com/a.svg"])
def test_a_name_that_we_do_not_carry_shows_another_drawing(name):
    assert icon(name).endswith('#sparkles"/></svg>')


@pytest.mark.parametrize(
    ("tags", "style"),
    [
        ([], "button--primary"),
        (["prominent", "login"], "button--primary"),
        (["outline", "primary"], ""),
        (["secondary"], ""),
        (["outline", "cancel"], "button--quiet"),
        (["danger", "minor"], "button--danger"),
    ],
)
def test_the_style_of_allauths_buttons(tags, style):
    assert button_style(tags) == style


def test_once_renders_again_for_another_key_alone():
    page = Template("{% load ui %}{% once key %}{{ key }}:{{ other }}{% endonce %}")
    rendered = [page.render(Context({"key": key, "other": other})) for key, other in ((1, "a"), (1, "b"), (2, "c"))]
    assert rendered == ["1:a", "1:a", "2:c"]


def test_once_escapes_as_ever_and_has_an_end():
    page = Template("{% load ui %}{% once key %}{{ key }}{% endonce %}")
    assert page.render(Context({"key": "<b>"})) == "&lt;b&gt;"
    for key in range(OnceNode.MOST + 5):
        page.render(Context({"key": key}))
    [node] = page.nodelist.get_nodes_by_type(OnceNode)
    assert len(node.rendered) <= OnceNode.MOST


def test_what_is_rendered_again_is_never_kept():
    page = Template(
        "{% load ui %}{% once key %}<{{ key }}{{ other }} {% again %}{{ name }}{% endagain %}"
        "{% once %}{% again %}!{{ name }}{% endagain %}{% endonce %}>{% endonce %}"
    )
    asked = [(1, "a", "<b>"), (1, "b", "c"), (2, "c", "d"), (1, "d", "e")]
    rendered = [page.render(Context({"key": key, "other": other, "name": name})) for key, other, name in asked]
    assert rendered == ["<1a &lt;b&gt;!&lt;b&gt;>", "<1a c!c>", "<2c d!d>", "<1a e!e>"]


def test_no_token_or_member_stands_where_a_page_is_rendered_once():
    """Whatever is between the tags is served to whoever comes next."""
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        kept = re.sub(r"{% again %}.*?{% endagain %}", "", path.read_text(), flags=re.DOTALL)
        for inside in re.findall(r"{% once .*?{% endonce %}", kept, re.DOTALL):
            assert not re.search(r"csrf|member\.|user\.(?!is_authenticated|is_staff)|messages", inside), path
