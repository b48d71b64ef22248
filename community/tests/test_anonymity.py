"""What a reviewer can do to learn whose an anonymous submission is, and anybody to review their own: nothing helps."""

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
    """The author; the username is a word that nothing else contains."""
    return make_member(username="secretive")


@pytest.fixture
def verification(hack, author):
    return make_verification(hack, author, is_anonymous=True)


def run(statement, params=()):
    """The rows, or the error's class and every word that it says."""
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(statement, params)
                return cursor.fetchall() if cursor.description else cursor.rowcount
        except DatabaseError as error:
            cause = error.__cause__
            return f"{type(cause).__name__}: {cause} {cause.diag.message_detail or ''} {cause.diag.context or ''}"


def readable_columns():
    """Of every table, the columns that a member may read: pairs of table and columns."""
    return run(
        """
        SELECT c.oid::regclass::text, array_agg(quote_ident(a.attname))
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
          AND NOT a.attisdropped AND has_column_privilege('nrghax_member', c.oid, a.attnum, 'SELECT')
        GROUP BY c.oid
        """
    )


def words_that(member, reads):
    """Everything that a member can read in any table, but the cards of people, as text."""
    with database_identity(Role.MEMBER, member.pk):
        return {
            table: str(run(f"SELECT {', '.join(columns)} FROM {table}")) for table, columns in reads if table != "users"
        }


@pytest.mark.parametrize("moment", ["waiting", "leased", "reviewed", "decided", "returned"])
def test_no_table_that_a_reviewer_reads_names_the_author(hack, author, verification, moment):
    reads = readable_columns()
    assert len(reads) > 20
    reviewer = make_reviewer(hack)
    if moment == "leased":
        make_lease(reviewer, verification)
    for _ in range({"decided": 2, "returned": 2}.get(moment, 0)):
        review_as(make_reviewer(hack), verification, is_authentic=moment == "decided")
    if moment in ("reviewed", "decided", "returned"):
        review_as(reviewer, verification, is_authentic=moment != "returned")
    react_to_everything()
    for table, words in words_that(reviewer, reads).items():
        assert not any(name in words for name in (str(author.pk), "secretive", author.display_name)), table
    # The author finds themselves: the search would see it.
    assert str(author.pk) in "".join(words_that(author, reads).values())


def test_the_functions_of_the_queue_do_not_name_the_author(hack, author, verification):
    reviewer = make_reviewer(hack)
    lease = call_as(reviewer, "app.lease_verification()")
    with database_identity(Role.MEMBER, reviewer.pk):
        [seen] = run("SELECT * FROM app.leased_verifications()")
        assert lease in seen
        assert str(author.pk) not in str(seen)
        assert run("SELECT * FROM app.queue_positions()") == []


CLOSED = (
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
    # Of the transaction that wrote or locked a row: it would match a review with both of its parties' cards.
    "SELECT xmin FROM hack_verification_reviews",
    "SELECT xmin FROM hack_verifications",
    "SELECT xmax FROM users",
    "SELECT xmin FROM users",
    "SELECT ctid FROM users",
    # Of the night in which anonymous authors are rewarded: whoever shows their totals would be found by the hour.
    *(
        f"SELECT {column} FROM {table}"
        for table in ("user_xp", "leaderboard_entries")
        for column in ("id", "updated_at", "xmin")
    ),
)


def test_the_ways_around_are_closed(hack, author, verification):
    reviewer = make_reviewer(hack)
    review_as(reviewer, verification)
    make_lease(make_reviewer(hack), verification)
    parameters = {"author": author.pk, "verification": verification.pk}
    with database_identity(Role.MEMBER, reviewer.pk):
        for statement in CLOSED:
            named = {name: value for name, value in parameters.items() if name in statement}
            assert str(run(statement, named or None)).startswith("InsufficientPrivilege: permission denied"), statement


def test_the_table_of_submissions_shows_a_reviewer_none_but_their_own(hack, author, verification):
    reviewer = make_reviewer(hack)
    make_lease(reviewer, verification)
    with database_identity(Role.MEMBER, reviewer.pk):
        assert run("SELECT id FROM hack_verifications") == []
        assert run("SELECT id FROM hack_verification_rounds") == []
        assert run("UPDATE hack_verifications SET status = 'draft'") == 0
        assert run("SELECT 1 FROM hack_verifications WHERE user_id = %s FOR UPDATE", [author.pk]) == []
    with database_identity(Role.MEMBER, author.pk):
        assert run("SELECT id FROM hack_verifications") == [(verification.pk,)]


