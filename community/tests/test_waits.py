"""The worker's part in verification: consequences of a decision, reminders and escalation, known cases."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Member
from accounts.tests.factories import make_member, make_user
from analytics.actions import record
from analytics.models import Activity, Notification, UserActivityLog
from analytics.notifications.destinations import find_destination
from analytics.notifications.types import NotificationType
from community import tasks
from community.models import HackVerification, HackVerificationReview, VerificationLease
from community.reactions import notify_staff_of_wait
from community.rules import (
    ESCALATE_AFTER,
    LEASE_RETENTION,
    MAX_REVIEWERS_ASKED,
    REVIEWS_BETWEEN_KNOWN_CASES,
    escalates_at,
)
from community.tests.factories import (
    call_as,
    decide_by_peers,
    make_known_case,
    make_lease,
    make_practised,
    make_reviewer,
    make_verification,
    make_verified_hack,
    notifications_of,
    review_as,
    xp_of,
)
from database.identity import Role, database_identity
from gamification.models import UserAchievement, XpEntry
from gamification.tests.factories import AchievementFactory
from hacks.models import UserHackProgress
from hacks.tests.factories import HackFactory
from nrghax.tasks import react
from nrghax.tests.factories import react_to_everything

pytestmark = pytest.mark.django_db


def test_decision_awards_xp_unlocks_hacks_and_notifies_once(hack):
    following = HackFactory(prerequisite_hack=hack, unlock_criteria={"verified": 1})
    verification = make_verification(hack)
    author = verification.user
    reviewer, *_ = decide_by_peers(verification)
    react_to_everything()
    decided = UserActivityLog.objects.get(activity_type=Activity.VERIFICATION_DECIDED)
    for _ in range(2):
        assert ("verification", 100, hack.pk) in xp_of(author)
        assert (NotificationType.VERIFICATION_DECIDED, "You're verified in Energy shield") in notifications_of(author)
        assert UserHackProgress.objects.get(user=author, hack=following).unlocked_at is not None
        assert XpEntry.objects.filter(source="verification").count() == 1
        assert Notification.objects.filter(type=NotificationType.VERIFICATION_DECIDED).count() == 1
        UserActivityLog.objects.filter(pk=decided.pk).update(processed_at=None)
        react(str(decided.pk))
    assert ("review", 15, hack.pk) in xp_of(reviewer)


def test_review_earns_xp_on_its_own_day_when_worker_is_late(hack):
    """Otherwise reviews given while the worker is down would share the daily limit of the day it returns."""
    reviewer, *_ = decide_by_peers(make_verification(hack))
    given_at = timezone.now() - timedelta(days=3)
    HackVerificationReview.objects.update(reviewed_at=given_at)
    react_to_everything()
    assert XpEntry.objects.get(user=reviewer).earned_on == given_at.date()


def test_review_id_of_another_member_earns_nothing(hack):
    reviewer, other, *_ = decide_by_peers(make_verification(hack))
    for review in (HackVerificationReview.objects.get(reviewer=other).pk, uuid7()):
        record(reviewer.pk, Activity.REVIEW_GIVEN, {"review_id": str(review)})
    react_to_everything()
    assert xp_of(reviewer) == [("review", 15, hack.pk)]


def test_returned_submission_notifies_author_and_earns_nothing(hack):
    verification = make_verification(hack)
    decide_by_peers(verification, is_authentic=False)
    react_to_everything()
    assert notifications_of(verification.user) == [
        (NotificationType.VERIFICATION_DECIDED, "Energy shield was sent back to you")
    ]
    assert xp_of(verification.user) == []


def test_reaction_to_review_enqueues_reaction_to_decision(hack, django_capture_on_commit_callbacks, monkeypatch):
    """The reviewer's own transaction enqueues only REVIEW_GIVEN, so it can't reveal the author's activity."""
    sent = []
    monkeypatch.setattr("analytics.actions.enqueue_reactions", lambda *ids: sent.extend(ids))
    verification = make_verification(hack)
    with django_capture_on_commit_callbacks(execute=True):
        decide_by_peers(verification)
    given = UserActivityLog.objects.filter(activity_type=Activity.REVIEW_GIVEN)
    assert set(sent) == set(given.values_list("pk", flat=True))
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):
        react(str(given.latest("pk").pk))
    assert UserActivityLog.objects.get(activity_type=Activity.VERIFICATION_DECIDED).pk in sent


