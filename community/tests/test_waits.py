"""What the worker does: consequences of a decision, waits that end, and known cases."""

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
from community.rules import KEEP_LEASES, REVIEWERS_ASKED, STAFF_AFTER, staff_take_over_at
from community.tests.factories import (
    call_as,
    decide_by_peers,
    earned,
    make_known_case,
    make_lease,
    make_practised,
    make_reviewer,
    make_verification,
    make_verified_hack,
    review_as,
    told,
)
from database.identity import Role, database_identity
from gamification.models import UserAchievement, XpEntry
from gamification.tests.factories import AchievementFactory
from hacks.models import UserHackProgress
from hacks.tests.factories import HackFactory
from nrghax.tasks import react
from nrghax.tests.factories import react_to_everything

pytestmark = pytest.mark.django_db


def test_a_decision_rewards_unlocks_and_is_told_once(hack):
    following = HackFactory(prerequisite_hack=hack, unlock_criteria={"verified": 1})
    verification = make_verification(hack)
    author = verification.user
    reviewer, *_ = decide_by_peers(verification)
    react_to_everything()
    decided = UserActivityLog.objects.get(activity_type=Activity.VERIFICATION_DECIDED)
    for _ in range(2):
        assert ("verification", 100, hack.pk) in earned(author)
        assert (NotificationType.VERIFICATION_DECIDED, "You're verified in Energy shield") in told(author)
        assert UserHackProgress.objects.get(user=author, hack=following).unlocked_at is not None
        assert XpEntry.objects.filter(source="verification").count() == 1
        assert Notification.objects.filter(type=NotificationType.VERIFICATION_DECIDED).count() == 1
        UserActivityLog.objects.filter(pk=decided.pk).update(processed_at=None)
        react(str(decided.pk))
    assert ("review", 15, hack.pk) in earned(reviewer)


def test_a_review_counts_for_its_own_day_however_late_a_worker_comes_to_it(hack):
    """Otherwise the reviews of days without a worker would share the limit of the one on which it is back."""
    reviewer, *_ = decide_by_peers(make_verification(hack))
    given_at = timezone.now() - timedelta(days=3)
    HackVerificationReview.objects.update(reviewed_at=given_at)
    react_to_everything()
    assert XpEntry.objects.get(user=reviewer).earned_on == given_at.date()


def test_a_review_of_somebody_elses_brings_nothing(hack):
    reviewer, other, *_ = decide_by_peers(make_verification(hack))
    for review in (HackVerificationReview.objects.get(reviewer=other).pk, uuid7()):
        record(reviewer.pk, Activity.REVIEW_GIVEN, {"review_id": str(review)})
    react_to_everything()
    assert earned(reviewer) == [("review", 15, hack.pk)]


def test_a_return_is_told_and_brings_nothing(hack):
    verification = make_verification(hack)
    decide_by_peers(verification, is_authentic=False)
    react_to_everything()
    assert told(verification.user) == [(NotificationType.VERIFICATION_DECIDED, "Energy shield was sent back to you")]
    assert earned(verification.user) == []


def test_the_reviewers_activity_has_the_authors_reacted_to(hack, django_capture_on_commit_callbacks, monkeypatch):
    """The reviewer's own transaction does not even say that there is one."""
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
def test_an_anonymous_author_is_told_when_the_xp_comes(hack, is_anonymous):
    decide_by_peers(make_verification(hack, is_anonymous=is_anonymous))
    react_to_everything()
    told_of = Notification.objects.get(type=NotificationType.VERIFICATION_DECIDED)
    assert ("XP arrives within a day or so" in told_of.message) == is_anonymous


def test_an_anonymous_author_is_rewarded_with_all_others_of_the_day(hack):
    verification = make_verification(hack, is_anonymous=True)
    decide_by_peers(verification)
    react_to_everything()
    assert earned(verification.user) == []
    assert len(told(verification.user)) == 1
    assert tasks.reward_anonymous() == 0
    HackVerification.objects.update(decided_at=timezone.now() - timedelta(days=1))
    assert tasks.reward_anonymous() == 1
    react_to_everything()
    assert ("verification", 100, hack.pk) in earned(verification.user)
    assert tasks.reward_anonymous() == 0


@pytest.mark.parametrize("fields", [{"status": "returned", "is_anonymous": True}, {"status": "verified"}])
def test_who_was_returned_or_gave_their_name_is_not_among_those_of_the_day(hack, fields):
    make_verification(hack, decided_at=timezone.now() - timedelta(days=1), **fields)
    assert tasks.reward_anonymous() == 0


