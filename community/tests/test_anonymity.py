"""A reviewer can't learn by any SQL who wrote an anonymous submission, and no role can review its own."""

import pytest
from django.db import DatabaseError, connection, transaction
from uuid_utils.compat import uuid7

from accounts.tests.factories import make_member
from community.models import HackVerificationReview, VerificationLease
from community.tests.factories import (
    call_as,
    make_known_case,
    make_lease,
    make_practised,
    make_reviewer,
    make_verification,
    review_as,
)
from database.identity import Role, database_identity
from nrghax.tests.factories import react_to_everything

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    """The author; no other text in the database contains this username."""
    return make_member(username="secretive")


@pytest.fixture
def verification(hack, author):
    return make_verification(hack, author, is_anonymous=True)


def run(statement, params=()):
    """Run a statement; return its rows, its row count, or the error's class and all of its text."""
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(statement, params)
                return cursor.fetchall() if cursor.description else cursor.rowcount
        except DatabaseError as error:
            cause = error.__cause__
            return f"{type(cause).__name__}: {cause} {cause.diag.message_detail or ''} {cause.diag.context or ''}"


def readable_columns():
    """Return (table, columns) with the columns of each table that the member role may read."""
    return run(
        """
        SELECT c.oid::regclass::text, array_agg(quote_ident(a.attname))
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
          AND NOT a.attisdropped AND has_column_privilege('nrghax_member', c.oid, a.attnum, 'SELECT')
        GROUP BY c.oid
        """
    )


def text_readable_by(member, readable):
    """Return all that the member can read, as text by table; except `users`, where members read each other's names."""
    with database_identity(Role.MEMBER, member.pk):
        return {
            table: str(run(f"SELECT {', '.join(columns)} FROM {table}"))
            for table, columns in readable
            if table != "users"
        }


@pytest.mark.parametrize("moment", ["waiting", "leased", "reviewed", "decided", "returned"])
def test_no_table_readable_by_reviewer_contains_author(hack, author, verification, moment):
    readable = readable_columns()
    assert len(readable) > 20
    reviewer = make_reviewer(hack)
    if moment == "leased":
        make_lease(reviewer, verification)
    for _ in range({"decided": 2, "returned": 2}.get(moment, 0)):
        review_as(make_reviewer(hack), verification, is_authentic=moment == "decided")
    if moment in ("reviewed", "decided", "returned"):
        review_as(reviewer, verification, is_authentic=moment != "returned")
    react_to_everything()
    for table, words in text_readable_by(reviewer, readable).items():
        assert not any(name in words for name in (str(author.pk), "secretive", author.display_name)), table
    # The same search finds the author in their own rows, so it would find a leak.
    assert str(author.pk) in "".join(text_readable_by(author, readable).values())


def test_queue_functions_do_not_return_author(hack, author, verification):
    reviewer = make_reviewer(hack)
    lease = call_as(reviewer, "app.lease_verification()")
    with database_identity(Role.MEMBER, reviewer.pk):
        [seen] = run("SELECT * FROM app.leased_verifications()")
        assert lease in seen
        assert str(author.pk) not in str(seen)
        assert run("SELECT * FROM app.queue_positions()") == []


