"""A person's avatar: their picture, or a drawing generated from their key and name."""

import hashlib
from functools import lru_cache
from uuid import UUID

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

HUES = 12
DRAWING_HTML = (
    '<svg class="avatar{}" data-hue="{}" viewBox="0 0 40 40" aria-hidden="true">'
    '<circle class="avatar__orbit" cx="{}" cy="{}" r="{}"/><circle class="avatar__orbit" cx="{}" cy="{}" r="{}"/>'
    '<text class="avatar__letters" x="20" y="20" dy=".35em" text-anchor="middle">{}</text></svg>'
)
PICTURE_HTML = '<img class="avatar{}" src="{}" alt="" width="40" height="40" loading="lazy" decoding="async">'


@register.simple_tag
def avatar(person, size: str = "") -> SafeString:
    """Render a person's avatar. It is decorative: the name must be next to it.

    `person` is a member, or a dict or a named tuple with their `pk` or `user_id`, `username`, `display_name` and
    `avatar_url`; `size` is "l" or empty.
    """
    fields = person if isinstance(person, dict) else person._asdict() if isinstance(person, tuple) else vars(person)
    key = fields["pk"] if "pk" in fields else fields["user_id"]
    url = fields["avatar_url"]
    if any(url.startswith(f"{origin}/") for origin in settings.AVATAR_ORIGINS):
        return format_html(PICTURE_HTML, _modifier(size), url)
    return _drawing(key, fields["display_name"] or fields["username"], size)


@lru_cache(maxsize=1024)
def _drawing(key: UUID, name: str, size: str) -> SafeString:
    """Draw the initials over two circles. The key determines the circles and the hue."""
    hue, *numbers = hashlib.sha256(key.bytes).digest()[:7]
    orbits = [number % 41 if index % 3 < 2 else 8 + number % 13 for index, number in enumerate(numbers)]
    return format_html(DRAWING_HTML, _modifier(size), hue % HUES, *orbits, _initials(name))


def _initials(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in (words if len(words) < 2 else [words[0], words[-1]])).upper()


def _modifier(size: str) -> str:
    return f" avatar--{size}" if size else ""
