"""Records of other apps that refer to a hack or a category. Staff see them before they unpublish or delete it."""

from collections.abc import Callable, Iterable

from hacks.models import Hack, HackCategory

# Apps that depend on this one add a function in their `AppConfig.ready()`. It takes "hack" with slugs, or "category"
# with names. It returns pairs of such a slug or name and a description of a record that refers to it.
DEPENDANT_FINDERS: list[Callable[[str, list[str]], Iterable[tuple[str, str]]]] = []


def find_dependants(hacks: Iterable[Hack]) -> dict[str, str]:
    """Return a description of the dependants of each hack, by slug. It is empty for a hack without dependants."""
    return _describe_dependants("hack", [hack.slug for hack in hacks])


def find_category_dependants(category: HackCategory) -> str:
    """Return a description of the dependants of the category, or an empty string."""
    return _describe_dependants("category", [category.name])[category.name]


def _describe_dependants(key: str, names: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {name: [] for name in names}
    for find in DEPENDANT_FINDERS:
        for name, words in find(key, names):
            found[name].append(words)
    return {name: ", ".join(words) for name, words in found.items()}
