"""Staff revoke a verification while workers react to it, each on a connection of its own."""

import pytest

from accounts.tests.factories import make_member
from analytics.models import Activity, UserActivityLog
from community.actions import (
    Refusal,
    VerificationRefused,
    decide_verification,
    revoke_verification,
    submit_verification,
)
from community.models import HackVerification
from community.reactions import award_decision
from community.tests.factories import answers_to, make_verification
from database.identity import Role, database_identity
from database.tests.connections import start_in_thread
from gamification.actions import lock_xp
from gamification.models import XpEntry
from nrghax.tasks import react

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def verification():
    return make_verification(status="escalated")


def decide(verification, staff):
    with database_identity(Role.STAFF):
        decide_verification(staff=staff, verification_id=verification.pk, is_authentic=True, reason="Seen.")


def revoke(verification, staff):
    with database_identity(Role.STAFF):
        revoke_verification(staff=staff, verification_id=verification.pk, reason="Copied.")


def verify_again(verification, staff):
    author, hack = verification.user, verification.hack
    with database_identity(Role.MEMBER, author.pk):
        submit_verification(member=author, hack=hack, answers=answers_to(hack, "Mine."), is_anonymous=False)
    with database_identity(Role.WORKER):
        HackVerification.objects.update(status="escalated")
    decide(verification, staff)


def latest_activity(activity_type):
    with database_identity(Role.WORKER):
        return UserActivityLog.objects.filter(activity_type=activity_type).latest("created_at")


def reaction_to(activity_type):
    entry = latest_activity(activity_type)

    def run():
        with database_identity(Role.WORKER):
            react(str(entry.pk))

    return run


def run_without_waiting(action):
    """Run `action` on another connection and check that no lock of this transaction blocks it."""
    other = start_in_thread(action)
    other.join(timeout=10)
    assert not other.is_alive()


def count_awards():
    with database_identity(Role.WORKER):
        return XpEntry.objects.filter(source="verification").count()


def test_award_waiting_for_xp_lock_is_skipped_after_revocation(verification, staff):
    decide(verification, staff)
    late = reaction_to(Activity.VERIFICATION_DECIDED)
    with database_identity(Role.WORKER):
        lock_xp(member_id=verification.user_id)
        other = start_in_thread(late)
        assert other.is_alive()
        run_without_waiting(lambda: revoke(verification, staff))
        react(str(latest_activity(Activity.VERIFICATION_REVOKED).pk))
    other.join()
    assert count_awards() == 0


def test_revocation_waits_for_running_award_and_removes_it(verification, staff):
    decide(verification, staff)
    decided = latest_activity(Activity.VERIFICATION_DECIDED)
    with database_identity(Role.WORKER):
        award_decision(decided)
        run_without_waiting(lambda: revoke(verification, staff))
        other = start_in_thread(reaction_to(Activity.VERIFICATION_REVOKED))
        assert other.is_alive()
    other.join()
    assert count_awards() == 0


def test_revocation_waiting_for_xp_lock_keeps_award_of_new_verification(verification, staff):
    decide(verification, staff)
    reaction_to(Activity.VERIFICATION_DECIDED)()
    revoke(verification, staff)
    late = reaction_to(Activity.VERIFICATION_REVOKED)
    with database_identity(Role.WORKER):
        lock_xp(member_id=verification.user_id)
        other = start_in_thread(late)
        assert other.is_alive()
        run_without_waiting(lambda: verify_again(verification, staff))
        award_decision(latest_activity(Activity.VERIFICATION_DECIDED))
    other.join()
    assert count_awards() == 1


def test_second_concurrent_revocation_is_refused(verification, staff):
    decide(verification, staff)
    refusals = []

    def second():
        try:
            revoke(verification, make_member())
        except VerificationRefused as refused:
            refusals.append(refused.reason)

    with database_identity(Role.STAFF):
        revoke_verification(staff=staff, verification_id=verification.pk, reason="Copied.")
        other = start_in_thread(second)
        assert other.is_alive()
    other.join()
    assert refusals == [Refusal.NOT_VERIFIED]
    with database_identity(Role.WORKER):
        assert HackVerification.objects.get().decided_by == staff
        assert UserActivityLog.objects.filter(activity_type=Activity.VERIFICATION_REVOKED).count() == 1
