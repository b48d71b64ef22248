from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_member
from hacks.tests.factories import HackFactory
from practice.models import PracticeSession
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db

LIST = reverse("admin:practice_practicesession_changelist")


def practise(hours_ago: int, **fields) -> PracticeSession:
    return make_session(make_member(), HackFactory(), started_at=timezone.now() - timedelta(hours=hours_ago), **fields)


def test_pages_hide_feedback_notes_and_measurements(staff_client):
    session = practise(3, notes="My secret.", feedback_score=-1, biometric_data={"hrv_before": 217})
    for url in (LIST, reverse("admin:practice_practicesession_change", args=[session.pk])):
        text = staff_client.get(url).text
        assert session.hack.name in text
        assert "10 min" in text
        for private in ("My secret.", "Not good", "217"):
            assert private not in text


def test_list_shows_state_of_sessions(staff_client):
    now = timezone.now()
    practise(3)
    practise(2, ended_at=None)
    practise(1, ended_at=None, paused_at=now)
    text = staff_client.get(LIST).text
    assert all(f">{state}<" in text for state in ("Finished", "Running", "Paused"))
    running = staff_client.get(LIST, {"ended_at__isempty": "1"})
    assert running.context["cl"].result_count == 2


def test_search_finds_by_username_and_hack(staff_client):
    waterfall = HackFactory(name="Waterfall")
    session = make_session(make_member(), waterfall, started_at=timezone.now() - timedelta(hours=3))
    practise(2)
    for query in (session.user.username, "waterfall"):
        assert list(staff_client.get(LIST, {"q": query}).context["cl"].result_list) == [session]


def test_sessions_are_read_only(staff_client):
    session = practise(3)
    change = reverse("admin:practice_practicesession_change", args=[session.pk])
    assert staff_client.post(change, {"session_type": "group"}).status_code == 403
    assert staff_client.get(reverse("admin:practice_practicesession_add")).status_code == 403
    assert staff_client.post(reverse("admin:practice_practicesession_delete", args=[session.pk])).status_code == 403


def test_number_of_queries_is_constant(queries_of, staff_client):
    practise(1)
    staff_client.get(LIST)
    for_one = queries_of(lambda: staff_client.get(LIST))
    for hours in range(2, 12):
        practise(hours)
    assert len(queries_of(lambda: staff_client.get(LIST))) == len(for_one)