@pytest.mark.parametrize("is_anonymous", [True, False])
def test_notification_says_when_xp_arrives_if_submission_is_anonymous(hack, is_anonymous):
    decide_by_peers(make_verification(hack, is_anonymous=is_anonymous))
    react_to_everything()
    notification = Notification.objects.get(type=NotificationType.VERIFICATION_DECIDED)
    assert ("XP arrives within a day or so" in notification.message) == is_anonymous


def test_anonymous_author_is_rewarded_on_day_after_decision(hack):
    verification = make_verification(hack, is_anonymous=True)
    decide_by_peers(verification)
    react_to_everything()
    assert xp_of(verification.user) == []
    assert len(notifications_of(verification.user)) == 1
    assert tasks.reward_anonymous() == 0
    HackVerification.objects.update(decided_at=timezone.now() - timedelta(days=1))
    assert tasks.reward_anonymous() == 1
    react_to_everything()
    assert ("verification", 100, hack.pk) in xp_of(verification.user)
    assert tasks.reward_anonymous() == 0


@pytest.mark.parametrize("fields", [{"status": "returned", "is_anonymous": True}, {"status": "verified"}])
def test_nightly_reward_skips_returned_and_named_submissions(hack, fields):
    make_verification(hack, decided_at=timezone.now() - timedelta(days=1), **fields)
    assert tasks.reward_anonymous() == 0


@pytest.mark.parametrize("is_anonymous", [True, False])
def test_achievements_of_anonymous_verification_are_hidden_from_others(hack, is_anonymous):
    """The day of the award would reveal the author to the reviewers.

    This includes achievements for a level that the verification's XP reaches.
    """
    for criteria in ({"type": "verification", "value": 1, "hack": hack.slug}, {"type": "level", "value": 2}):
        AchievementFactory(criteria_json=criteria, points=0)
    verification = make_verification(hack, is_anonymous=is_anonymous)
    author = verification.user
    Member.objects.filter(pk=author.pk).update(privacy_settings={"profile_public": True})
    reviewer, *_ = decide_by_peers(verification)
    HackVerification.objects.update(decided_at=timezone.now() - timedelta(days=1))
    react_to_everything()
    tasks.reward_anonymous()
    react_to_everything()
    assert author.achievements.count() == 2
    for role, member_id in ((Role.MEMBER, reviewer.pk), (Role.ANON, None)):
        with database_identity(role, member_id):
            assert UserAchievement.objects.filter(user_id=author.pk).exists() is not is_anonymous


def test_leases_are_deleted_a_day_after_they_end(hack):
    now, reviewer = timezone.now(), make_reviewer(hack)
    old, young = (
        make_lease(reviewer, make_verification(hack), expires_at=now - age)
        for age in (LEASE_RETENTION + timedelta(minutes=1), timedelta(minutes=1))
    )
    tasks.sweep_verifications()
    assert list(VerificationLease.objects.all()) == [young]
    assert not VerificationLease.objects.filter(pk=old.pk).exists()


