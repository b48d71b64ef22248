"""/verification/<slug>/: the questions, the draft and the wait."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from community.models import HackVerification
from community.tests.factories import (
    answers_to,
    make_practised,
    make_reviewer,
    make_verification,
    make_verified_hack,
    review_as,
)
from database.identity import Role, database_identity
from hacks.tests.factories import HackFactory

pytestmark = pytest.mark.django_db

LIST = reverse("community:verification-list")


def page_url(hack) -> str:
    return reverse("community:verification-edit", args=[hack.slug])


def withdrawal_url(hack) -> str:
    return reverse("community:verification-withdraw", args=[hack.slug])


def form_data(response, answer: str = "Warm hands.", **more) -> dict[str, str]:
    """Return the data of the page's form with this answer to every question."""
    form = response.context["form"]
    return {name: answer for name in form.fields if name.startswith("answer_")} | more


class TestNotOpen:
    def test_shows_progress_towards_enough_practice(self, hack, member, member_client):
        make_practised(hack, 2, member)
        response = member_client.get(page_url(hack))
        assert response.context["form"] is None
        assert "2 of 3 practices" in response.content.decode()

    @pytest.mark.parametrize(
        ("times", "is_locked", "title", "action"),
        [
            (0, True, "This hack is still locked", "See how to unlock it"),
            (0, False, "Practise it first", "Go to the practice"),
            (2, True, "A little more practice first", "Back to the practice"),
        ],
    )
    def test_title_and_action_depend_on_missing_condition(self, member, member_client, times, is_locked, title, action):
        hack = make_verified_hack(prerequisite_hack=HackFactory() if is_locked else None)
        make_practised(hack, times, member)
        page = member_client.get(page_url(hack))
        read_page(page)
        assert page.context["practise_first"] == {"title": title, "action": action}
        assert title in page.content.decode()
        assert page.context["lead"].startswith("You can answer the questions after 3 practices.")

    @pytest.mark.parametrize("times", [2, 3])
    def test_explains_xp_and_what_authentic_means(self, hack, member, member_client, times):
        make_practised(hack, times, member)
        content = member_client.get(page_url(hack)).content.decode()
        assert "you get 100 XP" in content
        assert "Warning signs" in content
        assert "It takes 3 reviewers" in content
        assert "If in doubt, trust the author" not in content

    def test_draft_is_refused(self, hack, member, member_client):
        make_practised(hack, 2, member)
        response = member_client.post(page_url(hack), {"do": "draft"}, follow=True)
        assert "Practise this hack a little more first" in response.content.decode()
        assert not HackVerification.objects.exists()

    def test_hack_without_verification_has_no_page(self, member_client):
        assert member_client.get(page_url(HackFactory())).status_code == 404

    def test_visitor_is_sent_to_login(self, client, hack):
        for address in (LIST, page_url(hack), withdrawal_url(hack)):
            assert client.get(address).url.startswith(reverse("account_login"))


class TestHackPage:
    @pytest.mark.parametrize(
        ("times", "verified_at", "words", "has_link"),
        [
            (2, None, "2 of 3 practices", False),
            (3, None, "Prove your mastery", True),
            (9, timezone.now(), "Mastery verified", True),
        ],
    )
    def test_links_to_questions_after_enough_practice(
        self, hack, member, member_client, times, verified_at, words, has_link
    ):
        make_practised(hack, times, member)
        member.progress.update(verified_at=verified_at)
        content = member_client.get(hack.get_absolute_url()).content.decode()
        assert words in content
        assert (page_url(hack) in content) == has_link

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("draft", "Prove your mastery"),
            ("submitted", "Waiting for review"),
            ("escalated", "With our staff"),
            ("returned", "Sent back: see why"),
        ],
    )
    def test_shows_status_of_own_submission(self, hack, author, member_client, queries_of, status, words):
        # A submission of another member must not show here.
        make_verification(hack, status="returned")
        without = queries_of(lambda: member_client.get(hack.get_absolute_url()))
        make_verification(hack, author, status=status)
        page = member_client.get(hack.get_absolute_url())
        read_page(page)
        content = page.content.decode()
        assert words in content
        assert ("Prove your mastery" in content) == (status == "draft")
        assert page_url(hack) in content
        assert len(queries_of(lambda: member_client.get(hack.get_absolute_url()))) == len(without)

    def test_visitor_is_not_invited_to_prove_mastery(self, hack, client):
        content = client.get(hack.get_absolute_url()).content.decode()
        assert hack.verification_questions[0] in content
        assert "prove your mastery" not in content.lower()


