"""What staff see of how reviewers review."""

import pytest
from django.urls import reverse
from django.utils.html import escape

from community.tests.factories import (
    make_review,
    make_reviewer,
    make_signals,
    make_verification,
    review_as,
)

pytestmark = pytest.mark.django_db

SIGNS = reverse("admin:community_reviewersignals_changelist")
REVIEWS = reverse("admin:community_hackverificationreview_changelist")


def test_signs_say_what_they_tell_and_lead_to_the_reviews(hack, staff_client):
    reviewer = make_review(make_verification(hack)).reviewer
    make_review(make_verification(hack))
    make_signals(reviewer, reviews=1, median_seconds=40, known_cases=0, outcomes=3, agreements=2)
    listed = staff_client.get(SIGNS).content.decode()
    of_theirs = f"{REVIEWS}?reviewer__exact={reviewer.pk}"
    for words in ("Reasons to look, never a verdict", "40 s", "2 of 3", of_theirs):
        assert words in listed
    assert "0 of 0" not in listed
    assert [row.reviewer for row in staff_client.get(of_theirs).context["cl"].result_list] == [reviewer]


def test_signs_name_whom_a_pair_is_reciprocal_with(hack, staff_client):
    one, other, third = (make_reviewer(hack) for _ in range(3))
    given, had = make_verification(hack, other), make_verification(hack, one)
    review_as(one, given)
    review_as(one, make_verification(hack, third))
    review_as(other, had)
    make_signals(one, reviews=2, reciprocal_pairs=1)
    detail = staff_client.get(reverse("admin:community_reviewersignals_change", args=[one.pk])).content.decode()
    assert f"{other}:" in detail
    assert f"{third}:" not in detail
    for reviewer, author in ((one, other), (other, one)):
        address = f"{REVIEWS}?reviewer__exact={reviewer.pk}&author__exact={author.pk}"
        assert escape(address) in detail
        (row,) = staff_client.get(address).context["cl"].result_list
        assert (row.reviewer, row.author) == (reviewer, author)