FORBIDDEN = (
    "SELECT * FROM hack_verification_reviews",
    "SELECT author_user_id FROM hack_verification_reviews",
    "SELECT reviewer_user_id FROM hack_verification_reviews",
    "SELECT id FROM hack_verification_reviews WHERE author_user_id = %(author)s",
    "SELECT id FROM hack_verification_reviews ORDER BY author_user_id",
    "SELECT username FROM hack_verification_reviews JOIN users ON users.id = author_user_id",
    "SELECT count(*) FROM hack_verification_reviews GROUP BY author_user_id",
    "SELECT to_jsonb(r) FROM hack_verification_reviews AS r",
    "SELECT r FROM hack_verification_reviews AS r",
    "EXPLAIN SELECT id FROM hack_verification_reviews WHERE author_user_id = %(author)s",
    "SELECT * FROM hack_verification_leases",
    "SELECT count(*) FROM hack_verification_leases",
    "SELECT * FROM reviewer_signals",
    "SELECT known_outcome FROM hack_verifications",
    "SELECT decided_by_id FROM hack_verifications",
    "SELECT * FROM app.reviewable(%(author)s, %(author)s)",
    "SELECT * FROM app.hacks_to_review(%(author)s)",
    "SELECT * FROM app.connected_members(%(author)s)",
    "SELECT app.known_case_is_due(%(author)s)",
    "SELECT app.close_verification(%(verification)s, true)",
    "SELECT app.count_reviews(%(verification)s)",
    "SELECT app.check_hack_verification()",
    "INSERT INTO hack_verification_reviews (id, verification_id, round, reviewer_user_id, is_authentic, comment,"
    " seconds) VALUES (gen_random_uuid(), %(verification)s, 1, app.uid(), true, '', 60)",
    "INSERT INTO hack_verification_leases (id, verification_id, reviewer_user_id, expires_at, ended)"
    " VALUES (gen_random_uuid(), %(verification)s, app.uid(), now(), '')",
    "UPDATE hack_verification_leases SET expires_at = now() + interval '1 year'",
    "UPDATE hack_verification_reviews SET comment = 'x'",
    "DELETE FROM hack_verification_reviews",
    "DELETE FROM hack_verification_leases",
    # The id of the transaction that wrote or locked a row: it would link a review to the rows of reviewer and author.
    "SELECT xmin FROM hack_verification_reviews",
    "SELECT xmin FROM hack_verifications",
    "SELECT xmax FROM users",
    "SELECT xmin FROM users",
    "SELECT ctid FROM users",
    # Traces of the nightly reward of anonymous authors: its time would reveal an author with public totals.
    *(
        f"SELECT {column} FROM {table}"
        for table in ("user_xp", "leaderboard_entries")
        for column in ("id", "updated_at", "xmin")
    ),
)


def test_forbidden_statements_are_denied_to_reviewer(hack, author, verification):
    reviewer = make_reviewer(hack)
    review_as(reviewer, verification)
    make_lease(make_reviewer(hack), verification)
    parameters = {"author": author.pk, "verification": verification.pk}
    with database_identity(Role.MEMBER, reviewer.pk):
        for statement in FORBIDDEN:
            named = {name: value for name, value in parameters.items() if name in statement}
            assert str(run(statement, named or None)).startswith("InsufficientPrivilege: permission denied"), statement


def test_visitor_reads_no_transaction_ids_of_members():
    with database_identity(Role.ANON):
        for column in ("xmin", "xmax", "ctid"):
            assert str(run(f"SELECT {column} FROM users")).startswith("InsufficientPrivilege: permission denied")


def test_reviewer_reads_no_submission_of_others(hack, author, verification):
    reviewer = make_reviewer(hack)
    make_lease(reviewer, verification)
    with database_identity(Role.MEMBER, reviewer.pk):
        assert run("SELECT id FROM hack_verifications") == []
        assert run("SELECT id FROM hack_verification_rounds") == []
        assert run("UPDATE hack_verifications SET status = 'draft'") == 0
        assert run("SELECT 1 FROM hack_verifications WHERE user_id = %s FOR UPDATE", [author.pk]) == []
    with database_identity(Role.MEMBER, author.pk):
        assert run("SELECT id FROM hack_verifications") == [(verification.pk,)]


def test_reviews_and_rounds_are_read_by_author_and_own_reviewer_only(hack, author, verification):
    """The author reads all of it, also of past rounds; a reviewer reads only their own review."""
    reviewer, stranger = make_reviewer(hack), make_reviewer(hack)
    for each in (reviewer, make_reviewer(hack)):
        review_as(each, verification)
    verification.rounds.create(
        round=1, verification_questions=[], submitted_at=verification.submitted_at, outcome="withdrawn"
    )
    for person, reviews, rounds in ((author, 2, 1), (reviewer, 1, 0), (stranger, 0, 0)):
        with database_identity(Role.MEMBER, person.pk):
            assert len(run("SELECT id FROM hack_verification_reviews")) == reviews
            assert len(run("SELECT id FROM hack_verification_rounds")) == rounds


@pytest.mark.parametrize("role", [Role.ANON, Role.AUTH])
def test_visitors_read_and_write_nothing_of_verifications(verification, role):
    with database_identity(role, verification.user_id):
        for table in (
            "hack_verifications",
            "hack_verification_rounds",
            "hack_verification_reviews",
            "hack_verification_leases",
            "reviewer_signals",
        ):
            assert run(f"SELECT FROM {table}").startswith("InsufficientPrivilege"), table
            assert run(f"DELETE FROM {table}").startswith("InsufficientPrivilege"), table
        assert run("SELECT app.lease_verification()").startswith("InsufficientPrivilege")


