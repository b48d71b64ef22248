"""Changing an entry where it stands in the journal: with htmx in place, without it on a page of its own."""

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
    """Of a day that can no longer be checked in for."""
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
    def test_visitors_are_asked_to_sign_in(self, client, entry, method):
        assert getattr(client, method)(url(entry)).url == f"{reverse('account_login')}?next={url(entry)}"

    def test_others_entries_are_not_found(self, sign_in, entry, method):
        assert getattr(sign_in(make_member()), method)(url(entry), {"notes": "Mine now."}).status_code == 404
        entry.refresh_from_db()
        assert entry.notes == "As it was."

    @pytest.mark.parametrize("name", ["journal-session", "journal-checkin"])
    def test_what_does_not_exist_is_not_found(self, member_client, name, method):
        assert getattr(member_client, method)(reverse(f"practice:{name}", args=[uuid7()])).status_code == 404

    def test_what_runs_is_the_timers(self, member_client, member, method):
        hack = HackFactory()
        running = make_session(member, hack, started_at=NOW, ended_at=None)
        assert getattr(member_client, method)(url(running)).url == reverse("practice:timer", args=[hack.slug])


def test_other_methods_are_refused(member_client, entry):
    assert member_client.delete(url(entry)).status_code == 405


def test_the_page_shows_what_is_stored(member_client, entry):
    response = member_client.get(url(entry))
    read_page(response)
    assert "As it was." in response.text
    assert f'href="{day_in_journal(entry).replace("&", "&amp;")}"' in response.text
    assert "hx-post" not in response.text


def test_htmx_gets_the_form_alone_and_the_entry_back_when_it_closes_it(member_client, entry):
    form = member_client.get(url(entry), headers=HTMX).text
    assert form.strip().startswith("<li")
    assert f'hx-post="{url(entry)}"' in form
    assert "data-focus" in form
    closed = member_client.get(f"{url(entry)}?close", headers=HTMX).text
    assert closed.strip().startswith("<li")
    assert "<form" not in closed
    assert f'hx-get="{url(entry)}"' in closed
    assert "data-focus" in closed


def test_a_session_is_changed(member_client, session):
    response = member_client.post(url(session), {"feedback_score": "1", "notes": "Better than I thought."})
    assert response.url == day_in_journal(session)
    session.refresh_from_db()
    assert (session.feedback_score, session.notes) == (1, "Better than I thought.")
    assert session.duration_seconds == 600
    assert activities() == [Activity.SESSION_CHANGED]
    assert "Your practice is updated." in member_client.get(response.url).text


def test_a_check_in_of_long_ago_is_changed_and_its_day_stays(member_client, checkin):
    before = (checkin.checkin_date, checkin.streak_count, checkin.selected_hack_id)
    response = member_client.post(url(checkin), {"mood_before": "2", "mood_after": "9", "notes": "Now I know why."})
    assert response.url == day_in_journal(checkin)
    checkin.refresh_from_db()
    assert (checkin.mood_before, checkin.mood_after, checkin.notes) == (2, 9, "Now I know why.")
    assert (checkin.checkin_date, checkin.streak_count, checkin.selected_hack_id) == before
    assert activities() == [Activity.CHECKIN_SAVED]
    assert DailyCheckin.objects.count() == 1


def test_what_is_saved_again_as_it_was_is_no_change(member_client, session, checkin):
    member_client.post(url(session), {"feedback_score": "0", "notes": "As it was."})
    member_client.post(url(checkin), {"mood_before": "4", "mood_after": "6", "notes": "As it was."})
    assert activities() == []


def test_htmx_gets_the_changed_entry_and_the_message(member_client, session, checkin):
    text = member_client.post(url(session), {"notes": "Changed."}, headers=HTMX).text
    assert text.strip().startswith("<li")
    assert "Changed." in text
    assert "Your practice is updated." in text
    assert 'hx-swap-oob="true"' in text
    text = member_client.post(url(checkin), {"mood_before": "1", "notes": "Changed."}, headers=HTMX).text
    assert "Mood 1 of 10" in text
    assert "Your check-in is updated." in text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("notes", "x" * 5001, "at most 5000 characters"),
        ("feedback_score", "2", "2 is not one of the available choices"),
        ("mood_before", "11", "11 is not one of the available choices"),
        ("mood_after", "0", "0 is not one of the available choices"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_bad_input_is_explained_and_nothing_stored(member_client, session, checkin, field, value, words, headers):
    entry = checkin if field.startswith("mood") else session
    response = member_client.post(url(entry), {"notes": "New.", field: value}, headers=headers)
    assert response.status_code == 200
    assert words in response.text
    entry.refresh_from_db()
    assert entry.notes == "As it was."


def test_deleting_a_check_in_of_long_ago_can_be_thought_better_of(member_client, checkin):
    page = member_client.get(reverse("practice:checkin-delete", args=[checkin.pk]))
    assert f'href="{day_in_journal(checkin).replace("&", "&amp;")}"' in page.text


def test_asks_few_questions(queries_of, member_client, entry):
    member_client.get(url(entry))
    assert len(queries_of(lambda: member_client.get(url(entry)))) <= 8
    assert len(queries_of(lambda: member_client.get(f"{url(entry)}?close", headers=HTMX))) <= 8
