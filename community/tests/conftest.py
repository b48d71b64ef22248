import pytest

from community.tests.factories import make_practised, make_reviewer, make_verified_hack


@pytest.fixture
def hack(db):
    return make_verified_hack(name="Energy shield", slug="energy-shield")


@pytest.fixture
def author(hack, member):
    """`member`, with enough practice to submit."""
    return make_practised(hack, hack.verification_practice_count, member)


@pytest.fixture
def reviewer(hack):
    return make_reviewer(hack)
