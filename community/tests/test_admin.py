"""The admin of verifications: staff decide escalated submissions, revoke verifications and make known cases."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from uuid_utils.compat import uuid7

from accounts.tests.factories import make_staff
from analytics.actions import record
from analytics.models import Activity, UserActivityLog
from community.models import HackVerification, VerificationLease
from community.rules import ESCALATE_AFTER, MAX_ANSWER_LENGTH
from community.tests.factories import (
    make_known_case,
    make_lease,
    make_practised,
    make_review,
    make_reviewer,
    make_signals,
    make_verification,
    make_verified_hack,
    review_as,
)
from database.identity import Role, database_identity
from gamification.models import XpEntry

pytestmark = pytest.mark.django_db

LIST = reverse("admin:community_hackverification_changelist")
ADD = reverse("admin:community_hackverification_add")
DECIDED_AT = datetime(2026, 10, 16, 21, 12, tzinfo=UTC)


def admin_url(name: str, verification) -> str:
    return reverse(f"admin:community_hackverification_{name}", args=[verification.pk])


def decision_data(is_authentic: str = "yes", reason: str = "We have met.", **more) -> dict[str, str]:
    return {"is_authentic": is_authentic, "reason": reason, **more}


class TestOwnSubmission:
    """Staff who submit must not learn who reviews them, from no list and by no statement."""

    @pytest.fixture
    def reviewers(self, hack, staff):
        """The reviewers of a submission of staff and of another one, each with a lease, an activity and XP."""
        reviewers = make_reviewer(hack), make_reviewer(hack)
        for own, reviewer in zip(([staff], []), reviewers, strict=True):
            review = review_as(reviewer, make_verification(hack, *own))
            record(reviewer.pk, Activity.REVIEW_GIVEN, {"review_id": str(review.pk)})
            XpEntry.objects.create(
                user=reviewer, source=XpEntry.Source.REVIEW, source_id=review.pk, amount=15, earned_on=DECIDED_AT.date()
            )
        return reviewers

    def test_page_hides_reviews(self, hack, reviewers, staff, staff_client):
        own, other = HackVerification.objects.get(user=staff), HackVerification.objects.exclude(user=staff).get()
        page = staff_client.get(admin_url("change", own)).content.decode()
        assert "Hidden, because this is your own submission." in page
        assert str(reviewers[0]) not in page
        assert str(reviewers[1]) in staff_client.get(admin_url("change", other)).content.decode()

    @pytest.mark.parametrize(
        "name",
        [
            "community_hackverificationreview",
            "community_verificationlease",
            "analytics_useractivitylog",
            "gamification_xpentry",
        ],
    )
    def test_lists_hide_reviewer(self, reviewers, staff_client, name):
        page = staff_client.get(reverse(f"admin:{name}_changelist")).content.decode()
        assert str(reviewers[0]) not in page
        assert str(reviewers[1]) in page

    def test_signals_name_no_reviewer_of_oneself(self, hack, reviewers, staff, staff_client):
        review_as(staff, make_verification(hack, reviewers[0]))
        signals = make_signals(staff)
        url = reverse("admin:community_reviewersignals_change", args=[signals.pk])
        assert str(reviewers[0]) not in staff_client.get(url).content.decode()

    @pytest.mark.parametrize(
        "query",
        [
            "SELECT reviewer_user_id FROM hack_verification_reviews",
            "SELECT reviewer_user_id FROM hack_verification_leases",
            "SELECT user_id FROM user_activity_logs WHERE activity_type = 'review_given'",
            "SELECT user_id FROM xp_ledger WHERE source = 'review'",
        ],
    )
    def test_database_hides_reviewer(self, reviewers, staff, query):
        with database_identity(Role.STAFF, staff.pk), connection.cursor() as cursor:
            cursor.execute(query)
            assert {member for (member,) in cursor.fetchall()} == {reviewers[1].pk}


class TestQueue:
    def test_lists_escalated_submissions_first(self, hack, staff_client):
        make_verification(hack, status="draft")
        make_verification(hack, status="verified")
        waiting = make_verification(hack, status="escalated")
        assert staff_client.get(LIST).context["cl"].result_list[0] == waiting

    def test_shows_promised_decision_time_on_24_hour_clock(self, hack, staff_client):
        submitted_at = DECIDED_AT - ESCALATE_AFTER
        for status in ("submitted", "escalated"):
            verification = make_verification(hack, status=status, submitted_at=submitted_at)
            listed = staff_client.get(LIST, {"q": verification.user.username}).content.decode()
            assert "16 Oct 2026, 21:12" in listed
        for not_waiting in (
            make_verification(
                hack, status="verified", submitted_at=submitted_at, decided_at=DECIDED_AT - ESCALATE_AFTER
            ),
            make_known_case(hack, outcome=True, submitted_at=submitted_at),
        ):
            assert "16 Oct 2026" not in staff_client.get(admin_url("change", not_waiting)).content.decode()

    @pytest.mark.parametrize(("kind", "is_known"), [("members", False), ("known", True)])
    def test_filters_known_cases_and_member_submissions(self, hack, staff_client, kind, is_known):
        make_verification(hack)
        make_known_case(hack, outcome=True)
        (row,) = staff_client.get(LIST, {"kind": kind}).context["cl"].result_list
        assert (row.user is None) == is_known

    @pytest.mark.parametrize("outcome", [True, False])
    def test_counts_right_and_wrong_reviews_of_known_cases(self, hack, staff_client, outcome):
        case, other = (make_known_case(hack, outcome=outcome) for _ in range(2))
        for is_authentic in (outcome, outcome, not outcome):
            make_review(case, is_authentic=is_authentic)
        make_review(other, is_authentic=outcome)
        make_verification(hack, verification_count=2, rejection_count=1)
        listed = staff_client.get(LIST).content.decode()
        for words in ("2 right, 1 wrong", "1 right, 0 wrong", "2 authentic, 1 not"):
            assert words in listed

    def test_submission_cannot_be_edited(self, hack, staff_client):
        verification = make_verification(hack)
        assert staff_client.post(admin_url("change", verification), {"status": "verified"}).status_code == 403
        verification.refresh_from_db()
        assert verification.status == "submitted"


class TestDecision:
    @pytest.mark.parametrize(("verdict", "status"), [("yes", "verified"), ("no", "returned")])
    def test_decision_is_confirmed_then_stored_and_logged(self, hack, staff, staff_client, verdict, status):
        verification = make_verification(hack, status="escalated")
        address = admin_url("decide", verification)
        assert address in staff_client.get(admin_url("change", verification)).content.decode()
        assert "Warm hands." in staff_client.get(address).content.decode()
        asked = staff_client.post(address, decision_data(verdict))
        assert 'name="confirmed"' in asked.content.decode()
        verification.refresh_from_db()
        assert verification.status == "escalated"
        assert staff_client.post(address, decision_data(verdict, confirmed="yes")).url == LIST
        verification.refresh_from_db()
        assert (verification.status, verification.decided_by_id) == (status, staff.pk)
        assert verification.decision_reason == "We have met."
        activity = UserActivityLog.objects.get(activity_type=Activity.VERIFICATION_DECIDED)
        assert activity.user_id == verification.user_id
        history = staff_client.get(admin_url("history", verification)).content.decode()
        assert "We have met." in history

    @pytest.mark.parametrize("data", [decision_data(""), decision_data(reason=" "), decision_data(reason="x" * 2001)])
    def test_decision_needs_verdict_and_reason(self, hack, staff_client, data):
        verification = make_verification(hack, status="escalated")
        response = staff_client.post(admin_url("decide", verification), {**data, "confirmed": "yes"})
        assert response.context["form"].errors
        assert 'class="errorlist"' in response.content.decode()
        verification.refresh_from_db()
        assert verification.status == "escalated"

    def test_own_submission_is_refused(self, hack, staff, staff_client):
        own = make_verification(hack, make_practised(hack, 3, staff), status="escalated")
        for response in (
            staff_client.get(admin_url("decide", own)),
            staff_client.post(admin_url("decide", own), decision_data(confirmed="yes")),
        ):
            assert "someone else has to decide it" in response.content.decode()
        own.refresh_from_db()
        assert own.status == "escalated"

    @pytest.mark.parametrize("status", ["draft", "submitted", "returned", "verified"])
    def test_decision_is_refused_unless_escalated(self, hack, staff_client, status):
        verification = make_verification(hack, status=status)
        assert (
            admin_url("decide", verification)
            not in staff_client.get(admin_url("change", verification)).content.decode()
        )
        response = staff_client.post(admin_url("decide", verification), decision_data(confirmed="yes"), follow=True)
        assert "This submission is no longer waiting for a decision." in response.content.decode()
        verification.refresh_from_db()
        assert (verification.status, verification.decided_by) == (status, None)

    def test_change_permission_is_required(self, hack, sign_in):
        viewer = make_staff("view_hackverification")
        client, verification = sign_in(viewer), make_verification(hack, status="escalated")
        assert client.get(admin_url("change", verification)).status_code == 200
        assert client.get(admin_url("decide", verification)).status_code == 403
        assert client.post(admin_url("decide", verification), decision_data(confirmed="yes")).status_code == 403
        assert client.get(ADD).status_code == 403


class TestRevocation:
    def test_revocation_is_explained_confirmed_stored_and_logged(self, hack, staff, staff_client):
        verification = make_verification(hack, status="verified", decision_reason="We have met.")
        address = admin_url("revoke", verification)
        assert address in staff_client.get(admin_url("change", verification)).content.decode()
        asked = staff_client.get(address).content.decode()
        for words in (
            "Warm hands.",
            "They lose the XP and can no longer review",
            "They keep unlocked hacks and achievements",
        ):
            assert words in asked
        asked = staff_client.post(address, {"reason": "It was copied."}).content.decode()
        for words in (
            'name="confirmed"',
            f"Revoke: {hack}, by {verification.user}",
            "They lose the XP and can no longer review",
        ):
            assert words in asked
        verification.refresh_from_db()
        assert verification.status == "verified"
        done = staff_client.post(address, {"reason": "It was copied.", "confirmed": "yes"}, follow=True)
        assert "Revoked. The author will be notified." in done.content.decode()
        verification.refresh_from_db()
        assert (verification.status, verification.decided_by_id) == ("returned", staff.pk)
        assert verification.decision_reason == "It was copied."
        activity = UserActivityLog.objects.get(activity_type=Activity.VERIFICATION_REVOKED)
        assert activity.user_id == verification.user_id
        history = staff_client.get(admin_url("history", verification)).content.decode()
        assert "It was copied." in history
        assert "We have met." in history

    @pytest.mark.parametrize("reason", ["", " ", "x" * 2001])
    def test_revocation_needs_reason(self, hack, staff_client, reason):
        verification = make_verification(hack, status="verified")
        response = staff_client.post(admin_url("revoke", verification), {"reason": reason, "confirmed": "yes"})
        assert response.context["form"].errors
        verification.refresh_from_db()
        assert verification.status == "verified"

    def test_own_submission_is_refused(self, hack, staff, staff_client):
        own = make_verification(hack, make_practised(hack, 3, staff), status="verified")
        for response in (
            staff_client.get(admin_url("revoke", own)),
            staff_client.post(admin_url("revoke", own), {"reason": "It was copied.", "confirmed": "yes"}),
        ):
            assert "someone else has to decide it" in response.content.decode()
        own.refresh_from_db()
        assert own.status == "verified"

    @pytest.mark.parametrize("status", ["draft", "submitted", "escalated", "returned"])
    def test_revocation_is_refused_unless_verified(self, hack, staff_client, status):
        verification = make_verification(hack, status=status)
        assert (
            admin_url("revoke", verification)
            not in staff_client.get(admin_url("change", verification)).content.decode()
        )
        data = {"reason": "It was copied.", "confirmed": "yes"}
        response = staff_client.post(admin_url("revoke", verification), data, follow=True)
        assert "This submission is no longer verified." in response.content.decode()
        verification.refresh_from_db()
        assert (verification.status, verification.decided_by) == (status, None)

    def test_change_permission_is_required(self, hack, sign_in):
        viewer = make_staff("view_hackverification")
        client, verification = sign_in(viewer), make_verification(hack, status="verified")
        assert admin_url("revoke", verification) not in client.get(admin_url("change", verification)).content.decode()
        assert client.get(admin_url("revoke", verification)).status_code == 403
        data = {"reason": "It was copied.", "confirmed": "yes"}
        assert client.post(admin_url("revoke", verification), data).status_code == 403


@pytest.mark.parametrize(("button", "status"), [("decide", "escalated"), ("revoke", "verified")])
class TestEvidence:
    def test_page_shows_author_answers_reviews_and_signals(self, hack, staff_client, button, status):
        verification = make_verification(hack, status=status, is_anonymous=True)
        review = make_review(verification, comment="The words are my own.")
        signals = make_signals(review.reviewer, reviews=31)
        content = staff_client.get(admin_url(button, verification)).content.decode()
        for words in (
            f"Submitted by {verification.user}, anonymous to reviewers",
            "Warm hands.",
            f"{review.reviewer}:",
            "The words are my own.",
            "31 reviews",
            reverse("admin:community_reviewersignals_change", args=[signals.pk]),
        ):
            assert words in content
        assert "0 of 0" not in content

    def test_signals_are_hidden_from_staff_without_permission(self, hack, sign_in, button, status):
        decider = make_staff("view_hackverification", "change_hackverification")
        review = make_review(make_verification(hack, status=status))
        make_signals(review.reviewer)
        content = sign_in(decider).get(admin_url(button, review.verification)).content.decode()
        assert str(review.reviewer) in content
        assert "Signals of" not in content

    def test_number_of_queries_does_not_grow_with_reviews(self, hack, staff_client, button, status):
        verification, counts = make_verification(hack, status=status), []
        for _ in range(2):
            make_signals(make_review(verification).reviewer)
            with CaptureQueriesContext(connection) as captured:
                staff_client.get(admin_url(button, verification))
            counts.append(len(captured))
        assert counts[0] == counts[1]


class TestDecidedBy:
    """The page names who decided and who revoked separately."""

    def page_text(self, staff_client, verification) -> str:
        text = re.sub(r"<[^>]+>", " ", staff_client.get(admin_url("change", verification)).content.decode())
        return re.sub(r"\s+", " ", text)

    @pytest.mark.parametrize(("count", "by"), [(3, "its peers"), (1, "Person who decides")])
    def test_names_peers_or_staff(self, hack, staff, staff_client, count, by):
        with database_identity(Role.WORKER):
            type(staff).objects.filter(pk=staff.pk).update(display_name="Person who decides")
        verification = make_verification(
            hack,
            status="verified",
            decided_at=DECIDED_AT,
            verification_count=count,
            decided_by=None if count == 3 else staff,
        )
        assert f"Decided 16 Oct 2026, 21:12, by {by} Revoked -" in self.page_text(staff_client, verification)

    @pytest.mark.parametrize(("count", "by"), [(3, "its peers"), (1, "our staff")])
    def test_differs_from_staff_who_revoked(self, hack, staff, staff_client, count, by):
        revoked = make_verification(
            hack,
            status="returned",
            decided_at=DECIDED_AT,
            verification_count=count,
            decided_by=staff,
            revoked_at=DECIDED_AT + timedelta(days=1),
        )
        words = f"Decided 16 Oct 2026, 21:12, by {by} Revoked 17 Oct 2026, 21:12, by {staff} Reason given by staff"
        assert words in self.page_text(staff_client, revoked)


class TestKnownCases:
    def test_form_has_field_for_each_question_of_hack(self, hack, staff_client):
        assert hack in staff_client.get(ADD).context["form"].fields["hack"].queryset
        address = f"{ADD}?hack={hack.pk}"
        names = [name for name in staff_client.get(address).context["form"].fields if name.startswith("answer_")]
        data = {**dict.fromkeys(names, "As the guide says."), "known_outcome": "no", "id": str(uuid7())}
        assert staff_client.post(address, {**data, names[0]: ""}).context["form"].errors
        assert staff_client.post(address, {**data, names[0]: "x" * (MAX_ANSWER_LENGTH + 1)}).context["form"].errors
        case = HackVerification.objects.filter(user=None)
        assert not case.exists()
        assert staff_client.post(address, data).status_code == 302
        assert (case.get().hack, case.get().status, case.get().known_outcome) == (hack, "submitted", False)
        assert case.get().is_anonymous

    def test_form_sent_twice_makes_one_case(self, hack, staff_client):
        address = f"{ADD}?hack={hack.pk}"
        form = staff_client.get(address).context["form"]
        data = {name: "As the guide says." for name in form.fields if name.startswith("answer_")}
        data |= {"known_outcome": "no", "id": str(form["id"].value())}
        assert f'name="id" value="{data["id"]}"' in str(form)
        first, second = (staff_client.post(address, data, follow=True) for _ in range(2))
        case = HackVerification.objects.get()
        assert "This case was added already" not in first.text
        assert "This case was added already" in second.text
        assert second.redirect_chain == [(admin_url("change", case), 302)]
        assert LogEntry.objects.filter(object_id=case.pk).count() == 1

    @pytest.mark.parametrize("id_source", ["a member's", "of another hack", "", "7"])
    def test_invalid_or_used_id_is_refused_and_replaced(self, hack, staff_client, id_source):
        used_ids = {
            "a member's": lambda: make_verification(hack).pk,
            "of another hack": lambda: make_known_case(make_verified_hack(), outcome=True).pk,
        }
        address = f"{ADD}?hack={hack.pk}"
        names = [name for name in staff_client.get(address).context["form"].fields if name.startswith("answer_")]
        data = {**dict.fromkeys(names, "As the guide says."), "known_outcome": "no"}
        data["id"] = str(used_ids[id_source]()) if id_source in used_ids else id_source
        form = staff_client.post(address, data).context["form"]
        assert form.non_field_errors() == ["Something went wrong. Please try again."]
        assert not HackVerification.objects.filter(hack=hack, user=None).exists()
        assert staff_client.post(address, data | {"id": form["id"].value()}).status_code == 302

    def test_known_case_is_closed_and_reopened(self, hack, staff_client):
        case = make_known_case(hack, outcome=True)
        lease = make_lease(make_reviewer(hack), case)
        assert staff_client.get(admin_url("close", case)).status_code == 200
        assert HackVerification.objects.get().status == "submitted"
        staff_client.post(admin_url("close", case))
        assert HackVerification.objects.get().status == "draft"
        assert VerificationLease.objects.get(pk=lease.pk).ended == "withdrawn"
        assert staff_client.get(admin_url("close", case)).status_code == 403
        staff_client.post(admin_url("reopen", case))
        assert HackVerification.objects.get().status == "submitted"

    def test_member_submission_cannot_be_closed_or_reopened(self, hack, staff_client):
        draft, submitted = (make_verification(hack, status=status) for status in ("draft", "submitted"))
        for button, verification in (("close", submitted), ("reopen", draft)):
            response = staff_client.post(admin_url(button, verification), follow=True)
            assert "This was done already." in response.content.decode()
        assert [row.status for row in HackVerification.objects.order_by("pk")] == ["draft", "submitted"]
