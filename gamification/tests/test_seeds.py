"""The seeded achievements cover every kind, and each can be earned."""

from collections import Counter

import pytest
from django.core.management import call_command

from database.identity import Role, database_identity
from gamification.kinds import KINDS, describe_criteria, validate_criteria
from gamification.models import Achievement
from hacks.models import Hack, HackCategory

pytestmark = pytest.mark.django_db


@pytest.fixture
def seeds():
    with database_identity(Role.OWNER):
        call_command("loaddata", "seeds", verbosity=0)
    return list(Achievement.objects.all())


def test_seeds_cover_every_kind(seeds):
    kinds = Counter(row.criteria_json["type"] for row in seeds)
    assert set(kinds) == set(KINDS)
    assert len(seeds) >= 20
    assert 2 <= sum(row.is_hidden for row in seeds) <= 3


def test_each_seed_can_be_earned(seeds):
    hacks = {hack.slug: hack for hack in Hack.objects.published().select_related("category")}
    hacks_by_category = Counter(hack.category.name for hack in hacks.values())
    for row in seeds:
        criteria = row.criteria_json
        validate_criteria(criteria)
        assert criteria.get("hack", "energy-ball") in hacks
        assert criteria.get("category", "healing") in hacks_by_category
        if criteria["type"] == "hacks_tried":
            assert criteria["value"] <= hacks_by_category.get(criteria.get("category"), len(hacks))
        if criteria["type"] == "verification":
            verified = [hack for slug, hack in hacks.items() if hack.requires_verification]
            assert criteria["value"] <= len(verified)
            assert criteria.get("hack", verified[0].slug) in {hack.slug for hack in verified}


def test_each_seed_is_unique(seeds):
    hacks = dict(Hack.objects.values_list("slug", "name"))
    titles = dict(HackCategory.objects.values_list("name", "title"))
    descriptions = [
        describe_criteria(
            row.criteria_json,
            hack=hacks.get(row.criteria_json.get("hack"), ""),
            category=titles.get(row.criteria_json.get("category"), ""),
        )
        for row in seeds
    ]
    for unique in (descriptions, [row.icon_url for row in seeds], [row.sort_order for row in seeds]):
        assert [each for each, times in Counter(unique).items() if times > 1] == []
    for row in seeds:
        assert row.description, row.name
        assert row.points > 0
