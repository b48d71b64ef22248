"""/verification/review/<lease>/: what a reviewer reads and sends."""

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


def page_of(lease) -> str:
    return reverse("community:review", args=[lease.pk])


def give_back(lease) -> str:
    return reverse("community:review-release", args=[lease.pk])


def sent(response, verdict: str = "yes", comment: str = "") -> dict[str, str]:
    return {"id": str(response.context["form"]["id"].value()), "is_authentic": verdict, "comment": comment}


class TestReading:
    def test_shows_answers_author_and_time(self, lease, reviewer_client):
        response = reviewer_client.get(page_of(lease))
        read_page(response)
        content = response.content.decode()
        assert response.context["pairs"] == lease.verification.verification_questions
        assert lease.verification.user.display_name in content
        assert "minutes left" in content

    def test_says_nothing_of_who_is_anonymous(self, hack, reviewer, reviewer_client):
        lease = make_lease(reviewer, make_verification(hack, is_anonymous=True))
        response = reviewer_client.get(page_of(lease))
        read_page(response)
        content, author = response.content.decode(), lease.verification.user
        assert "Anonymous" in content
        for tell in (author.display_name, author.username, str(author.pk), author.pk.hex, str(lease.verification_id)):
            assert tell not in content

    def test_escapes_what_was_written(self, hack, reviewer, reviewer_client):
        lease = make_lease(
            reviewer, make_verification(hack, verification_questions=answers_to(hack, "<script>alert(1)</script>"))
        )
        assert "<script>alert" not in reviewer_client.get(page_of(lease)).content.decode()

    def test_nobody_elses(self, lease, member_client):
        assert member_client.get(page_of(lease)).status_code == 404
        data = {"id": str(lease.pk), "is_authentic": "yes"}
        assert member_client.post(page_of(lease), data).status_code == 404
        assert member_client.post(give_back(lease)).status_code == 404
        assert VerificationLease.objects.get().ended == ""
        assert not HackVerificationReview.objects.exists()

    def test_a_visitor_signs_in_first(self, client, lease):
        assert client.get(page_of(lease)).url.startswith(reverse("account_login"))
        assert client.post(give_back(lease)).url.startswith(reverse("account_login"))

    def test_asks_eight_questions_at_most(self, hack, lease, reviewer, reviewer_client, queries_of):
        one = queries_of(lambda: reviewer_client.get(page_of(lease)))
        for _ in range(3):
            make_lease(reviewer, make_verification(hack))
        assert len(queries_of(lambda: reviewer_client.get(page_of(lease)))) == len(one) <= 8


class TestReviewing:
    @pytest.mark.parametrize(("verdict", "comment"), [("yes", ""), ("yes", "Lovely."), ("no", "Where\r\nis it?")])
    def test_stores_what_was_said(self, lease, reviewer, reviewer_client, verdict, comment):
        data = sent(reviewer_client.get(page_of(lease)), verdict, comment)
        assert reviewer_client.post(page_of(lease), data).url == LIST
        review = HackVerificationReview.objects.get(pk=data["id"])
        assert (review.verification_id, review.reviewer_id) == (lease.verification_id, reviewer.pk)
        assert (review.is_authentic, review.comment) == (verdict == "yes", comment.replace("\r\n", "\n"))

    def test_stores_it_once(self, lease, reviewer_client):
        data = sent(reviewer_client.get(page_of(lease)))
        answers = [reviewer_client.post(page_of(lease), data).status_code for _ in range(2)]
        assert answers == [302, 302]
        assert HackVerificationReview.objects.count() == 1

    @pytest.mark.parametrize(
        ("verdict", "comment", "field"),
        [("no", " \r\n", "comment"), ("", "", "is_authentic"), ("yes", "x" * 2001, "comment")],
    )
    def test_says_beside_the_field_what_is_missing(self, lease, reviewer_client, verdict, comment, field):
        response = reviewer_client.post(page_of(lease), sent(reviewer_client.get(page_of(lease)), verdict, comment))
        read_page(response)
        assert list(response.context["form"].errors) == [field]
        assert not HackVerificationReview.objects.exists()

    def test_its_address_says_afterwards_that_it_is_given(self, lease, reviewer_client):
        reviewer_client.post(page_of(lease), sent(reviewer_client.get(page_of(lease))))
        page = reviewer_client.get(page_of(lease))
        read_page(page, status=410)
        assert "You have reviewed it" in page.content.decode()

    def test_a_spoilt_id_is_replaced(self, lease, reviewer_client):
        response = reviewer_client.post(page_of(lease), {"id": "mine", "is_authentic": "yes"})
        assert "Please send it once more" in response.content.decode()
        assert reviewer_client.post(page_of(lease), sent(response)).url == LIST

    def test_is_given_back(self, lease, reviewer_client):
        assert reviewer_client.get(give_back(lease)).status_code == 405
        assert reviewer_client.post(give_back(lease)).url == LIST
        lease.refresh_from_db()
        assert lease.ended == "given_back"
        assert "not yours any more" in reviewer_client.post(give_back(lease), follow=True).content.decode()


def test_no_hack_takes_the_address_of_reviews():
    with pytest.raises(ValidationError, match="an address of the site"):
        Hack(slug=reverse("community:review-take").split("/")[-2]).clean_fields(exclude=["category", "name"])


class TestTooLate:
    @pytest.mark.parametrize(
        ("state", "title"),
        [
            ("changed", "The answers have changed"),
            ("withdrawn", "It was withdrawn"),
            ("decided", "It is decided already"),
            ("given_back", "You have given it back"),
            ("buddies", "You are buddies now"),
            ("expired", "The time is over"),
        ],
    )
    @pytest.mark.parametrize("is_valid", [True, False], ids=["ready", "not ready"])
    def test_says_why_and_keeps_what_was_written(self, lease, reviewer_client, state, title, is_valid):
        data = sent(reviewer_client.get(page_of(lease)), "no" if is_valid else "", "Where is it?")
        ended = {"ended": state} if state != "expired" else {"expires_at": timezone.now() - timedelta(seconds=1)}
        VerificationLease.objects.update(**ended)
        for response in (reviewer_client.get(page_of(lease)), reviewer_client.post(page_of(lease), data)):
            read_page(response, status=410)
            assert title in response.content.decode()
            takes_again = f'action="{reverse("community:review-take")}"' in response.content.decode()
            assert takes_again == (state in ("changed", "expired"))
        assert "Where is it?" in response.content.decode()
        assert not HackVerificationReview.objects.exists()