@pytest.mark.parametrize("is_anonymous", [True, False])
def test_what_an_anonymous_verification_earns_is_not_shown_to_others(hack, is_anonymous):
    """Its day would tell the reviewers whose it was: also of what is earned by the XP that it brings."""
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


def test_leases_are_forgotten_a_day_after_they_end(hack):
    now, reviewer = timezone.now(), make_reviewer(hack)
    old, young = (
        make_lease(reviewer, make_verification(hack), expires_at=now - age)
        for age in (KEEP_LEASES + timedelta(minutes=1), timedelta(minutes=1))
    )
    tasks.sweep_verifications()
    assert list(VerificationLease.objects.all()) == [young]
    assert not VerificationLease.objects.filter(pk=old.pk).exists()


def test_every_wait_ends(hack):
    """Nothing on the second day, a reminder after it, the staff at the promised date; each is told once."""
    now = timezone.now()
    ages = (timedelta(days=1), timedelta(days=3), STAFF_AFTER + timedelta(hours=1))
    young, waiting, late = (make_verification(hack, submitted_at=now - age) for age in ages)
    known = make_known_case(hack, outcome=True, submitted_at=now - timedelta(days=99))
    assert [tasks.sweep_verifications(), tasks.sweep_verifications()] == [2, 0]
    react_to_everything()
    wait = NotificationType.VERIFICATION_WAITING
    assert told(young.user) == []
    assert told(waiting.user) == [(wait, "Your submission for Energy shield is still waiting")]
    assert told(late.user) == [(wait, "Our staff are reviewing your submission for Energy shield")]
    late.refresh_from_db()
    known.refresh_from_db()
    assert (late.status, known.status) == ("escalated", "submitted")
    assert staff_take_over_at(late.submitted_at) <= late.escalated_at
    HackVerification.objects.update(submitted_at=now - STAFF_AFTER)
    assert tasks.sweep_verifications() == 2
    react_to_everything()
    assert told(waiting.user)[1:] == [(wait, "Our staff are reviewing your submission for Energy shield")]


def test_staff_who_decide_are_told_once_a_day(hack):
    decides, banned, looks = (
        make_member(user=make_user(is_staff=True, **fields))
        for fields in ({"is_superuser": True}, {"is_superuser": True, "is_active": False}, {})
    )
    now, told_to_staff = timezone.now(), Notification.objects.filter(user__in=[decides, banned, looks])
    for age, number in ((timedelta(days=3), 0), (STAFF_AFTER, 1), (STAFF_AFTER, 1)):
        make_verification(hack, submitted_at=now - age)
        tasks.sweep_verifications()
        react_to_everything()
        assert told_to_staff.count() == number
    notification = told_to_staff.get()
    told_to_staff.update(subject="the day before")
    make_verification(hack, submitted_at=now - STAFF_AFTER)
    tasks.sweep_verifications()
    react_to_everything()
    assert told_to_staff.count() == 2
    assert (notification.user, notification.title) == (decides, "Submissions are waiting for your decision")
    listed = reverse("admin:community_hackverification_changelist", query={"status__exact": "escalated"})
    assert find_destination(notification, decides) == (listed, True)


def test_nobody_is_told_that_their_own_waits_for_them_and_many_are_told_as_fast_as_one(
    hack, django_assert_max_num_queries
):
    staff = [make_member(user=make_user(is_staff=True, is_superuser=True)) for _ in range(4)]
    make_verification(hack, staff[0], submitted_at=timezone.now() - STAFF_AFTER)
    tasks.sweep_verifications()
    activity = UserActivityLog.objects.get(activity_data__waits_for="staff")
    with django_assert_max_num_queries(2):
        notify_staff_of_wait(activity)
    assert set(Notification.objects.values_list("user", flat=True)) == {each.pk for each in staff[1:]}


def test_with_the_staff_a_review_that_was_begun_still_counts(hack):
    verification = make_verification(hack, status="escalated")
    for _ in range(3):
        review_as(make_reviewer(hack), verification)
    verification.refresh_from_db()
    assert verification.status == "verified"


def asked():
    return set(UserActivityLog.objects.filter(activity_type=Activity.REVIEWERS_WANTED).values_list("user", flat=True))