class TestDraft:
    def test_draft_is_saved_with_gaps(self, hack, author, member_client):
        page = member_client.get(page_url(hack))
        data = form_data(page, "") | dict([next(iter(form_data(page, "So far:\r\nwarm").items()))])
        assert member_client.post(page_url(hack), {**data, "do": "draft", "is_anonymous": "on"}).url == page_url(hack)
        draft = HackVerification.objects.get(user=author)
        assert [pair["answer"] for pair in draft.verification_questions] == ["So far:\nwarm", ""]
        assert (draft.status, draft.is_anonymous) == ("draft", True)
        content = member_client.get(page_url(hack)).content.decode()
        assert "So far:\nwarm" in content

    def test_draft_is_saved_while_typing(self, hack, author, member_client):
        address, typing = page_url(hack), {"headers": {"HX-Request": "true"}}
        data = {**form_data(member_client.get(address), "So far"), "do": "draft"}
        kept = member_client.post(address, data, **typing).content.decode()
        assert kept.startswith("Draft saved at ")
        assert HackVerification.objects.get(user=author).verification_questions == answers_to(hack, "So far")
        too_long = {name: value * 1000 if value == "So far" else value for name, value in data.items()}
        assert member_client.post(address, too_long, **typing).content.decode().startswith("Not saved")
        assert "saved" not in member_client.get(address).content.decode()

    def test_answers_follow_their_questions_when_staff_change_them(self, hack, author, member_client):
        data = form_data(member_client.get(page_url(hack)))
        make_verification(hack, author, status="draft")
        with database_identity(Role.STAFF):
            hack.verification_questions = ["Anything new?", hack.verification_questions[0]]
            hack.save(update_fields=["verification_questions"])
        response = member_client.post(page_url(hack), {**data, "do": "submit"})
        (error,) = response.context["form"].errors
        assert response.context["form"].fields[error].label == "Anything new?"
        assert HackVerification.objects.get(user=author).status == "draft"


class TestSubmitting:
    def test_submission_joins_queue(self, hack, author, member_client):
        data = form_data(member_client.get(page_url(hack)))
        assert member_client.post(page_url(hack), {**data, "do": "submit"}).url == page_url(hack)
        submitted = HackVerification.objects.get(user=author)
        assert (submitted.status, submitted.verification_questions) == ("submitted", answers_to(hack))
        page = member_client.get(page_url(hack))
        assert page.context["waiting"][0] == "Place 1 in the queue."
        assert withdrawal_url(hack) in page.content.decode()

    def test_shows_error_beside_each_empty_field(self, hack, author, member_client):
        data = form_data(member_client.get(page_url(hack)), " \r\n")
        response = member_client.post(page_url(hack), {**data, "do": "submit"})
        form = response.context["form"]
        assert [form.fields[name].label for name in form.errors] == hack.verification_questions
        read_page(response)
        assert response.content.decode().count("Answer this question before") == 2
        assert not HackVerification.objects.exists()

    def test_answer_has_maximum_length(self, hack, author, member_client):
        page = member_client.get(page_url(hack))
        response = member_client.post(page_url(hack), {**form_data(page, "x" * 5001), "do": "draft"})
        assert list(response.context["form"].errors.values()) == [["Use at most 5,000 characters."]] * 2
        response = member_client.post(page_url(hack), {**form_data(page, "é\r\n" * 2500), "do": "submit"})
        assert response.status_code == 302

    def test_submission_is_refused_before_enough_practice(self, hack, member, member_client):
        make_practised(hack, 2, member)
        make_verification(hack, member, status="draft")
        data = form_data(member_client.get(page_url(hack)))
        response = member_client.post(page_url(hack), {**data, "do": "submit"})
        assert "Practise it a little more" in response.content.decode()
        assert HackVerification.objects.get().status == "draft"
        assert member_client.post(page_url(hack), {**data, "do": "draft"}).status_code == 302