def test_author_is_reminded_then_submission_is_escalated(hack):
    """Remind the author once after two days and escalate at the promised date."""
    now = timezone.now()
    ages = (timedelta(days=1), timedelta(days=3), ESCALATE_AFTER + timedelta(hours=1))
    young, waiting, late = (make_verification(hack, submitted_at=now - age) for age in ages)
    known = make_known_case(hack, outcome=True, submitted_at=now - timedelta(days=99))
    assert [tasks.sweep_verifications(), tasks.sweep_verifications()] == [2, 0]
    react_to_everything()
    wait = NotificationType.VERIFICATION_WAITING
    assert notifications_of(young.user) == []
    assert notifications_of(waiting.user) == [(wait, "Your submission for Energy shield is still waiting")]
    assert notifications_of(late.user) == [(wait, "Our staff are reviewing your submission for Energy shield")]
    late.refresh_from_db()
    known.refresh_from_db()
    assert (late.status, known.status) == ("escalated", "submitted")
    assert escalates_at(late.submitted_at) <= late.escalated_at
    HackVerification.objects.update(submitted_at=now - ESCALATE_AFTER)
    assert tasks.sweep_verifications() == 2
    react_to_everything()
    assert notifications_of(waiting.user)[1:] == [(wait, "Our staff are reviewing your submission for Energy shield")]


def test_staff_who_may_decide_are_notified_once_a_day(hack):
    decider, banned, viewer = (
        make_member(user=make_user(is_staff=True, **fields))
        for fields in ({"is_superuser": True}, {"is_superuser": True, "is_active": False}, {})
    )
    now, staff_notifications = timezone.now(), Notification.objects.filter(user__in=[decider, banned, viewer])
    for age, expected in ((timedelta(days=3), 0), (ESCALATE_AFTER, 1), (ESCALATE_AFTER, 1)):
        make_verification(hack, submitted_at=now - age)
        tasks.sweep_verifications()
        react_to_everything()
        assert staff_notifications.count() == expected
    notification = staff_notifications.get()
    staff_notifications.update(subject="the day before")
    make_verification(hack, submitted_at=now - ESCALATE_AFTER)
    tasks.sweep_verifications()
    react_to_everything()
    assert staff_notifications.count() == 2
    assert (notification.user, notification.title) == (decider, "Submissions are waiting for your decision")
    listed = reverse("admin:community_hackverification_changelist", query={"status__exact": "escalated"})
    assert find_destination(notification, decider) == (listed, True)


def test_staff_other_than_author_are_notified_in_two_queries(hack, django_assert_max_num_queries):
    staff = [make_member(user=make_user(is_staff=True, is_superuser=True)) for _ in range(4)]
    make_verification(hack, staff[0], submitted_at=timezone.now() - ESCALATE_AFTER)
    tasks.sweep_verifications()
    activity = UserActivityLog.objects.get(activity_data__waits_for="staff")
    with django_assert_max_num_queries(2):
        notify_staff_of_wait(activity)
    assert set(Notification.objects.values_list("user", flat=True)) == {each.pk for each in staff[1:]}


def test_reviews_still_count_after_escalation(hack):
    verification = make_verification(hack, status="escalated")
    for _ in range(3):
        review_as(make_reviewer(hack), verification)
    verification.refresh_from_db()
    assert verification.status == "verified"


def asked_members():
    return set(UserActivityLog.objects.filter(activity_type=Activity.REVIEWERS_WANTED).values_list("user", flat=True))


def test_eligible_reviewer_is_asked_once_a_week(hack):
    now = timezone.now()
    reviewer, banned, author = (make_reviewer(hack) for _ in range(3))
    make_practised(hack, 1)
    verification = make_verification(hack, author, submitted_at=now - timedelta(days=3))
    earlier_reviewer = make_reviewer(hack)
    review_as(earlier_reviewer, verification)
    banned.user.is_active = False
    banned.user.save(update_fields=["is_active"])
    # Another recent activity of the reviewer must not count as having been asked.
    record(reviewer.pk, Activity.CHALLENGE_LEFT)
    assert [tasks.ask_reviewers(), tasks.ask_reviewers()] == [1, 0]
    assert asked_members() == {reviewer.pk}
    react_to_everything()
    assert notifications_of(reviewer) == [
        (NotificationType.REVIEW_WANTED, "Someone is hoping for a review of Energy shield"),
    ]
    UserActivityLog.objects.update(created_at=now - timedelta(days=8))
    assert tasks.ask_reviewers() == 1


