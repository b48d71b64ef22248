"""The admin of reviewer signals."""

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

SIGNALS = reverse("admin:community_reviewersignals_changelist")
REVIEWS = reverse("admin:community_hackverificationreview_changelist")


def test_signals_are_explained_and_link_to_reviews(hack, staff_client):
    reviewer = make_review(make_verification(hack)).reviewer
    make_review(make_verification(hack))
    make_signals(reviewer, reviews=1, median_seconds=40, known_cases=0, outcomes=3, agreements=2)
    listed = staff_client.get(SIGNALS).content.decode()
    reviews_url = f"{REVIEWS}?reviewer__exact={reviewer.pk}"
    for words in ("Reasons to look, never a verdict", "40 s", "2 of 3", reviews_url):
        assert words in listed
    assert "0 of 0" not in listed
    assert [row.reviewer for row in staff_client.get(reviews_url).context["cl"].result_list] == [reviewer]


def test_detail_page_names_reciprocal_reviewer_only(hack, staff_client):
    one, other, third = (make_reviewer(hack) for _ in range(3))
    submission_of_other, submission_of_one = make_verification(hack, other), make_verification(hack, one)
    review_as(one, submission_of_other)
    review_as(one, make_verification(hack, third))
    review_as(other, submission_of_one)
    make_signals(one, reviews=2, reciprocal_pairs=1)
    detail = staff_client.get(reverse("admin:community_reviewersignals_change", args=[one.pk])).content.decode()
    assert f"{other}:" in detail
    assert f"{third}:" not in detail
    for reviewer, author in ((one, other), (other, one)):
        address = f"{REVIEWS}?reviewer__exact={reviewer.pk}&author__exact={author.pk}"
        assert escape(address) in detail
        (row,) = staff_client.get(address).context["cl"].result_list
        assert (row.reviewer, row.author) == (reviewer, author)