def test_no_error_reveals_author(hack, author, verification):
    """The text does not name the author, and an insert for the author fails like one for any other member."""
    reviewer, stranger = make_reviewer(hack), make_practised(hack, 3)
    lease = make_lease(reviewer, verification)
    insert = (
        "INSERT INTO hack_verifications (id, user_id, hack_id, verification_questions, is_anonymous, status, round,"
        " decision_reason) VALUES (%s, %s, %s, '[]', true, 'draft', 1, '')"
    )
    with database_identity(Role.MEMBER, reviewer.pk):
        errors = [
            run("SELECT app.review_verification(%s, %s, false, ' ')", [lease.pk, uuid7()]),
            run("SELECT app.review_verification(%s, %s, true, '')", [uuid7(), uuid7()]),
            run(insert, [verification.pk, reviewer.pk, hack.pk]),
            *(
                run(f"{insert} {conflict}", [uuid7(), person.pk, hack.pk])
                for conflict in ("", "ON CONFLICT DO NOTHING", "ON CONFLICT (user_id, hack_id) DO NOTHING")
                for person in (author, stranger)
            ),
        ]
    assert all(isinstance(words, str) for words in errors)
    assert not any(str(author.pk) in words for words in errors)
    assert errors[3::2] == errors[4::2]


def test_known_case_looks_like_anonymous_submission(hack, verification):
    reviewer, known = make_reviewer(hack), make_known_case(hack, outcome=True)
    for each in (verification, known):
        make_lease(reviewer, each)
    with database_identity(Role.MEMBER, reviewer.pk):
        first, second = run("SELECT * FROM app.leased_verifications()")
        assert [value is None for value in first] == [value is None for value in second]


def test_author_does_not_learn_who_reviewed(hack, author, verification):
    reviewers = [make_reviewer(hack) for _ in range(3)]
    for reviewer in reviewers:
        review_as(reviewer, verification)
    react_to_everything()
    readable = text_readable_by(author, readable_columns())
    assert "I know this." in readable["hack_verification_reviews"]
    for table, words in readable.items():
        assert not any(str(reviewer.pk) in words for reviewer in reviewers), table


@pytest.mark.parametrize("role", [Role.STAFF, Role.WORKER, Role.OWNER])
@pytest.mark.parametrize("model", [HackVerificationReview, VerificationLease])
def test_no_role_can_make_author_the_reviewer(author, verification, model, role):
    """Writing another author, or none, into the row does not help."""
    columns_and_values = {
        HackVerificationReview: "(id, verification_id, author_user_id, reviewer_user_id, round, is_authentic, comment,"
        " seconds) VALUES (gen_random_uuid(), %s, %s, %s, 1, true, '', 60)",
        VerificationLease: "(id, verification_id, author_user_id, reviewer_user_id, expires_at, ended)"
        " VALUES (gen_random_uuid(), %s, %s, %s, now(), '')",
    }[model]
    with database_identity(role):
        insert = f"INSERT INTO {model._meta.db_table} {columns_and_values}"
        for named_author in (author.pk, None, make_member().pk):
            assert run(insert, [verification.pk, named_author, author.pk]).startswith("CheckViolation")
            assert run(insert, [verification.pk, named_author, make_member().pk]) == 1
        update = f"UPDATE {model._meta.db_table} SET reviewer_user_id = %s"
        assert run(update, [author.pk]).startswith("CheckViolation")
        assert run(f"{update}, author_user_id = NULL", [author.pk]).startswith("CheckViolation")
        assert run("UPDATE hack_verifications SET user_id = %s", [make_member().pk]).startswith("ForeignKeyViolation")


def test_member_cannot_take_or_review_own_submission(hack, verification, author):
    make_practised(hack, 99, author)
    assert call_as(author, "app.lease_verification()") is None
    lease = make_lease(make_reviewer(hack), verification)
    with database_identity(Role.MEMBER, author.pk):
        refused = run("SELECT app.review_verification(%s, %s, true, '')", [lease.pk, uuid7()])
    assert refused.startswith("CheckViolation")


def test_staff_cannot_decide_own_submission(author, verification):
    with database_identity(Role.STAFF):
        refused = run("UPDATE hack_verifications SET decided_by_id = user_id")
    assert refused.startswith("CheckViolation")
