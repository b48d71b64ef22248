from types import SimpleNamespace
from uuid import UUID

import pytest
from django.template.loader import render_to_string

from accounts.templatetags.people import avatar

KEY = UUID("01900000-0000-7000-8000-0000000000aa")
PICTURE_URL = "https://cdn.discordapp.com/avatars/1/2.png"


def person(**fields) -> dict:
    return {"pk": KEY, "username": "slow_river", "display_name": "Slow River", "avatar_url": "", **fields}


def test_drawing_depends_on_person():
    assert avatar(person()) == avatar(person())
    assert avatar(person()) == avatar(
        SimpleNamespace(user_id=KEY, username="x", display_name="Slow River", avatar_url="")
    )
    drawings = {avatar(person(pk=UUID(int=number))) for number in range(50)}
    assert len(drawings) == 50


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Slow River", "SR"),
        ("slow", "S"),
        ("Ana Maria de Souza", "AS"),
        ("Élodie", "É"),
        ("山田 太郎", "山太"),
        ("  ", ""),
        ("<b> &", "&lt;&amp;"),
    ],
)
def test_initials(name, initials):
    assert f">{initials}</text>" in avatar(person(display_name=name))


def test_initials_fall_back_to_username():
    assert ">S</text>" in avatar(person(display_name=""))


def test_picture_is_shown_only_from_allowed_origins(settings):
    settings.AVATAR_ORIGINS = ["https://cdn.discordapp.com"]
    assert f'<img class="avatar avatar--l" src="{PICTURE_URL}" alt=""' in avatar(person(avatar_url=PICTURE_URL), "l")
    for url in ("https://example.com/x.png", "https://cdn.discordapp.com.example.com/x.png", "javascript:alert(1)"):
        assert "<svg" in avatar(person(avatar_url=url))
    settings.AVATAR_ORIGINS = []
    assert "<svg" in avatar(person(avatar_url=PICTURE_URL))


def test_picture_url_is_escaped(settings):
    settings.AVATAR_ORIGINS = ["https://cdn.discordapp.com"]
    assert '"><script>' not in avatar(person(avatar_url=f'{PICTURE_URL}"><script>'))


def test_drawing_has_no_inline_style():
    assert "style=" not in avatar(person())


def test_member_card_links_when_href_is_given():
    html = render_to_string("components/_member.html", {"person": person(display_name="<i>"), "href": "/@slow_river/"})
    assert '<a class="member" href="/@slow_river/">' in html
    assert "&lt;i&gt;" in html
    assert "@slow_river" in html
    assert "<a " not in render_to_string("components/_member.html", {"person": person()})
