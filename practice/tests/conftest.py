import pytest

from hacks.tests.factories import HackFactory


@pytest.fixture
def hack(db):
    return HackFactory(name="Energy ball", slug="energy-ball", duration_minutes=5)
