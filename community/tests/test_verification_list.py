"""/verification/: the member's own submissions, and the submissions that they can review."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.markup import read_page
from community.models import VerificationLease
from community.tests.factories import (
    make_lease,
    make_practised,
    make_reviewer,
    make_verification,
    make_verified_hack,
)
from database.identity import Role, database_identity
from hacks.models import Hack

pytestmark = pytest.mark.django_db

PAGE = reverse("community:verification-list")
TAKE = reverse("community:review-take")


def names(rows) -> list[str]:
    return [row["name"] for row in rows]


class TestOwn:
    def test_empty_page_says_what_to_do(self, member_client):
        response = member_client.get(PAGE)
        read_page(response)
        content = response.content.decode()
        assert "Nothing to prove yet" in content
        assert "Nothing to review yet" in content

    def test_lists_hacks_that_require_verification(self, hack, member_client):
        make_verified_hack(name="Gone", is_active=False)
        make_verified_hack(name="Asks nothing", requires_verification=False)
        page = member_client.get(PAGE)
        assert page.context["unpractised"] == [{"name": hack.name, "url": hack.get_absolute_url()}]
        assert f'<a href="{hack.get_absolute_url()}">{hack.name}</a>' in page.content.decode()

    def test_hack_in_progress_links_to_its_questions(self, hack, member, member_client):
        make_practised(hack, 2, member)
        page = member_client.get(PAGE)
        read_page(page)
        assert reverse("community:verification-edit", args=[hack.slug]) in page.content.decode()

    def test_groups_hacks_by_submitted_ready_and_in_progress(self, member, member_client):
        begun, ready, coming = (make_verified_hack(name=name) for name in ("Begun", "Ready", "Coming"))
        make_verified_hack(name="Never tried")
        make_practised(make_verified_hack(name="Gone", is_active=False), 3, member)
        make_practised(make_verified_hack(requires_verification=False), 3, member)
        for hack, times in ((begun, 4), (ready, 3), (coming, 2)):
            make_practised(hack, times, member)
        make_verification(begun, member)
        make_verification(ready)
        context = member_client.get(PAGE).context
        assert [names(context[key]) for key in ("submissions", "ready", "coming")] == [["Begun"], ["Ready"], ["Coming"]]
        assert context["submissions"][0]["words"].startswith("Place 1 in the queue.")
        assert context["nearest"]["name"] == "Begun"

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("draft", "Only you can see it"),
            ("submitted", "Place 1 in the queue"),
            ("escalated", "our staff decide"),
            ("returned", "Read the feedback"),
            ("verified", "You can now review it"),
        ],
    )
    def test_says_status_of_each_submission_in_words(self, hack, member, member_client, status, words):
        make_verification(hack, make_practised(hack, 3, member), status=status)
        assert words in member_client.get(PAGE).content.decode()

    def test_does_not_show_submissions_of_others(self, hack, member_client):
        make_verification(hack)
        context = member_client.get(PAGE).context
        assert (context["submissions"], context["waiting"]) == ([], 0)


class TestReviewing:
    def test_shows_number_waiting_and_leases_oldest(self, hack, sign_in):
        client = sign_in(make_reviewer(hack))
        assert "Nothing to review right now" in client.get(PAGE).content.decode()
        first = make_verification(hack)
        make_verification(hack)
        assert "2 submissions are waiting for a reviewer like you" in client.get(PAGE).content.decode()
        response = client.post(TAKE)
        lease = VerificationLease.objects.get()
        assert response.url == reverse("community:review", args=[lease.pk])
        assert lease.verification == first
        context = client.get(PAGE).context
        assert [row["url"] for row in context["leases"]] == [response.url]
        assert "minutes left" in context["leases"][0]["words"]
        assert context["waiting"] == 1

    def test_leases_submission_of_chosen_hack(self, hack, sign_in):
        reviewer = make_reviewer(hack)
        other = make_verified_hack(name="Other")
        make_practised(other, 5, reviewer)
        make_verification(hack)
        chosen = make_verification(other)
        client = sign_in(reviewer)
        page = client.get(PAGE)
        read_page(page)
        assert "Review Other (1 waiting)" in page.content.decode()
        client.post(TAKE, {"hack": str(other.pk)})
        assert VerificationLease.objects.get().verification == chosen
        assert client.post(TAKE, {"hack": "other"}).status_code == 400

    @pytest.mark.parametrize("change", [{"is_active": False}, {"requires_verification": False}])
    def test_waiting_submission_is_still_leased_after_hack_changes(self, hack, sign_in, change):
        make_verification(hack)
        with database_identity(Role.STAFF):
            Hack.objects.filter(pk=hack.pk).update(**change)
        client = sign_in(make_reviewer(hack))
        page = client.get(PAGE)
        assert "1 submission is waiting for a reviewer like you" in page.content.decode()
        assert (page.context["ready"], page.context["coming"]) == ([], [])
        client.post(TAKE)
        assert VerificationLease.objects.count() == 1

    def test_says_when_nothing_waits(self, hack, member_client):
        make_verification(hack)
        response = member_client.post(TAKE, follow=True)
        assert "Nothing left to review" in response.content.decode()
        assert not VerificationLease.objects.exists()

    def test_allows_four_open_reviews(self, hack, sign_in):
        reviewer = make_reviewer(hack)
        client = sign_in(reviewer)
        for _ in range(4):
            make_lease(reviewer, make_verification(hack))
        make_verification(hack)
        page = client.get(PAGE)
        assert (page.context["has_max_leases"], page.context["waiting"]) == (True, 1)
        assert f'action="{TAKE}"' not in page.content.decode()
        assert "You have 4 reviews open" in client.post(TAKE, follow=True).content.decode()
        assert VerificationLease.objects.count() == 4

    def test_ended_leases_are_listed_with_reason(self, hack, sign_in):
        reviewer = make_reviewer(hack)
        make_lease(reviewer, make_verification(hack), expires_at=timezone.now())
        for ended in ("changed", "withdrawn", "decided", "buddies", "given_back", "reviewed"):
            make_lease(reviewer, make_verification(hack), ended=ended)
        page = sign_in(reviewer).get(PAGE)
        read_page(page)
        assert page.context["leases"] == []
        assert {row["words"] for row in page.context["lost"]} == {
            "Your time is up",
            "The answers have changed",
            "Submission withdrawn",
            "Already decided",
            "You are practice buddies now",
        }

    def test_ended_lease_is_listed_after_hack_is_retired(self, hack, sign_in):
        reviewer = make_reviewer(hack)
        lease = make_lease(reviewer, make_verification(hack), ended="withdrawn")
        with database_identity(Role.STAFF):
            Hack.objects.filter(pk=hack.pk).update(is_active=False, requires_verification=False)
        page = sign_in(reviewer).get(PAGE)
        assert reverse("community:review", args=[lease.pk]) in page.content.decode()

    def test_take_requires_post_and_login(self, client, member):
        assert client.post(TAKE).url.startswith(reverse("account_login"))
        client.force_login(member.user)
        assert client.get(TAKE).status_code == 405


def test_number_of_queries_does_not_grow_with_rows(hack, queries_of, sign_in):
    reviewer = make_reviewer(hack)

    def make_rows(hack):
        make_verification(hack, make_practised(hack, 5, reviewer))
        make_lease(reviewer, make_verification(hack))
        make_verification(hack)

    make_rows(hack)
    client = sign_in(reviewer)
    few = queries_of(lambda: client.get(PAGE))
    for _ in range(3):
        make_rows(make_verified_hack())
    read_page(client.get(PAGE))
    assert len(queries_of(lambda: client.get(PAGE))) == len(few) <= 8