def test_what_was_said_of_somebody_is_read_by_the_two_alone(hack, author, verification):
    """Of a round, also of one that is history: by its author, and each reviewer their own words."""
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
def test_other_visitors_read_nothing_of_verifications(verification, role):
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


def test_no_error_tells_who_it_is(hack, author, verification):
    """Neither by its words, nor by being another one for the author than for anybody else."""
    reviewer, stranger = make_reviewer(hack), make_practised(hack, 3)
    lease = make_lease(reviewer, verification)
    insert = (
        "INSERT INTO hack_verifications (id, user_id, hack_id, verification_questions, is_anonymous, status, round,"
        " decision_reason) VALUES (%s, %s, %s, '[]', true, 'draft', 1, '')"
    )
    with database_identity(Role.MEMBER, reviewer.pk):
        said = [
            run("SELECT app.review_verification(%s, %s, false, ' ')", [lease.pk, uuid7()]),
            run("SELECT app.review_verification(%s, %s, true, '')", [uuid7(), uuid7()]),
            run(insert, [verification.pk, reviewer.pk, hack.pk]),
            *(
                run(f"{insert} {conflict}", [uuid7(), person.pk, hack.pk])
                for conflict in ("", "ON CONFLICT DO NOTHING", "ON CONFLICT (user_id, hack_id) DO NOTHING")
                for person in (author, stranger)
            ),
        ]
    assert all(isinstance(words, str) for words in said)
    assert not any(str(author.pk) in words for words in said)
    assert said[3::2] == said[4::2]


def test_a_known_case_looks_like_an_anonymous_one(hack, verification):
    reviewer, known = make_reviewer(hack), make_known_case(hack, outcome=True)
    for each in (verification, known):
        make_lease(reviewer, each)
    with database_identity(Role.MEMBER, reviewer.pk):
        first, second = run("SELECT * FROM app.leased_verifications()")
        assert [value is None for value in first] == [value is None for value in second]


def test_an_author_does_not_learn_who_reviewed(hack, author, verification):
    reviewers = [make_reviewer(hack) for _ in range(3)]
    for reviewer in reviewers:
        review_as(reviewer, verification)
    react_to_everything()
    said = words_that(author, readable_columns())
    assert "I know this." in said["hack_verification_reviews"]
    for table, words in said.items():
        assert not any(str(reviewer.pk) in words for reviewer in reviewers), table


@pytest.mark.parametrize("role", [Role.STAFF, Role.WORKER, Role.OWNER])
@pytest.mark.parametrize("model", [HackVerificationReview, VerificationLease])
def test_nobody_reviews_their_own_whatever_their_role(author, verification, model, role):
    """Nor by writing into the row that somebody else, or nobody, is its author."""
    said = {
        HackVerificationReview: "(id, verification_id, author_user_id, reviewer_user_id, round, is_authentic, comment,"
        " seconds) VALUES (gen_random_uuid(), %s, %s, %s, 1, true, '', 60)",
        VerificationLease: "(id, verification_id, author_user_id, reviewer_user_id, expires_at, ended)"
        " VALUES (gen_random_uuid(), %s, %s, %s, now(), '')",
    }[model]
    with database_identity(role):
        insert = f"INSERT INTO {model._meta.db_table} {said}"
        for whose in (author.pk, None, make_member().pk):
            assert run(insert, [verification.pk, whose, author.pk]).startswith("CheckViolation")
            assert run(insert, [verification.pk, whose, make_member().pk]) == 1
        claim = f"UPDATE {model._meta.db_table} SET reviewer_user_id = %s"
        assert run(claim, [author.pk]).startswith("CheckViolation")
        assert run(f"{claim}, author_user_id = NULL", [author.pk]).startswith("CheckViolation")
        assert run("UPDATE hack_verifications SET user_id = %s", [make_member().pk]).startswith("ForeignKeyViolation")


def test_nobody_takes_their_own_as_a_member(hack, verification, author):
    make_practised(hack, 99, author)
    assert call_as(author, "app.lease_verification()") is None
    lease = make_lease(make_reviewer(hack), verification)
    with database_identity(Role.MEMBER, author.pk):
        refused = run("SELECT app.review_verification(%s, %s, true, '')", [lease.pk, uuid7()])
    assert refused.startswith("CheckViolation")


def test_staff_do_not_decide_on_their_own(author, verification):
    with database_identity(Role.STAFF):
        refused = run("UPDATE hack_verifications SET decided_by_id = user_id")
    assert refused.startswith("CheckViolation")
