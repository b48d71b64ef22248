"""How a person appears."""

from types import SimpleNamespace
from uuid import UUID

import pytest
from django.template.loader import render_to_string

from accounts.templatetags.people import avatar

KEY = UUID("01900000-0000-7000-8000-0000000000aa")
PICTURE = "https://cdn.discordapp.com/avatars/1/2.png"


def person(**fields) -> dict:
    return {"pk": KEY, "username": "slow_river", "display_name": "Slow River", "avatar_url": "", **fields}


def test_one_person_looks_the_same_everywhere_and_another_differs():
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
def test_the_initials(name, initials):
    assert f">{initials}</text>" in avatar(person(display_name=name))


def test_without_a_name_the_username_stands_in():
    assert ">S</text>" in avatar(person(display_name=""))


def test_a_picture_is_shown_from_where_pictures_may_come_alone(settings):
    settings.AVATAR_ORIGINS = ["https://cdn.discordapp.com"]
    assert f'<img class="avatar avatar--l" src="{PICTURE}" alt=""' in avatar(person(avatar_url=PICTURE), "l")
    for url in ("https://example.com/x.png", "https://cdn.discordapp.com.example.com/x.png", "javascript:alert(1)"):
        assert "<svg" in avatar(person(avatar_url=url))
    settings.AVATAR_ORIGINS = []
    assert "<svg" in avatar(person(avatar_url=PICTURE))


def test_a_picture_cannot_leave_its_attribute(settings):
    settings.AVATAR_ORIGINS = ["https://cdn.discordapp.com"]
    assert '"><script>' not in avatar(person(avatar_url=f'{PICTURE}"><script>'))


def test_nothing_in_it_is_refused_by_our_policy():
    assert "style=" not in avatar(person())


def test_the_card_is_a_link_where_it_leads_somewhere():
    html = render_to_string("components/_member.html", {"person": person(display_name="<i>"), "href": "/@slow_river/"})
    assert '<a class="member" href="/@slow_river/">' in html
    assert "&lt;i&gt;" in html
    assert "@slow_river" in html
    assert "<a " not in render_to_string("components/_member.html", {"person": person()})
