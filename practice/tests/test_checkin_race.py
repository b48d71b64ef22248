"""Concurrent check-ins from several tabs, each on a separate connection."""

from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import make_member
from analytics.models import UserActivityLog
from database.identity import Role, database_identity
from database.tests.connections import start_in_thread
from practice.actions import AlreadyCheckedIn, save_checkin
from practice.models import DailyCheckin
from practice.tests.factories import make_checkin

pytestmark = pytest.mark.django_db(transaction=True)


def post_concurrently(member, submissions: list[dict]) -> list[int]:
    """Send the submissions at the same time from separate threads; return the sorted status codes."""
    clients = [Client() for _ in submissions]
    for client in clients:
        with database_identity(Role.AUTH):
            client.force_login(member.user)
    statuses = []
    start = Barrier(len(submissions))

    def send(client, data):
        try:
            start.wait()
            statuses.append(client.post(reverse("practice:checkin"), data).status_code)
        finally:
            connections.close_all()

    threads = [Thread(target=send, args=pair) for pair in zip(clients, submissions, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    return sorted(statuses)


def form_data(**fields) -> dict:
    return {"date": timezone.now().date().isoformat(), "seen": "", "mood_before": "4", **fields}


def test_concurrent_different_checkins_store_one_and_show_it_to_others():
    member = make_member()
    notes = ["One.", "Two.", "Three.", "Four."]
    assert post_concurrently(member, [form_data(notes=note) for note in notes]) == [200, 200, 200, 302]
    with database_identity(Role.WORKER):
        assert DailyCheckin.objects.get(user=member).notes in notes
        assert UserActivityLog.objects.filter(user=member).count() == 1
        member.stats.refresh_from_db()
        assert member.stats.current_streak == 1


def test_double_click_stores_one_checkin_without_conflict():
    member = make_member()
    assert post_concurrently(member, [form_data(notes="Once.")] * 4) == [302] * 4
    with database_identity(Role.WORKER):
        assert DailyCheckin.objects.filter(user=member).count() == 1
        assert UserActivityLog.objects.filter(user=member).count() == 1


def test_change_of_deleted_checkin_is_refused_if_another_tab_creates_one():
    member = make_member()
    day = timezone.now().date()
    refusals = []

    def change() -> None:
        values = {"mood_before": 4, "mood_after": None, "selected_hack_id": None, "notes": "From this tab."}
        try:
            with database_identity(Role.MEMBER, member.pk):
                save_checkin(member=member, day=day, seen_id=uuid4(), **values)
        except AlreadyCheckedIn as refusal:
            refusals.append(refusal)

    with database_identity(Role.WORKER):
        make_checkin(member, day, notes="From another tab.")
        other = start_in_thread(change)
        assert other.is_alive()
    other.join()
    assert len(refusals) == 1
    with database_identity(Role.WORKER):
        assert DailyCheckin.objects.get(user=member).notes == "From another tab."
