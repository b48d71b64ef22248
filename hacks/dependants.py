"""What names a hack or a category beside other hacks: later apps add what they know of, and staff read it before they
take one away."""

from collections.abc import Callable, Iterable

from hacks.models import Hack, HackCategory

# Each says what names the hacks with these slugs ("hack"), or the categories with these names ("category"): which of
# them, and words. Later apps add theirs when they are ready.
NAMING: list[Callable[[str, list[str]], Iterable[tuple[str, str]]]] = []


def named_by(hacks: Iterable[Hack]) -> dict[str, str]:
    """What names each of the hacks, in words, by its slug; empty where nothing does."""
    return _named("hack", [hack.slug for hack in hacks])


def category_named_by(category: HackCategory) -> str:
    """What names the category, in words; empty where nothing does."""
    return _named("category", [category.name])[category.name]


def _named(key: str, names: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {name: [] for name in names}
    for naming in NAMING:
        for name, words in naming(key, names):
            found[name].append(words)
    return {name: ", ".join(words) for name, words in found.items()}
