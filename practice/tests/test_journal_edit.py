"""Editing a journal entry: in the list with htmx, on a separate page without it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from analytics.models import Activity, UserActivityLog
from hacks.tests.factories import HackFactory
from practice.models import DailyCheckin, PracticeSession
from practice.tests.factories import make_checkin, make_session

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
NOW = timezone.now()


@pytest.fixture
def session(member):
    return make_session(
        member,
        HackFactory(name="Energy ball"),
        started_at=NOW - timedelta(days=40),
        feedback_score=0,
        notes="As it was.",
    )


@pytest.fixture
def checkin(member):
    """Return a check-in for a day that is too old to check in for."""
    day = NOW.date() - timedelta(days=40)
    return make_checkin(
        member, day, mood_before=4, mood_after=6, notes="As it was.", selected_hack=HackFactory(name="Quiet eyes")
    )


@pytest.fixture(params=["session", "checkin"])
def entry(request):
    return request.getfixturevalue(request.param)


def url(entry):
    name = "journal-session" if isinstance(entry, PracticeSession) else "journal-checkin"
    return reverse(f"practice:{name}", args=[entry.pk])


def day_in_journal(entry):
    day = entry.practice_date if isinstance(entry, PracticeSession) else entry.checkin_date
    return f"{reverse('practice:journal')}?since={day}&until={day}"


def activities():
    return list(UserActivityLog.objects.values_list("activity_type", flat=True))


@pytest.mark.parametrize("method", ["get", "post"])
class TestGuards:
    def test_visitor_is_redirected_to_login(self, client, entry, method):
        assert getattr(client, method)(url(entry)).url == f"{reverse('account_login')}?next={url(entry)}"

    def test_entry_of_other_member_is_not_found(self, sign_in, entry, method):
        assert getattr(sign_in(make_member()), method)(url(entry), {"notes": "Mine now."}).status_code == 404
        entry.refresh_from_db()
        assert entry.notes == "As it was."

    @pytest.mark.parametrize("name", ["journal-session", "journal-checkin"])
    def test_unknown_id_is_not_found(self, member_client, name, method):
        assert getattr(member_client, method)(reverse(f"practice:{name}", args=[uuid7()])).status_code == 404

    def test_running_session_redirects_to_timer(self, member_client, member, method):
        hack = HackFactory()
        running = make_session(member, hack, started_at=NOW, ended_at=None)
        assert getattr(member_client, method)(url(running)).url == reverse("practice:timer", args=[hack.slug])


def test_other_methods_are_not_allowed(member_client, entry):
    assert member_client.delete(url(entry)).status_code == 405


def test_page_shows_stored_entry(member_client, entry):
    response = member_client.get(url(entry))
    read_page(response)
    assert "As it was." in response.text
    assert f'href="{day_in_journal(entry).replace("&", "&amp;")}"' in response.text
    assert "hx-post" not in response.text


def test_htmx_gets_only_form_and_entry_after_closing(member_client, entry):
    form = member_client.get(url(entry), headers=HTMX).text
    assert form.strip().startswith("<li")
    assert f'hx-post="{url(entry)}"' in form
    assert "data-focus" in form
    closed = member_client.get(f"{url(entry)}?close", headers=HTMX).text
    assert closed.strip().startswith("<li")
    assert "<form" not in closed
    assert f'hx-get="{url(entry)}"' in closed
    assert "data-focus" in closed


def test_session_is_updated(member_client, session):
    response = member_client.post(url(session), {"feedback_score": "1", "notes": "Better than I thought."})
    assert response.url == day_in_journal(session)
    session.refresh_from_db()
    assert (session.feedback_score, session.notes) == (1, "Better than I thought.")
    assert session.duration_seconds == 600
    assert activities() == [Activity.SESSION_CHANGED]
    assert "Practice updated." in member_client.get(response.url).text


def test_old_checkin_is_updated_and_keeps_date(member_client, checkin):
    before = (checkin.checkin_date, checkin.streak_count, checkin.selected_hack_id)
    response = member_client.post(url(checkin), {"mood_before": "2", "mood_after": "9", "notes": "Now I know why."})
    assert response.url == day_in_journal(checkin)
    checkin.refresh_from_db()
    assert (checkin.mood_before, checkin.mood_after, checkin.notes) == (2, 9, "Now I know why.")
    assert (checkin.checkin_date, checkin.streak_count, checkin.selected_hack_id) == before
    assert activities() == [Activity.CHECKIN_SAVED]
    assert DailyCheckin.objects.count() == 1


def test_saving_unchanged_entry_records_no_activity(member_client, session, checkin):
    member_client.post(url(session), {"feedback_score": "0", "notes": "As it was."})
    member_client.post(url(checkin), {"mood_before": "4", "mood_after": "6", "notes": "As it was."})
    assert activities() == []


def test_htmx_gets_updated_entry_and_message(member_client, session, checkin):
    text = member_client.post(url(session), {"notes": "Changed."}, headers=HTMX).text
    assert text.strip().startswith("<li")
    assert "Changed." in text
    assert "Practice updated." in text
    assert 'hx-swap-oob="true"' in text
    text = member_client.post(url(checkin), {"mood_before": "1", "notes": "Changed."}, headers=HTMX).text
    assert "Mood 1 of 10" in text
    assert "Check-in updated." in text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("notes", "x" * 5001, "at most 5000 characters"),
        ("feedback_score", "2", "Choose one of the options."),
        ("mood_before", "11", "Choose one of the options."),
        ("mood_after", "0", "Choose one of the options."),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_invalid_input_shows_error_and_stores_nothing(member_client, session, checkin, field, value, words, headers):
    entry = checkin if field.startswith("mood") else session
    response = member_client.post(url(entry), {"notes": "New.", field: value}, headers=headers)
    assert response.status_code == 200
    assert words in response.text
    entry.refresh_from_db()
    assert entry.notes == "As it was."


def test_delete_page_of_old_checkin_links_back_to_journal(member_client, checkin):
    page = member_client.get(reverse("practice:checkin-delete", args=[checkin.pk]))
    assert f'href="{day_in_journal(checkin).replace("&", "&amp;")}"' in page.text


def test_number_of_queries_is_limited(queries_of, member_client, entry):
    member_client.get(url(entry))
    assert len(queries_of(lambda: member_client.get(url(entry)))) <= 8
    assert len(queries_of(lambda: member_client.get(f"{url(entry)}?close", headers=HTMX))) <= 8
