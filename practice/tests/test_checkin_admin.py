"""The admin of check-ins, rest days and totals: staff see streaks but no moods or notes."""

import re

import pytest
from django.urls import reverse

from accounts.tests.factories import make_member
from hacks.tests.factories import HackFactory
from practice.models import MemberStats, RestDay
from practice.tests.factories import days_ago, make_checkin

pytestmark = pytest.mark.django_db
SECRET = "I felt like a grey sock."


def make_private_checkin():
    return make_checkin(
        make_member(), days_ago(0), mood_before=3, mood_after=9, notes=SECRET, selected_hack=HackFactory()
    )


def make_rest_day():
    return RestDay.objects.create(user=make_member(), rest_date=days_ago(-1))


def make_stats():
    return make_private_checkin().user.stats


def urls_of(row):
    name = f"admin:practice_{row._meta.model_name}"
    return reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[row.pk])


@pytest.mark.parametrize("make", [make_private_checkin, make_rest_day, make_stats])
def test_row_is_found_by_username_and_opens(staff_client, make):
    row, other = make(), make()
    changelist, change = urls_of(row)
    found = staff_client.get(changelist, {"q": row.user.username}).context["cl"].result_list
    assert row in found
    assert other not in found
    assert staff_client.get(change).status_code == 200


def test_no_page_shows_moods_or_notes(staff_client):
    row = make_private_checkin()
    for url in urls_of(row):
        page = staff_client.get(url).content.decode()
        assert SECRET not in page
        assert "mood" not in page.lower()


@pytest.mark.parametrize("make", [make_private_checkin, make_rest_day, make_stats])
def test_rows_are_read_only(staff_client, make):
    row = make()
    _, change = urls_of(row)
    assert staff_client.post(change, {}).status_code == 403
    assert staff_client.post(change.replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403


def test_filter_lists_streaks_by_state(staff_client):
    alive = make_stats()
    over = make_checkin(make_member(), days_ago(9)).user.stats
    MemberStats.objects.filter(pk=over.pk).update(current_streak=4)
    changelist, _ = urls_of(alive)

    def listed(state):
        return list(staff_client.get(changelist, {"streak": state}).context["cl"].result_list)

    assert listed("alive") == [alive]
    assert listed("over") == [over]
    assert alive not in listed("none")
    page = staff_client.get(changelist, {"streak": "over"}).content.decode()
    assert re.search(r'<td class="field-shown_streak[^>]*>\s*0\s*</td>', page)


@pytest.mark.parametrize("make", [make_private_checkin, make_rest_day, make_stats])
def test_number_of_queries_is_constant(staff_client, queries_of, make):
    changelist, _ = urls_of(make())
    few = queries_of(lambda: staff_client.get(changelist))
    for _ in range(8):
        make()
    assert len(queries_of(lambda: staff_client.get(changelist))) == len(few)
