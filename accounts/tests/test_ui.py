"""Icons, button styles and the {% once %} tag."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template, TemplateSyntaxError

from accounts.templatetags.ui import OnceNode, button_style, icon, icon_names

ICON_TAG = re.compile(r"""{%\s*icon\s+["']([^"']+)["']""")


def _icon_names_in_templates() -> set[str]:
    folders = [settings.BASE_DIR / "templates", *Path(settings.BASE_DIR).glob("*/templates")]
    return {
        name for folder in folders for path in folder.rglob("*.html") for name in ICON_TAG.findall(path.read_text())
    }


def test_icons_in_templates_are_in_sprite():
    asked = _icon_names_in_templates()
    assert "clock" in asked
    assert asked <= icon_names()


def test_icon_is_hidden_from_screen_readers():
    html = Template("{% load ui %}{% icon 'heart' 'filled' %}").render(Context())
    assert 'class="icon icon--filled"' in html
    assert 'aria-hidden="true"' in html
    assert "#heart" in html


@pytest.mark.parametrize("name", ["", "no-such-icon", '"><script>alert(1)</script>', "https://example.com/a.svg"])
def test_unknown_icon_name_shows_fallback(name):
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
def test_button_style(tags, style):
    assert button_style(tags) == style


def render(page: Template, **variables) -> str:
    return page.render(Context(variables))


def test_once_renders_again_for_other_key():
    page = Template("{% load ui %}{% once key twice=key|add:key %}{{ key }}:{{ twice }} {% endonce %}")
    assert [render(page, key=key) for key in (1, 1, 2)] == ["1:2 ", "1:2 ", "2:4 "]
    [node] = page.nodelist.get_nodes_by_type(OnceNode)
    assert len(node.rendered) == 2


def test_once_sees_only_its_keys():
    page = Template(
        "{% load ui %}{% once key %}{{ key }}:{{ member }}{{ request.user }}{% csrf_token %}"
        "{% for name in names %}{{ name }}{% endfor %}{% endonce %}"
    )
    known = {"member": "Lea", "request": {"user": "Lea"}, "names": ["Lea"], "csrf_token": "secret"}
    assert [render(page, key=key, **known) for key in (1, 1)] == ["1:", "1:"]


def test_included_template_in_once_sees_only_keys():
    page = Template(
        '{% load ui %}{% once key %}{% include "components/_page_header.html" with title=key %}{% endonce %}'
    )
    assert "Lead" not in render(page, key="Title", lead="Lead")


def test_once_escapes_and_limits_number_of_entries():
    page = Template("{% load ui %}{% once key %}{{ key }}{% endonce %}")
    assert render(page, key="<b>") == "&lt;b&gt;"
    for key in range(OnceNode.MAX_ENTRIES + 5):
        render(page, key=key)
    [node] = page.nodelist.get_nodes_by_type(OnceNode)
    assert len(node.rendered) <= OnceNode.MAX_ENTRIES


@pytest.mark.parametrize("arguments", ["page.key", "'text'", "=key", "a-b=key"])
def test_once_refuses_keys_without_name(arguments):
    with pytest.raises(TemplateSyntaxError, match="takes names"):
        Template(f"{{% load ui %}}{{% once {arguments} %}}{{% endonce %}}")


def test_again_is_rendered_each_time_with_page_variables():
    page = Template(
        "{% load ui %}{% once key %}<{{ key }}{{ other }} {% again %}{{ name }}{% endagain %}"
        "{% once %}{% again %}!{{ name }}{% endagain %}{% endonce %}>{% endonce %}"
    )
    calls = [(1, "a", "<b>"), (1, "b", "c"), (2, "c", "d"), (1, "d", "e")]
    rendered = [render(page, key=key, other=other, name=name) for key, other, name in calls]
    assert rendered == ["<1 &lt;b&gt;!&lt;b&gt;>", "<1 c!c>", "<2 d!d>", "<1 e!e>"]