class TestWaiting:
    def test_shows_place_wait_and_promised_date(self, hack, author, member_client):
        for hours in (30, 50):
            make_verification(
                hack,
                status="verified",
                submitted_at=timezone.now() - timedelta(hours=hours),
                decided_at=timezone.now(),
            )
        make_verification(hack, submitted_at=timezone.now() - timedelta(days=1))
        waiting = make_verification(hack, author)
        place, wait, promise, change = member_client.get(page_url(hack)).context["waiting"]
        assert (place, wait) == ("Place 2 in the queue.", "Recent submissions took about 2 days.")
        assert f"{waiting.submitted_at + timedelta(days=14):%-d %B %Y}" in promise
        assert "Until the first review" in change

    def test_submission_can_be_changed_until_first_review(self, hack, author, member_client):
        verification = make_verification(hack, author)
        data = form_data(member_client.get(page_url(hack)), "Warmer hands.")
        assert member_client.post(page_url(hack), {**data, "do": "submit"}).status_code == 302
        verification.refresh_from_db()
        assert verification.verification_questions == answers_to(hack, "Warmer hands.")
        review_as(make_reviewer(hack), verification)
        page = member_client.get(page_url(hack))
        assert page.context["form"] is None
        assert "Warmer hands." in page.content.decode()
        assert "1 review is in. It takes 3 that agree." in page.context["waiting"]
        typed = dict.fromkeys(data, "Typed meanwhile.")
        content = member_client.post(page_url(hack), {**typed, "do": "submit"}).content.decode()
        assert "Someone has just reviewed it" in content
        assert "Typed meanwhile." in content
        verification.refresh_from_db()
        assert verification.verification_questions == answers_to(hack, "Warmer hands.")

    def test_counts_reviews_that_disagree(self, hack, author, member_client):
        verification = make_verification(hack, author)
        for is_authentic in (True, False, True, False):
            review_as(make_reviewer(hack), verification, is_authentic=is_authentic)
        standing = member_client.get(page_url(hack)).context["waiting"]
        assert "4 reviews are in. It takes 3 that agree." in standing

    def test_draft_does_not_replace_submission(self, hack, author, member_client):
        data = form_data(member_client.get(page_url(hack)), "Later.")
        make_verification(hack, author)
        response = member_client.post(page_url(hack), {**data, "do": "draft"})
        assert "you have already submitted this or it has been decided" in response.content.decode()
        assert HackVerification.objects.get().verification_questions == answers_to(hack)

    def test_change_is_saved(self, hack, author, member_client):
        verification = make_verification(hack, author)
        page = member_client.get(page_url(hack))
        assert 'value="change"' in page.content.decode()
        response = member_client.post(page_url(hack), {**form_data(page, "Warmer."), "do": "change"}, follow=True)
        assert "Changes saved." in response.content.decode()
        verification.refresh_from_db()
        assert (verification.status, verification.verification_questions) == ("submitted", answers_to(hack, "Warmer."))

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("draft", "You have withdrawn this submission. Do you want to submit it again?"),
            ("returned", "already submitted this or it has been decided"),
        ],
    )
    def test_change_does_not_submit_draft_or_returned_submission(self, hack, author, member_client, status, words):
        verification = make_verification(hack, author, status=status)
        data = form_data(member_client.get(page_url(hack)), "Warmer.")
        response = member_client.post(page_url(hack), {**data, "do": "change"})
        read_page(response)
        content = response.content.decode()
        assert words in content
        assert content.count("Warmer.") == 2
        assert 'value="submit"' in content
        verification.refresh_from_db()
        assert (verification.status, verification.verification_questions) == (status, answers_to(hack))

    @pytest.mark.parametrize(
        ("verdicts", "words"),
        [
            ((), ""),
            ((True,), "1 review is in. It stays in your history but no longer counts."),
            ((True, False), "2 reviews are in. They stay in your history but no longer count."),
        ],
    )
    def test_withdrawal_page_says_what_happens_to_reviews(self, hack, author, member_client, verdicts, words):
        verification = make_verification(hack, author)
        for is_authentic in verdicts:
            review_as(make_reviewer(hack), verification, is_authentic=is_authentic)
        content = member_client.get(withdrawal_url(hack)).content.decode()
        assert words in content
        assert ("in your history" in content) == bool(verdicts)

    @pytest.mark.parametrize("status", ["submitted", "escalated"])
    def test_withdrawal_is_confirmed_and_repeatable(self, hack, author, member_client, status):
        verification = make_verification(hack, author, status=status)
        assert "Withdraw" in member_client.get(withdrawal_url(hack)).content.decode()
        assert HackVerification.objects.get().status == status
        assert member_client.post(withdrawal_url(hack)).url == page_url(hack)
        verification.refresh_from_db()
        assert (verification.status, verification.submitted_at) == ("draft", None)
        again = member_client.post(withdrawal_url(hack), follow=True)
        assert "Your submission is a draft again." in again.content.decode()
        assert "already been decided" not in again.content.decode()

    def test_decided_submission_cannot_be_withdrawn(self, hack, author, member_client):
        assert member_client.get(withdrawal_url(hack)).status_code == 404
        make_verification(hack, author, status="verified")
        assert member_client.get(withdrawal_url(hack)).url == page_url(hack)
        response = member_client.post(withdrawal_url(hack), follow=True)
        assert "already been decided" in response.content.decode()
        assert HackVerification.objects.get().status == "verified"

    def test_escalated_submission_says_staff_decide(self, hack, author, member_client):
        make_verification(hack, author, status="escalated")
        page = member_client.get(page_url(hack))
        assert page.context["form"] is None
        assert "our staff decide now" in page.content.decode()


