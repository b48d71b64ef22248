"""An author can't decide or backdate their own submission by any SQL."""

import pytest

from accounts.tests.factories import make_member
from community.tests.factories import (
    make_verification,
    make_verified_hack,
)
from database.identity import Role, database_identity
from database.tests.statements import attempt

pytestmark = pytest.mark.django_db


FORBIDDEN_UPDATES = (
    "verification_count = 3",
    "rejection_count = 0",
    "is_verified = true",
    "verified_at = now()",
    "decided_at = now()",
    "decision_reason = 'Fine.'",
    "decided_by_id = NULL",
    "known_outcome = true",
    "submitted_at = now() - interval '1 year'",
    "round = 9",
    "user_id = user_id",
    "hack_id = hack_id",
    "escalated_at = now()",
    "nudged_at = now()",
)


def test_author_cannot_write_protected_columns(hack, author):
    make_verification(hack, author)
    with database_identity(Role.MEMBER, author.pk):
        for change in FORBIDDEN_UPDATES:
            assert attempt(f"UPDATE hack_verifications SET {change}") == "InsufficientPrivilege", change


@pytest.mark.parametrize("before", ["draft", "submitted", "escalated", "returned", "verified"])
def test_author_cannot_decide_own_submission(hack, author, before):
    make_verification(hack, author, status=before)
    with database_identity(Role.MEMBER, author.pk):
        for after in ("escalated", "returned", "verified"):
            assert attempt("UPDATE hack_verifications SET status = %s", [after]) == "CheckViolation", after


FORBIDDEN_IN_NEW_DRAFT = {
    "status": "'submitted'",
    "round": "2",
    "submitted_at": "now()",
    "verification_count": "2",
    "rejection_count": "1",
    "nudged_at": "now()",
    "escalated_at": "now()",
    "decision_reason": "'Fine.'",
    "decided_by_id": "(SELECT id FROM users WHERE id <> app.uid() LIMIT 1)",
}


def test_member_can_insert_only_new_draft(hack, author):
    make_member()
    row = {
        "id": "gen_random_uuid()",
        "user_id": "app.uid()",
        "hack_id": f"'{hack.pk}'",
        "verification_questions": "'[]'",
        "is_anonymous": "false",
        "status": "'draft'",
        "round": "1",
        "decision_reason": "''",
    }

    def insert(values):
        return attempt(f"INSERT INTO hack_verifications ({', '.join(values)}) VALUES ({', '.join(values.values())})")

    with database_identity(Role.MEMBER, author.pk):
        for column, value in FORBIDDEN_IN_NEW_DRAFT.items():
            assert insert({**row, column: value}) in ("InsufficientPrivilege", "CheckViolation"), column
        assert insert(row) == 1
        assert attempt("DELETE FROM hack_verifications") == "InsufficientPrivilege"


def test_member_cannot_set_own_progress_to_verified(hack, author):
    other = make_verified_hack()
    with database_identity(Role.MEMBER, author.pk):
        assert attempt("UPDATE user_hack_progress SET verified_at = now()") == "InsufficientPrivilege"
        insert = "INSERT INTO user_hack_progress (id, user_id, hack_id{}) VALUES (gen_random_uuid(), app.uid(), %s{})"
        assert attempt(insert.format(", verified_at", ", now()"), [other.pk]) == "InsufficientPrivilege"
        assert attempt(insert.format("", ""), [other.pk]) == 1
