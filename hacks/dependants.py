"""What names a hack beside other hacks: later apps add what they know of, and staff read it before they unpublish."""

from collections.abc import Callable, Iterable

from hacks.models import Hack

# Each says of hacks, given by their slugs, what names them: slug and words. Later apps add theirs when they are ready.
NAMING: list[Callable[[list[str]], Iterable[tuple[str, str]]]] = []


def named_by(hacks: Iterable[Hack]) -> dict[str, str]:
    """What names each of the hacks, in words, by its slug; empty where nothing does."""
    named: dict[str, list[str]] = {hack.slug: [] for hack in hacks}
    for naming in NAMING:
        for slug, words in naming(list(named)):
            named[slug].append(words)
    return {slug: ", ".join(words) for slug, words in named.items()}
