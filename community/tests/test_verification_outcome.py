"""/verification/<slug>/ after a decision: the outcome, the reasons and the next round."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_member
from community.actions import revoke_verification
from community.tests.factories import (
    answers_to,
    make_reviewer,
    make_verification,
    review_as,
)
from database.identity import Role, database_identity

pytestmark = pytest.mark.django_db


def page_url(hack) -> str:
    return reverse("community:verification-edit", args=[hack.slug])


def revised_data(page, answer: str = "In my palms.") -> dict[str, str]:
    """Return the data of the page's form with this answer to every question."""
    return {name: answer for name in page.context["form"].fields if name.startswith("answer_")}


def test_returned_submission_shows_comments_and_can_be_submitted_again(hack, author, member_client):
    verification = make_verification(hack, author)
    for number in range(3):
        review_as(make_reviewer(hack), verification, is_authentic=False, comment=f"Where is it, {number}?")
    page = member_client.get(page_url(hack))
    assert sorted(review["comment"] for review in page.context["reviews"]) == [
        f"Where is it, {number}?" for number in range(3)
    ]
    data = revised_data(page)
    member_client.post(page_url(hack), {**data, "do": "draft"})
    assert len(member_client.get(page_url(hack)).context["reviews"]) == 3
    assert member_client.post(page_url(hack), {**data, "do": "submit"}).status_code == 302
    verification.refresh_from_db()
    assert (verification.status, verification.round) == ("submitted", 2)
    (earlier,) = member_client.get(page_url(hack)).context["rounds"]
    assert earlier["title"].startswith("Round 1, sent back on ")
    assert (len(earlier["reviews"]), earlier["pairs"]) == (3, answers_to(hack))


def test_unchanged_answers_are_refused_after_return(hack, author, member_client):
    make_verification(hack, author, status="returned")
    data = revised_data(member_client.get(page_url(hack)), "Warm hands.")
    response = member_client.post(page_url(hack), {**data, "do": "submit"})
    content = response.content.decode()
    assert "These are the answers that were sent back to you." in content
    assert content.count("Warm hands.") == 2
    assert response.context["state"] == "returned"


def test_revoked_submission_shows_reason_and_earlier_reviews(hack, author, member_client):
    verification = make_verification(hack, author)
    for _ in range(3):
        review_as(make_reviewer(hack), verification)
    with database_identity(Role.STAFF):
        revoke_verification(staff=make_member(), verification_id=verification.pk, reason="It was copied.")
    page = member_client.get(page_url(hack))
    content = page.content.decode()
    today = f"{timezone.now():%-d %B %Y}"
    assert f"Our staff revoked your verification on {today}." in content
    assert content.index("It was copied.") < content.index("What your reviewers said before")
    assert "What your reviewers say" not in content
    assert len(page.context["reviews"]) == 3
    member_client.post(page_url(hack), {**revised_data(page), "do": "draft"})
    draft = member_client.get(page_url(hack)).content.decode()
    assert draft.index("It was copied.") < draft.index("What your reviewers said before")
    member_client.post(page_url(hack), {**revised_data(page), "do": "submit"})
    again = member_client.get(page_url(hack))
    (earlier,) = again.context["rounds"]
    assert earlier["title"] == f"Round 1, revoked on {today}"
    assert "What your reviewers said before" not in again.content.decode()


@pytest.mark.parametrize(
    ("comments", "last"),
    [
        (["", "", ""], "3 reviewers found it authentic"),
        (["", "Lovely.", ""], "2 other reviewers found it authentic"),
        (["", "Lovely.", "Yes."], "1 other reviewer found it authentic"),
        (["Fine.", "Lovely.", "Yes."], "Authentic"),
    ],
)
def test_counts_reviews_without_comment(hack, author, member_client, comments, last):
    verification = make_verification(hack, author)
    for comment in comments:
        review_as(make_reviewer(hack), verification, comment=comment)
    reviews = member_client.get(page_url(hack)).context["reviews"]
    assert reviews[-1]["verdict"] == last
    assert [review["comment"] for review in reviews if review["comment"]] == sorted(filter(None, comments))


def test_does_not_reveal_order_of_reviews(hack, author, member_client):
    verification = make_verification(hack, author)
    for comment in ("Where?", "How?", "What?"):
        review_as(make_reviewer(hack), verification, is_authentic=False, comment=comment)
    reviews = member_client.get(page_url(hack)).context["reviews"]
    assert [review["comment"] for review in reviews] == ["How?", "What?", "Where?"]


def test_does_not_reveal_reviewers(hack, author, member_client):
    verification = make_verification(hack, author)
    reviewers = [make_reviewer(hack) for _ in range(3)]
    for reviewer in reviewers:
        review_as(reviewer, verification, is_authentic=False)
    content = member_client.get(page_url(hack)).content.decode()
    for reviewer in reviewers:
        assert reviewer.username not in content
        assert reviewer.display_name not in content
        assert str(reviewer.pk) not in content


@pytest.mark.parametrize(("reason", "who"), [("", "Your peers confirmed"), ("We have met.", "Our staff confirmed")])
def test_verified_submission_names_who_confirmed(hack, author, member_client, reason, who):
    make_verification(hack, author, status="verified", decision_reason=reason)
    content = member_client.get(page_url(hack)).content.decode()
    assert f"You have mastered {hack.name}" in content
    assert who in content
    assert reason in content


@pytest.mark.parametrize(("is_anonymous", "days", "is_pending"), [(True, 0, True), (True, 1, False), (False, 0, False)])
def test_says_when_xp_of_anonymous_submission_arrives(hack, author, member_client, is_anonymous, days, is_pending):
    verified_at = timezone.now() - timedelta(days=days)
    make_verification(hack, author, status="verified", is_anonymous=is_anonymous, verified_at=verified_at)
    assert ("100 XP will arrive within a day or so" in member_client.get(page_url(hack)).content.decode()) == is_pending


@pytest.mark.parametrize("status", ["draft", "returned"])
def test_submission_stays_readable_after_hack_stops_requiring_verification(hack, author, member_client, status):
    make_verification(hack, author, status=status)
    with database_identity(Role.STAFF):
        type(hack).objects.filter(pk=hack.pk).update(requires_verification=False)
    page = member_client.get(page_url(hack))
    assert page.context["form"] is None
    assert "Warm hands." in page.content.decode()
    assert "no longer needs verification" in page.context["lead"]
    response = member_client.post(page_url(hack), {"do": "draft"}, follow=True)
    assert "no longer needs verification" in str(*response.context["messages"])
