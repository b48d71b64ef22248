"""Practice buddies: who may read a pair, how staff pair members, and that buddies don't review each other."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from community import queue, tasks
from community.actions import LeaseLost, give_review
from community.models import PracticeBuddies, VerificationLease
from community.tests.factories import (
    call_as,
    make_buddies,
    make_known_case,
    make_lease,
    make_practised,
    make_reviewer,
    make_verification,
    make_verified_hack,
    review_as,
)
from database.identity import Role, database_identity
from database.tests.statements import attempt

pytestmark = pytest.mark.django_db


def two_reviewers(hack, place):
    """Return two reviewers ordered so that the second one is `user1` (place 0) or `user2` (place 1) of their pair."""
    two = [make_reviewer(hack), make_reviewer(hack)]
    return two if place else two[::-1]


def take(reviewer):
    """Take a review as the reviewer; return the submission, or None if there is none."""
    lease = call_as(reviewer, "app.lease_verification()")
    return lease and VerificationLease.objects.get(pk=lease).verification


def count_waiting(reviewer):
    with database_identity(Role.MEMBER, reviewer.pk):
        return sum(queue.waiting_reviews().values())


class TestReviewing:
    @pytest.mark.parametrize("is_first", [True, False])
    @pytest.mark.parametrize("is_anonymous", [True, False])
    def test_submission_of_buddy_is_offered_to_others_only(self, hack, reviewer, is_first, is_anonymous):
        now = timezone.now()
        buddy_submission = make_verification(hack, submitted_at=now - timedelta(days=3), is_anonymous=is_anonymous)
        other_submission = make_verification(hack)
        make_buddies(*((reviewer, buddy_submission.user) if is_first else (buddy_submission.user, reviewer)))
        assert count_waiting(reviewer) == 1
        assert [take(reviewer), take(reviewer)] == [other_submission, None]
        assert take(make_reviewer(hack)) == buddy_submission

    @pytest.mark.parametrize(("status", "is_offered"), [("active", False), ("inactive", False), ("completed", True)])
    @pytest.mark.parametrize("place", [0, 1])
    def test_submission_of_buddy_is_offered_after_pair_is_completed(self, hack, place, status, is_offered):
        author, reviewer = two_reviewers(hack, place)
        verification = make_verification(hack, author)
        pair = make_buddies(reviewer, author)
        PracticeBuddies.objects.filter(pk=pair.pk).update(status=status)
        assert take(reviewer) == (verification if is_offered else None)

    def test_known_case_is_offered_to_reviewer_with_buddy(self, hack, reviewer):
        make_buddies(reviewer, make_member())
        for _ in range(4):
            review_as(reviewer, make_verification(hack))
        known = make_known_case(hack, outcome=True)
        assert take(reviewer) == known

    def test_reviewer_is_not_asked_to_review_submission_of_buddy(self, hack, reviewer):
        verification = make_verification(hack, submitted_at=timezone.now() - timedelta(days=3))
        make_buddies(reviewer, verification.user)
        other = make_reviewer(hack)
        assert tasks.ask_reviewers() == 1
        assert UserActivityLog.objects.get(activity_type=Activity.REVIEWERS_WANTED).user_id == other.pk


class TestPairedDuringReview:
    def give(self, reviewer, lease):
        with database_identity(Role.MEMBER, reviewer.pk):
            return give_review(member=reviewer, lease_id=lease.pk, review_id=lease.pk, is_authentic=True, comment="")

    @pytest.mark.parametrize("place", [0, 1])
    @pytest.mark.parametrize("was_completed", [True, False])
    def test_lease_on_submission_of_new_buddy_ends(self, hack, place, was_completed):
        pair = author, reviewer = two_reviewers(hack, place)
        verification = make_verification(hack, author)
        completed = make_buddies(*pair, status="completed") if was_completed else None
        lease, others = make_lease(reviewer, verification), make_lease(make_reviewer(hack), verification)
        elsewhere = make_lease(reviewer, make_verification(hack))
        if completed:
            PracticeBuddies.objects.filter(pk=completed.pk).update(status="active")
        else:
            make_buddies(*pair)
        with pytest.raises(LeaseLost) as lost:
            self.give(reviewer, lease)
        assert lost.value.state == "buddies"
        assert set(VerificationLease.objects.filter(ended="")) == {others, elsewhere}

    def test_ended_lease_keeps_its_reason(self, hack, reviewer):
        author = make_verification(hack).user
        ended = [{"ended": "given_back"}, {"expires_at": timezone.now() - timedelta(minutes=1)}]
        for fields in ended:
            make_lease(reviewer, make_verification(make_verified_hack(), author), **fields)
        make_buddies(reviewer, author)
        assert not VerificationLease.objects.filter(ended="buddies").exists()

    def test_lease_on_anonymous_submission_does_not_reveal_author(self, hack, reviewer):
        verification = make_verification(hack, is_anonymous=True)
        lease = make_lease(reviewer, verification)
        with database_identity(Role.MEMBER, reviewer.pk):
            before = queue.leases()
        make_buddies(reviewer, verification.user)
        with database_identity(Role.MEMBER, reviewer.pk):
            assert queue.leases() == before
        assert self.give(reviewer, lease)

    def test_completed_pair_ends_no_lease(self, hack, reviewer):
        verification = make_verification(hack)
        lease = make_lease(reviewer, verification)
        make_buddies(reviewer, verification.user, status="completed")
        assert self.give(reviewer, lease)


def ban(member, *, is_active=False):
    member.user.is_active = is_active
    with database_identity(Role.STAFF):
        member.user.save(update_fields=["is_active"])


class TestBannedAuthors:
    def test_submission_is_offered_again_when_ban_is_lifted(self, hack, reviewer):
        banned = make_verification(hack, submitted_at=timezone.now() - timedelta(days=1))
        other = make_verification(hack)
        make_known_case(hack, outcome=True)

        def place():
            with database_identity(Role.MEMBER, other.user_id):
                return queue.queue_positions()[other.pk].place

        assert (count_waiting(reviewer), place()) == (2, 2)
        ban(banned.user)
        assert (count_waiting(reviewer), place()) == (1, 1)
        assert [take(reviewer), take(reviewer)] == [other, None]
        ban(banned.user, is_active=True)
        assert (count_waiting(reviewer), place()) == (1, 2)
        assert take(reviewer) == banned

    @pytest.mark.parametrize(("age", "status"), [(timedelta(days=3), "submitted"), (timedelta(days=15), "escalated")])
    def test_ban_pauses_review_requests_reminders_and_escalation(self, hack, reviewer, age, status):
        verification = make_verification(hack, submitted_at=timezone.now() - age)
        ban(verification.user)
        for is_active, notified in ((False, 0), (True, 1)):
            ban(verification.user, is_active=is_active)
            assert tasks.ask_reviewers() == notified
            assert tasks.sweep_verifications() == notified
            verification.refresh_from_db()
            assert verification.status == (status if is_active else "submitted")
            assert (verification.nudged_at is not None) == (is_active and status == "submitted")

    def test_submissions_of_banned_authors_do_not_count_towards_longest_queue(self, hack, reviewer):
        """A reviewer of several hacks is asked for the hack with the longest queue."""
        long_ago, fuller = timezone.now() - timedelta(days=3), make_verified_hack()
        make_practised(fuller, 5, reviewer)
        for each in (hack, fuller, fuller):
            make_verification(each, submitted_at=long_ago)
        for _ in range(2):
            ban(make_verification(hack, submitted_at=long_ago).user)
        tasks.ask_reviewers()
        asked = UserActivityLog.objects.get(activity_type=Activity.REVIEWERS_WANTED)
        assert asked.activity_data["hack_id"] == str(fuller.pk)

    def test_review_begun_before_ban_still_counts(self, hack, reviewer):
        verification = make_verification(hack, verification_count=2)
        for _ in range(2):
            review_as(make_reviewer(hack), verification)
        lease = make_lease(reviewer, verification)
        ban(verification.user)
        assert call_as(reviewer, "app.review_verification(%s, %s, true, '')", lease.pk, lease.pk)
        verification.refresh_from_db()
        assert verification.is_verified


class TestRows:
    def test_pair_has_one_row_in_either_order(self):
        one, other = sorted((make_member(), make_member()), key=lambda member: member.pk)
        make_buddies(other, one)
        pair = PracticeBuddies.objects.get()
        assert (pair.user1, pair.user2, pair.status) == (one, other, "active")
        insert = "INSERT INTO practice_buddies (id, user1_id, user2_id, discord_channel_id, status)"
        values = "VALUES (gen_random_uuid(), %s, %s, '', %s)"
        for role in (Role.STAFF, Role.WORKER, Role.OWNER):
            with database_identity(role):
                for named in ((one.pk, other.pk), (other.pk, one.pk)):
                    assert attempt(f"{insert} {values}", [*named, "active"]) == "UniqueViolation"
                assert attempt(f"{insert} {values}", [one.pk, one.pk, "active"]) == "CheckViolation"
                assert attempt(f"{insert} {values}", [one.pk, make_member().pk, "best"]) == "CheckViolation"
                assert attempt("UPDATE practice_buddies SET user1_id = user2_id") == "CheckViolation"
                assert attempt("UPDATE practice_buddies SET user1_id = user2_id, user2_id = user1_id") == 1

    def test_both_buddies_read_their_pair_and_no_member_writes_it(self):
        one, other, stranger = (make_member() for _ in range(3))
        make_buddies(one, other)
        make_buddies(stranger, make_member())
        insert = (
            "INSERT INTO practice_buddies (id, user1_id, user2_id, discord_channel_id, status)"
            f" VALUES (gen_random_uuid(), '{one.pk}', '{stranger.pk}', '', 'active')"
        )
        for member in (one, other, stranger):
            with database_identity(Role.MEMBER, member.pk):
                assert attempt("SELECT * FROM practice_buddies") == 1
                for statement in (
                    insert,
                    "UPDATE practice_buddies SET status = 'completed'",
                    "DELETE FROM practice_buddies",
                ):
                    assert attempt(statement) == "InsufficientPrivilege", statement
        for role in (Role.ANON, Role.AUTH):
            with database_identity(role, one.pk):
                assert attempt("SELECT FROM practice_buddies") == "InsufficientPrivilege"


class TestAdmin:
    ADD = reverse("admin:community_practicebuddies_add")

    def pair(self, client, one, other, **more):
        data = {"user1": one.pk, "user2": other.pk, "status": "active", "discord_channel_id": "", **more}
        return client.post(self.ADD, data)

    @pytest.mark.parametrize("is_first", [True, False])
    def test_staff_pair_two_members_once(self, staff_client, is_first):
        two = [make_member(), make_member()]
        named = two if is_first else two[::-1]
        assert self.pair(staff_client, *named, discord_channel_id="77").status_code == 302
        pair = PracticeBuddies.objects.get()
        assert ([pair.user1, pair.user2], pair.discord_channel_id) == (two, "77")
        for again in (two, two[::-1]):
            errors = self.pair(staff_client, *again).context["adminform"].form.errors
            assert list(errors) == ["user2"]
            assert "a pair already" in str(errors)
        assert PracticeBuddies.objects.count() == 1

    def test_pair_requires_two_different_members(self, staff_client):
        member = make_member()
        form = self.pair(staff_client, member, member).context["adminform"].form
        assert form.errors == {"user2": ["Choose two different members."]}
        response = staff_client.post(self.ADD, {"user1": member.pk, "status": "best"})
        assert sorted(response.context["adminform"].form.errors) == ["status", "user2"]
        assert not PracticeBuddies.objects.exists()

    def test_staff_change_status_but_not_members_of_pair(self, staff_client):
        pair = make_buddies(make_member(), make_member())
        address = reverse("admin:community_practicebuddies_change", args=[pair.pk])
        data = {"user1": make_member().pk, "status": "completed", "discord_channel_id": ""}
        assert staff_client.post(address, data).status_code == 302
        assert list(PracticeBuddies.objects.values("user1", "user2", "status")) == [
            {"user1": pair.user1_id, "user2": pair.user2_id, "status": "completed"}
        ]
        history = staff_client.get(reverse("admin:community_practicebuddies_history", args=[pair.pk])).content.decode()
        assert "active" in history
        assert "completed" in history
