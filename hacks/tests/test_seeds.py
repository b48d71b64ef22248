"""The library that `manage.py loaddata seeds` loads."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from database.identity import Role, database_identity
from hacks.models import Hack, HackCategory, UserHackProgress


def read_seeds(app: str, model: str) -> list[dict]:
    rows = yaml.safe_load((Path(settings.BASE_DIR) / app / "fixtures" / "seeds.yaml").read_text())
    return [{"pk": row["pk"], **row["fields"]} for row in rows if row["model"] == model]


CATEGORIES = read_seeds("hacks", "hacks.hackcategory")
HACKS = read_seeds("hacks", "hacks.hack")
ACHIEVEMENTS = read_seeds("gamification", "gamification.achievement")
SLUGS = {hack["slug"] for hack in HACKS}

FIRST_ACHIEVEMENTS = {
    "first-steps": {"type": "practice_count", "value": 1},
    "week-warrior": {"type": "streak", "value": 7},
    "shield-bearer": {"type": "verification", "value": 1, "hack": "double-torus-shield"},
    "energy-guide": {"type": "teaching", "value": 1},
    "liberation": {"type": "graduation", "value": 1},
}

each_hack = pytest.mark.parametrize("hack", HACKS, ids=lambda hack: hack["slug"])
STEP = re.compile(r"^\d+\. \*\*[^*]+\((\d+) (min|sec)\)\.\*\*", re.MULTILINE)


def load_seeds() -> None:
    call_command("loaddata", "seeds", verbosity=0)


@pytest.fixture
def seeded(db):
    with database_identity(Role.OWNER):
        load_seeds()
        yield


def stored_rows() -> dict[str, list[dict]]:
    models = (HackCategory, Hack, apps.get_model("gamification", "Achievement"))
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name != "updated_at"}
            for row in model.objects.order_by("pk").values()
        ]
        for model in models
    }


def test_loading_twice_changes_nothing(seeded):
    before = stored_rows()

    load_seeds()

    assert stored_rows() == before
    assert {name: len(rows) for name, rows in before.items()} == {
        "HackCategory": len(CATEGORIES),
        "Hack": len(HACKS),
        "Achievement": len(ACHIEVEMENTS),
    }


def test_loading_again_restores_edited_text(seeded):
    Hack.objects.filter(slug="energy-ball").update(name="", text_guide="")

    load_seeds()

    assert Hack.objects.get(slug="energy-ball").text_guide.startswith("## What it is for")


def test_loading_again_keeps_progress(seeded, member):
    hack = Hack.objects.get(slug="energy-ball")
    progress = UserHackProgress.objects.create(user=member, hack=hack, is_favorite=True, notes="Warm at once.")

    load_seeds()

    progress.refresh_from_db()
    assert (progress.hack, progress.is_favorite, progress.notes) == (hack, True, "Warm at once.")


def test_each_row_passes_model_validation(seeded):
    for row in [*HackCategory.objects.all(), *Hack.objects.all()]:
        row.full_clean()


def test_ids_of_gateways_and_verified_hacks_never_change(seeded):
    fixed = Hack.objects.filter(is_gateway=True) | Hack.objects.filter(requires_verification=True)

    assert {slug: str(pk) for slug, pk in fixed.values_list("slug", "pk")} == {
        "energy-ball": "01900000-0000-7000-8000-000000000201",
        "eye-massage": "01900000-0000-7000-8000-000000000204",
        "double-torus-shield": "01900000-0000-7000-8000-000000000213",
        "warm-liquid": "01900000-0000-7000-8000-000000000214",
        "energy-programming": "01900000-0000-7000-8000-000000000220",
        "pain-unwind": "01900000-0000-7000-8000-000000000226",
    }


def test_each_category_has_at_least_five_hacks(seeded):
    counts = Counter(Hack.objects.published().values_list("category__name", flat=True))

    assert set(counts) == {
        "energy_awareness",
        "protection",
        "flow_manipulation",
        "relaxation",
        "healing",
    }
    assert min(counts.values()) >= 5
    assert counts.total() >= 24


def test_four_gateways_have_no_prerequisite(seeded):
    gateways = Hack.objects.published().filter(is_gateway=True)

    assert set(gateways.values_list("slug", flat=True)) == {
        "energy-ball",
        "eye-massage",
        "pain-unwind",
        "warm-liquid",
    }
    assert not gateways.filter(prerequisite_hack__isnull=False).exists()


def test_only_two_hacks_require_verification_and_have_questions(seeded):
    verified = Hack.objects.filter(requires_verification=True).order_by("slug")

    assert list(verified.values_list("slug", "category__name")) == [
        ("double-torus-shield", "protection"),
        ("energy-programming", "flow_manipulation"),
    ]
    assert all(3 <= len(hack.verification_questions) <= 4 for hack in verified)
    assert not Hack.objects.filter(requires_verification=False).exclude(verification_questions=[]).exists()


def test_every_hack_can_be_reached_from_open_hack(seeded):
    prerequisites = dict(Hack.objects.published().values_list("slug", "prerequisite_hack__slug"))
    reached = {slug for slug, prerequisite in prerequisites.items() if prerequisite is None}
    while step := {slug for slug, before in prerequisites.items() if before in reached} - reached:
        reached |= step

    assert reached == SLUGS


def test_first_achievements_keep_their_criteria(seeded):
    achievements = apps.get_model("gamification", "Achievement").objects.all()

    assert {row.slug: row.criteria_json for row in achievements if row.slug in FIRST_ACHIEVEMENTS} == FIRST_ACHIEVEMENTS


def test_prerequisite_comes_before_dependants_and_is_no_harder():
    seen: dict[str, dict] = {}
    for hack in HACKS:
        if before := hack["prerequisite_hack"]:
            assert seen[before]["difficulty_level"] <= hack["difficulty_level"], hack["slug"]
        seen[hack["pk"]] = hack


@pytest.mark.parametrize("row", [*CATEGORIES, *ACHIEVEMENTS], ids=lambda row: row["name"])
def test_every_icon_is_in_sprite(row):
    sprite = (Path(settings.BASE_DIR) / "static" / "vendor" / "lucide" / "sprite.svg").read_text()

    assert f'<symbol id="{row["icon_url"]}"' in sprite


def luminance(color_hex: str) -> float:
    """Return the relative luminance as defined by WCAG 2.2, from 0 to 1."""
    channels = (int(color_hex[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda category: category["name"])
def test_category_colour_is_legible_on_white_and_dark(category):
    colour = luminance(category["color_hex"]) + 0.05

    assert 1.05 / colour >= 4.5
    assert colour / (luminance("#1C2128") + 0.05) >= 3


@each_hack
def test_criteria_are_modest_and_have_prerequisite(hack):
    criteria = hack["unlock_criteria"]

    assert bool(criteria) == bool(hack["prerequisite_hack"])
    if criteria:
        assert 3 <= criteria["practice_count"] <= 10
        assert criteria.get("days_active", 2) in range(2, 8)
        assert criteria.get("days_active", 1) <= criteria["practice_count"]


@each_hack
def test_short_description_fits_card(hack):
    assert 20 <= len(hack["short_description"]) <= 140


@each_hack
def test_steps_add_up_to_duration(hack):
    seconds = sum(int(value) * {"min": 60, "sec": 1}[unit] for value, unit in STEP.findall(hack["text_guide"]))

    assert seconds == hack["duration_minutes"] * 60


@each_hack
def test_guide_is_complete_and_ends_with_safety_note(hack):
    guide = hack["text_guide"]
    *sections, last = re.split(r"^## ", guide, flags=re.MULTILINE)

    assert 300 <= len(guide.split()) <= 600
    assert len(sections) >= 4
    assert any(section.startswith("What you may notice\n") for section in sections)
    # Safety comes last, so that readers remember it when they press start.
    assert last.startswith("When to leave it\n")
    note = last.strip().split("\n\n")[-1]
    assert "self-practice" in note
    assert re.search(r"\b(no|not|isn't|doesn't)\b.*\bmedical\b", note, re.DOTALL)


@each_hack
def test_guide_is_plain_markdown_with_valid_links(hack):
    guide = hack["text_guide"]

    assert "<" not in guide
    assert set(re.findall(r"^#+", guide, flags=re.MULTILINE)) == {"##"}
    assert set(re.findall(r"\]\(/hacks/([\w-]+)/\)", guide)) <= SLUGS
    assert guide.count("](") == guide.count("](/hacks/")
