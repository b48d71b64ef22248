"""/verification/review/<lease>/: a reviewer reads a submission and sends a review."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.tests.markup import read_page
from community.models import HackVerificationReview, VerificationLease
from community.tests.factories import answers_to, make_lease, make_verification
from hacks.models import Hack

pytestmark = pytest.mark.django_db

LIST = reverse("community:verification-list")


@pytest.fixture
def reviewer_client(sign_in, reviewer):
    return sign_in(reviewer)


@pytest.fixture
def lease(hack, reviewer):
    return make_lease(reviewer, make_verification(hack))


def review_url(lease) -> str:
    return reverse("community:review", args=[lease.pk])


def release_url(lease) -> str:
    return reverse("community:review-release", args=[lease.pk])


def form_data(response, verdict: str = "yes", comment: str = "") -> dict[str, str]:
    return {"id": str(response.context["form"]["id"].value()), "is_authentic": verdict, "comment": comment}


class TestReading:
    def test_shows_answers_author_and_time_left(self, lease, reviewer_client):
        response = reviewer_client.get(review_url(lease))
        read_page(response)
        content = response.content.decode()
        assert response.context["pairs"] == lease.verification.verification_questions
        assert lease.verification.user.display_name in content
        assert "minutes left" in content

    def test_does_not_reveal_anonymous_author(self, hack, reviewer, reviewer_client):
        lease = make_lease(reviewer, make_verification(hack, is_anonymous=True))
        response = reviewer_client.get(review_url(lease))
        read_page(response)
        content, author = response.content.decode(), lease.verification.user
        assert "Anonymous" in content
        for identifier in (
            author.display_name,
            author.username,
            str(author.pk),
            author.pk.hex,
            str(lease.verification_id),
        ):
            assert identifier not in content

    def test_escapes_answers(self, hack, reviewer, reviewer_client):
        lease = make_lease(
            reviewer, make_verification(hack, verification_questions=answers_to(hack, "<script>alert(1)</script>"))
        )
        assert "<script>alert" not in reviewer_client.get(review_url(lease)).content.decode()

    def test_lease_of_another_reviewer_is_not_found(self, lease, member_client):
        assert member_client.get(review_url(lease)).status_code == 404
        data = {"id": str(lease.pk), "is_authentic": "yes"}
        assert member_client.post(review_url(lease), data).status_code == 404
        assert member_client.post(release_url(lease)).status_code == 404
        assert VerificationLease.objects.get().ended == ""
        assert not HackVerificationReview.objects.exists()

    def test_visitor_is_sent_to_login(self, client, lease):
        assert client.get(review_url(lease)).url.startswith(reverse("account_login"))
        assert client.post(release_url(lease)).url.startswith(reverse("account_login"))

    def test_runs_eight_queries_at_most(self, hack, lease, reviewer, reviewer_client, queries_of):
        one = queries_of(lambda: reviewer_client.get(review_url(lease)))
        for _ in range(3):
            make_lease(reviewer, make_verification(hack))
        assert len(queries_of(lambda: reviewer_client.get(review_url(lease)))) == len(one) <= 8


class TestReviewing:
    @pytest.mark.parametrize(("verdict", "comment"), [("yes", ""), ("yes", "Lovely."), ("no", "Where\r\nis it?")])
    def test_stores_verdict_and_comment(self, lease, reviewer, reviewer_client, verdict, comment):
        data = form_data(reviewer_client.get(review_url(lease)), verdict, comment)
        assert reviewer_client.post(review_url(lease), data).url == LIST
        review = HackVerificationReview.objects.get(pk=data["id"])
        assert (review.verification_id, review.reviewer_id) == (lease.verification_id, reviewer.pk)
        assert (review.is_authentic, review.comment) == (verdict == "yes", comment.replace("\r\n", "\n"))

    def test_stores_same_review_once(self, lease, reviewer_client):
        data = form_data(reviewer_client.get(review_url(lease)))
        statuses = [reviewer_client.post(review_url(lease), data).status_code for _ in range(2)]
        assert statuses == [302, 302]
        assert HackVerificationReview.objects.count() == 1

    @pytest.mark.parametrize(
        ("verdict", "comment", "field"),
        [("no", " \r\n", "comment"), ("", "", "is_authentic"), ("yes", "x" * 2001, "comment")],
    )
    def test_shows_error_beside_field(self, lease, reviewer_client, verdict, comment, field):
        response = reviewer_client.post(
            review_url(lease), form_data(reviewer_client.get(review_url(lease)), verdict, comment)
        )
        read_page(response)
        assert list(response.context["form"].errors) == [field]
        assert not HackVerificationReview.objects.exists()

    def test_page_says_after_review_that_it_was_given(self, lease, reviewer_client):
        reviewer_client.post(review_url(lease), form_data(reviewer_client.get(review_url(lease))))
        page = reviewer_client.get(review_url(lease))
        read_page(page, status=410)
        assert "Review sent" in page.content.decode()

    def test_invalid_id_is_replaced(self, lease, reviewer_client):
        response = reviewer_client.post(review_url(lease), {"id": "mine", "is_authentic": "yes"})
        assert "Something went wrong. Please try again." in response.content.decode()
        assert reviewer_client.post(review_url(lease), form_data(response)).url == LIST

    def test_release_ends_lease(self, lease, reviewer_client):
        assert reviewer_client.get(release_url(lease)).status_code == 405
        assert reviewer_client.post(release_url(lease)).url == LIST
        lease.refresh_from_db()
        assert lease.ended == "given_back"
        assert "no longer yours" in reviewer_client.post(release_url(lease), follow=True).content.decode()


def test_hack_slug_cannot_equal_review_path():
    with pytest.raises(ValidationError, match="its own pages"):
        Hack(slug=reverse("community:review-take").split("/")[-2]).clean_fields(exclude=["category", "name"])


class TestEndedLease:
    @pytest.mark.parametrize(
        ("state", "title"),
        [
            ("changed", "The answers have changed"),
            ("withdrawn", "Submission withdrawn"),
            ("decided", "Already decided"),
            ("given_back", "You gave it back"),
            ("buddies", "You are practice buddies now"),
            ("expired", "Your time is up"),
        ],
    )
    @pytest.mark.parametrize("is_valid", [True, False], ids=["valid", "invalid"])
    def test_page_says_why_and_keeps_comment(self, lease, reviewer_client, state, title, is_valid):
        data = form_data(reviewer_client.get(review_url(lease)), "no" if is_valid else "", "Where is it?")
        ended = {"ended": state} if state != "expired" else {"expires_at": timezone.now() - timedelta(seconds=1)}
        VerificationLease.objects.update(**ended)
        for response in (reviewer_client.get(review_url(lease)), reviewer_client.post(review_url(lease), data)):
            read_page(response, status=410)
            assert title in response.content.decode()
            offers_another = f'action="{reverse("community:review-take")}"' in response.content.decode()
            assert offers_another == (state in ("changed", "expired"))
        assert "Where is it?" in response.content.decode()
        assert not HackVerificationReview.objects.exists()
