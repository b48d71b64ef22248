from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import F, QuerySet, Value
from django.test.utils import CaptureQueriesContext

from accounts.models import Member
from accounts.tests.factories import make_member
from database.compiled import compiled
from database.identity import Role, database_identity
from hacks.models import Hack
from hacks.tests.factories import HackFactory
from practice.models import DailyCheckin, PracticeSession
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db


def plain(build, *values):
    return list(build(*values))


def days(member: Member, first: date, last: date) -> QuerySet:
    return (
        DailyCheckin.objects.visible_to(member)
        .filter(checkin_date__range=(first, last))
        .order_by("checkin_date")
        .values("checkin_date", "mood_before", "day_start", length=Value(7))
    )


def lengths(member: Member, moment: datetime) -> QuerySet:
    own = PracticeSession.objects.visible_to(member).order_by()
    early = own.filter(started_at__lt=moment).values("id", "started_at", "hack__name")[:1]
    return early.union(own.filter(started_at__gte=moment).values("id", "started_at", "hack__name")[:2], all=True)


def criteria(pk: UUID) -> QuerySet:
    return Hack.objects.filter(pk=pk).values("unlock_criteria", title=F("category__title"))


def test_rows_are_those_of_the_queryset_for_each_member_and_day():
    one, two = make_member(), make_member()
    for member in (one, two):
        for day in (1, 2, 3, 4):
            make_checkin(member, date(2026, 3, day))
    for member in (one, two):
        for span in ((date(2026, 3, 1), date(2026, 3, 2)), (date(2026, 3, 2), date(2026, 3, 9))):
            assert compiled(days)(member, *span) == plain(days, member, *span) != []
    ask = compiled(days)
    assert len(ask(one, date(2026, 3, 1), date(2026, 3, 1))) == 1
    assert len(ask(two, date(2026, 3, 1), date(2026, 3, 4))) == 4
    assert ask(one, date(2026, 4, 1), date(2026, 4, 4)) == []


def test_unions_limits_and_moments():
    member, hack = make_member(), HackFactory()
    for day in (1, 2, 3, 4, 5):
        make_session(member, hack, started_at=datetime(2026, 3, day, 8, tzinfo=UTC))
    moment = datetime(2026, 3, 3, tzinfo=UTC)
    rows = compiled(lengths)(member, moment)
    assert len(rows) == 3
    assert rows == plain(lengths, member, moment)


def test_values_are_converted_as_the_queryset_does():
    hack = HackFactory(prerequisite_hack=HackFactory(), unlock_criteria={"practice_count": 3})
    assert compiled(criteria)(hack.pk) == [{"unlock_criteria": {"practice_count": 3}, "title": hack.category.title}]


def test_the_sql_is_written_once():
    built = []

    def ask(pk: UUID) -> QuerySet:
        built.append(pk)
        return Hack.objects.filter(pk=pk).values("name")

    once = compiled(ask)
    hack = HackFactory()
    assert once(hack.pk) == [{"name": hack.name}]
    with CaptureQueriesContext(connection) as queries:
        assert once(uuid4()) == []
    assert len(queries) == 1
    assert len(built) == 1


def test_models_come_with_what_they_are_joined_to(django_assert_num_queries):
    def ask(slug: str) -> QuerySet:
        return Hack.objects.filter(slug=slug).select_related("category").annotate(twice=F("duration_minutes") * 2)

    once = compiled(ask)
    for hack in (HackFactory(duration_minutes=4), HackFactory(duration_minutes=9)):
        with django_assert_num_queries(1):
            [found] = once(hack.slug)
            assert (found, found.category.title) == (hack, hack.category.title)
        assert found.twice == 2 * hack.duration_minutes
        assert found.text_guide == hack.text_guide


def test_none_makes_another_query():
    def ask(member: Member | None, pk: UUID) -> QuerySet:
        return Hack.objects.with_progress_of(member).filter(pk=pk).values("name", "practice_count")

    once = compiled(ask)
    member, hack = make_member(), HackFactory()
    make_session(member, hack, started_at=datetime(2026, 3, 1, 8, tzinfo=UTC))
    for _ in range(2):
        assert once(None, hack.pk) == [{"name": hack.name, "practice_count": 0}]
        assert once(member, hack.pk) == [{"name": hack.name, "practice_count": 1}]


def test_threads_do_not_share_a_connection():
    once = compiled(criteria)
    hack = HackFactory()
    assert len(once(hack.pk)) == 1

    def elsewhere():
        try:
            with database_identity(Role.ANON):
                return once(hack.pk), connection.connection.info.backend_pid
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        rows, backend = pool.submit(elsewhere).result()
    assert rows == [], "what this transaction has not committed is not there yet"
    assert backend != connection.connection.info.backend_pid


def test_a_parameter_that_the_statement_lacks_is_refused():
    def ask(pk: UUID, moment: datetime) -> QuerySet:
        return Hack.objects.filter(pk=pk).values("name")

    with pytest.raises(TypeError, match="moment"):
        compiled(ask)(uuid4(), datetime(2026, 3, 1, tzinfo=UTC))