def test_whoever_may_review_what_waits_is_asked_once_a_week(hack):
    now = timezone.now()
    reviewer, banned, author = (make_reviewer(hack) for _ in range(3))
    make_practised(hack, 1)
    verification = make_verification(hack, author, submitted_at=now - timedelta(days=3))
    seen = make_reviewer(hack)
    review_as(seen, verification)
    banned.user.is_active = False
    banned.user.save(update_fields=["is_active"])
    # What else somebody did lately is no reason not to ask them.
    record(reviewer.pk, Activity.CHALLENGE_LEFT)
    assert [tasks.ask_reviewers(), tasks.ask_reviewers()] == [1, 0]
    assert asked() == {reviewer.pk}
    react_to_everything()
    assert told(reviewer) == [
        (NotificationType.REVIEW_WANTED, "Someone is hoping for a review of Energy shield"),
    ]
    UserActivityLog.objects.update(created_at=now - timedelta(days=8))
    assert tasks.ask_reviewers() == 1


def test_nobody_is_asked_for_what_came_lately_or_for_a_known_case(hack):
    make_reviewer(hack)
    make_verification(hack, submitted_at=timezone.now() - timedelta(days=1))
    make_known_case(hack, outcome=True, submitted_at=timezone.now() - timedelta(days=9))
    assert tasks.ask_reviewers() == 0


def test_nobody_is_asked_for_their_own_or_twice_at_once(hack):
    long_ago, other = timezone.now() - timedelta(days=3), make_verified_hack()
    author = make_reviewer(hack)
    make_verification(hack, author, submitted_at=long_ago)
    # It is there to be reviewed, and does not wait for long yet.
    make_verification(hack)
    assert tasks.ask_reviewers() == 0
    reviewer = make_practised(other, 5, make_reviewer(hack))
    make_verification(other, submitted_at=long_ago)
    assert tasks.ask_reviewers() == 1
    assert asked() == {reviewer.pk}


def test_not_everybody_is_asked_at_once(hack):
    now = timezone.now()
    make_verification(hack, submitted_at=now - timedelta(days=3))
    reviewers = [make_reviewer(hack) for _ in range(REVIEWERS_ASKED + 2)]
    for days, reviewer in enumerate(reviewers):
        UserHackProgress.objects.filter(user=reviewer).update(last_practiced_at=now - timedelta(days=days))
    assert tasks.ask_reviewers() == REVIEWERS_ASKED
    assert asked() == {reviewer.pk for reviewer in reviewers[:REVIEWERS_ASKED]}
    assert tasks.ask_reviewers() == 2


def test_a_known_case_is_never_more_than_one_in_five(hack):
    known = [make_known_case(hack, outcome=True) for _ in range(3)]
    for _ in range(20):
        make_verification(hack)
    reviewer, was_known = make_reviewer(hack), []
    for _ in range(14):
        lease = VerificationLease.objects.get(pk=call_as(reviewer, "app.lease_verification()"))
        was_known.append(lease.verification in known)
        call_as(reviewer, "app.review_verification(%s, %s, true, '')", lease.pk, lease.pk)
    assert was_known == [False, False, False, False, True] * 2 + [False] * 4


def test_a_known_case_taken_and_not_reviewed_brings_no_other_one(hack):
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


def test_what_others_do_brings_a_reviewer_no_known_case_and_keeps_none_from_them(hack):
    known = make_known_case(hack, outcome=True)
    reviewer, other, newcomer = (make_reviewer(hack) for _ in range(3))
    for _ in range(4):
        review_as(reviewer, make_verification(hack))
    review_as(other, make_known_case(hack, outcome=True))
    make_lease(other, known)

    def is_given_a_known_case(to):
        return VerificationLease.objects.get(pk=call_as(to, "app.lease_verification()")).author_id is None

    assert [is_given_a_known_case(to) for to in (newcomer, reviewer)] == [False, True]


def test_a_known_case_has_no_consequences(hack):
    known = make_known_case(hack, outcome=False)
    reviewers = decide_by_peers(known)
    react_to_everything()
    known.refresh_from_db()
    assert (known.status, known.verification_count, known.is_verified) == ("submitted", 0, False)
    assert not UserActivityLog.objects.filter(activity_type=Activity.VERIFICATION_DECIDED).exists()
    # For the reviewer it is like any other.
    assert ("review", 15, hack.pk) in earned(reviewers[0])