def test_no_reviewer_is_asked_for_recent_submission_or_known_case(hack):
    make_reviewer(hack)
    make_verification(hack, submitted_at=timezone.now() - timedelta(days=1))
    make_known_case(hack, outcome=True, submitted_at=timezone.now() - timedelta(days=9))
    assert tasks.ask_reviewers() == 0


def test_reviewer_is_asked_once_and_never_for_own_submission(hack):
    long_ago, other = timezone.now() - timedelta(days=3), make_verified_hack()
    author = make_reviewer(hack)
    make_verification(hack, author, submitted_at=long_ago)
    # This one may be reviewed but has not waited long enough for a request.
    make_verification(hack)
    assert tasks.ask_reviewers() == 0
    reviewer = make_practised(other, 5, make_reviewer(hack))
    make_verification(other, submitted_at=long_ago)
    assert tasks.ask_reviewers() == 1
    assert asked_members() == {reviewer.pk}


def test_most_recently_practised_reviewers_are_asked_first_up_to_limit(hack):
    now = timezone.now()
    make_verification(hack, submitted_at=now - timedelta(days=3))
    reviewers = [make_reviewer(hack) for _ in range(MAX_REVIEWERS_ASKED + 2)]
    for days, reviewer in enumerate(reviewers):
        UserHackProgress.objects.filter(user=reviewer).update(last_practiced_at=now - timedelta(days=days))
    assert tasks.ask_reviewers() == MAX_REVIEWERS_ASKED
    assert asked_members() == {reviewer.pk for reviewer in reviewers[:MAX_REVIEWERS_ASKED]}
    assert tasks.ask_reviewers() == 2


def test_at_most_one_submission_in_five_is_known_case(hack):
    known = [make_known_case(hack, outcome=True) for _ in range(3)]
    for _ in range(20):
        make_verification(hack)
    reviewer, was_known = make_reviewer(hack), []
    for _ in range(14):
        lease = VerificationLease.objects.get(pk=call_as(reviewer, "app.lease_verification()"))
        was_known.append(lease.verification in known)
        call_as(reviewer, "app.review_verification(%s, %s, true, '')", lease.pk, lease.pk)
    assert was_known == ([False] * REVIEWS_BETWEEN_KNOWN_CASES + [True]) * 2 + [False] * 4


def test_known_case_taken_without_review_brings_no_second_one(hack):
    for _ in range(2):
        make_known_case(hack, outcome=True)
    reviewer = make_reviewer(hack)
    for _ in range(4):
        review_as(reviewer, make_verification(hack))
    taken = VerificationLease.objects.get(pk=call_as(reviewer, "app.lease_verification()"))
    assert taken.author_id is None
    for fields in ({}, {"expires_at": timezone.now()}, {"ended": "given_back"}):
        VerificationLease.objects.update(**fields) if fields else None
        assert call_as(reviewer, "app.lease_verification()") is None


def test_known_cases_do_not_depend_on_other_reviewers(hack):
    known = make_known_case(hack, outcome=True)
    reviewer, other, newcomer = (make_reviewer(hack) for _ in range(3))
    for _ in range(4):
        review_as(reviewer, make_verification(hack))
    review_as(other, make_known_case(hack, outcome=True))
    make_lease(other, known)

    def takes_known_case(to):
        return VerificationLease.objects.get(pk=call_as(to, "app.lease_verification()")).author_id is None

    assert [takes_known_case(to) for to in (newcomer, reviewer)] == [False, True]


def test_known_case_is_never_decided(hack):
    known = make_known_case(hack, outcome=False)
    reviewers = decide_by_peers(known)
    react_to_everything()
    known.refresh_from_db()
    assert (known.status, known.verification_count, known.is_verified) == ("submitted", 0, False)
    assert not UserActivityLog.objects.filter(activity_type=Activity.VERIFICATION_DECIDED).exists()
    # The reviewer still earns XP, so a known case looks like any other submission.
    assert ("review", 15, hack.pk) in xp_of(reviewers[0])