def test_member_cannot_see_or_withdraw_submission_of_other(hack, member, member_client):
    verification = make_verification(hack, verification_questions=answers_to(hack, "Mine alone."))
    make_practised(hack, 9, member)
    assert "Mine alone." not in member_client.get(page_url(hack)).content.decode()
    assert member_client.post(withdrawal_url(hack)).status_code == 404
    verification.refresh_from_db()
    assert verification.status == "submitted"


@pytest.mark.parametrize("status", ["draft", "submitted", "escalated", "returned", "verified"])
def test_page_of_each_status_is_valid_and_runs_eight_queries_at_most(hack, author, member_client, queries_of, status):
    """The number of queries does not grow with past rounds and reviews."""
    make_verification(hack, author, status=status, round=4)
    few = queries_of(lambda: member_client.get(page_url(hack)))
    verification = HackVerification.objects.get()
    for number in range(1, 4):
        verification.rounds.create(
            round=number, verification_questions=answers_to(hack), submitted_at=timezone.now(), outcome="returned"
        )
        verification.reviews.create(round=number, reviewer=make_member(), is_authentic=True, seconds=60)
    read_page(member_client.get(page_url(hack)))
    read_page(member_client.get(LIST))
    assert len(queries_of(lambda: member_client.get(page_url(hack)))) == len(few) <= 8
