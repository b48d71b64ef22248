from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
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


def from_queryset(build, *values):
    return list(build(*values))


def days(member: Member, first: date, last: date) -> QuerySet:
    return (
        DailyCheckin.objects.visible_to(member)
        .filter(checkin_date__range=(first, last))
        .order_by("checkin_date")
        .values("checkin_date", "mood_before", "day_start", length=Value(7))
    )


def sessions(member: Member, moment: datetime) -> QuerySet:
    own = PracticeSession.objects.visible_to(member).order_by()
    early = own.filter(started_at__lt=moment).values("id", "started_at", "hack__name")[:1]
    return early.union(own.filter(started_at__gte=moment).values("id", "started_at", "hack__name")[:2], all=True)


def criteria(pk: UUID) -> QuerySet:
    return Hack.objects.filter(pk=pk).values("unlock_criteria", title=F("category__title"))


def test_rows_equal_queryset_for_each_member_and_day():
    one, two = make_member(), make_member()
    for member in (one, two):
        for day in (1, 2, 3, 4):
            make_checkin(member, date(2026, 3, day))
    for member in (one, two):
        for span in ((date(2026, 3, 1), date(2026, 3, 2)), (date(2026, 3, 2), date(2026, 3, 9))):
            assert compiled(days)(member, *span) == from_queryset(days, member, *span) != []
    query = compiled(days)
    assert len(query(one, date(2026, 3, 1), date(2026, 3, 1))) == 1
    assert len(query(two, date(2026, 3, 1), date(2026, 3, 4))) == 4
    assert query(one, date(2026, 4, 1), date(2026, 4, 4)) == []


def test_unions_limits_and_datetimes_are_supported():
    member, hack = make_member(), HackFactory()
    for day in (1, 2, 3, 4, 5):
        make_session(member, hack, started_at=datetime(2026, 3, day, 8, tzinfo=UTC))
    moment = datetime(2026, 3, 3, tzinfo=UTC)
    rows = compiled(sessions)(member, moment)
    assert len(rows) == 3
    assert rows == from_queryset(sessions, member, moment)


def test_values_are_converted_like_queryset_values():
    hack = HackFactory(prerequisite_hack=HackFactory(), unlock_criteria={"practice_count": 3})
    assert compiled(criteria)(hack.pk) == [{"unlock_criteria": {"practice_count": 3}, "title": hack.category.title}]


def test_sql_is_compiled_once():
    built = []

    def build(pk: UUID) -> QuerySet:
        built.append(pk)
        return Hack.objects.filter(pk=pk).values("name")

    query = compiled(build)
    hack = HackFactory()
    assert query(hack.pk) == [{"name": hack.name}]
    with CaptureQueriesContext(connection) as queries:
        assert query(uuid4()) == []
    assert len(queries) == 1
    assert len(built) == 1


def test_models_include_related_objects_and_annotations(django_assert_num_queries):
    def build(slug: str) -> QuerySet:
        return Hack.objects.filter(slug=slug).select_related("category").annotate(twice=F("duration_minutes") * 2)

    query = compiled(build)
    for hack in (HackFactory(duration_minutes=4), HackFactory(duration_minutes=9)):
        with django_assert_num_queries(1):
            [found] = query(hack.slug)
            assert (found, found.category.title) == (hack, hack.category.title)
        assert found.twice == 2 * hack.duration_minutes
        assert found.text_guide == hack.text_guide


def test_none_compiles_separate_statement():
    def build(member: Member | None, pk: UUID) -> QuerySet:
        return Hack.objects.with_progress_of(member).filter(pk=pk).values("name", "practice_count")

    query = compiled(build)
    member, hack = make_member(), HackFactory()
    make_session(member, hack, started_at=datetime(2026, 3, 1, 8, tzinfo=UTC))
    for _ in range(2):
        assert query(None, hack.pk) == [{"name": hack.name, "practice_count": 0}]
        assert query(member, hack.pk) == [{"name": hack.name, "practice_count": 1}]


def test_threads_do_not_share_connection():
    query = compiled(criteria)
    hack = HackFactory()
    assert len(query(hack.pk)) == 1

    def run_in_other_thread():
        try:
            with database_identity(Role.ANON):
                return query(hack.pk), connection.connection.info.backend_pid
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        rows, backend = pool.submit(run_in_other_thread).result()
    assert rows == [], "the other connection must not see the uncommitted hack"
    assert backend != connection.connection.info.backend_pid


def test_unused_parameter_is_refused():
    def build(pk: UUID, moment: datetime) -> QuerySet:
        return Hack.objects.filter(pk=pk).values("name")

    with pytest.raises(TypeError, match="moment"):
        compiled(build)(uuid4(), datetime(2026, 3, 1, tzinfo=UTC))


def other_types(permission: Permission) -> QuerySet:
    return ContentType.objects.filter(permission=permission).exclude(pk=1)


def test_integer_key_of_query_itself_is_no_parameter():
    with database_identity(Role.OWNER):
        first, _ = ContentType.objects.get_or_create(pk=1, defaults={"app_label": "none", "model": "none"})
        second = ContentType.objects.exclude(pk=1).first()
        permissions = [Permission.objects.create(content_type=each, codename="x", name="x") for each in (first, second)]
        found = [compiled(other_types)(permission) for permission in permissions]
    assert found == [[], [second]]
