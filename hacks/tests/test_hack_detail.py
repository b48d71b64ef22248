from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.tests.factories import make_member
from accounts.tests.markup import read_page
from database.identity import Role, database_identity
from hacks.models import Hack, HackCategory, UserHackProgress
from hacks.tests.factories import HackFactory
from practice.tests.factories import make_session

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)


def practise(member, hack, times):
    for day in range(times):
        make_session(member, hack, started_at=MORNING + timedelta(days=day), minutes=10)


def read_hack_page(client, hack):
    response = client.get(hack.get_absolute_url())
    read_page(response)
    return response.content.decode()


def test_visitor_reads_guide_and_is_invited_to_sign_up(client):
    hack = HackFactory(text_guide="## How\n\nSit **down**.", duration_minutes=1, difficulty_level=4)
    content = read_hack_page(client, hack)
    assert "Sit <strong>down</strong>." in content
    assert "1 minute\n" in content
    assert "4 of 5" in content
    assert f"/accounts/signup/?next={hack.get_absolute_url()}" in content
    assert f"/practice/{hack.slug}/" not in content
    assert "Your notes" not in content
    assert 'name="is_favourite"' not in content


def test_visitor_sees_prerequisite_and_criteria(client):
    first = HackFactory(name="First steps")
    hack = HackFactory(prerequisite_hack=first, unlock_criteria={"practice_count": 3, "days_active": 2})
    content = read_hack_page(client, hack)
    assert "Unlocks after First steps" in content
    assert "3 practices, 2 days" in content
    assert "How to do it" in content
    assert "<progress" not in content


def test_member_can_start_log_and_write_notes(member_client):
    hack = HackFactory()
    content = read_hack_page(member_client, hack)
    assert f'href="/practice/{hack.slug}/"' in content
    assert f'href="/practice/log/?hack={hack.slug}"' in content
    assert "Your notes" in content
    assert "Practised" not in content


def test_member_sees_own_totals_only(member_client, member):
    hack = HackFactory()
    practise(member, hack, times=5)
    practise(make_member(), hack, times=2)
    content = " ".join(read_hack_page(member_client, hack).split())
    assert "5 times on 5 days" in content
    assert "50 minutes" in content
    assert "<dt>Mastery</dt> <dd> 2 of 5" in content


def test_locked_hack_shows_progress_and_next_hack(member_client, member):
    first = HackFactory(name="First steps")
    hack = HackFactory(prerequisite_hack=first, unlock_criteria={"practice_count": 7, "days_active": 3})
    practise(member, first, times=5)
    content = read_hack_page(member_client, hack)
    assert "Unlocks after First steps" in content
    assert "5 of 7 practices" in content
    assert "3 of 3 days" in content
    assert '<progress value="5" max="7"' in content
    assert "Practise First steps next" in content
    assert f'href="/practice/{hack.slug}/"' not in content


def test_locked_hack_shows_verification_criterion(member_client, member):
    first = HackFactory(requires_verification=True, verification_questions=["How?"])
    hack = HackFactory(prerequisite_hack=first, unlock_criteria={"verified": 1})
    practise(member, first, times=1)
    content = read_hack_page(member_client, hack)
    assert "Verification by your peers" in content
    assert "0 of 1 verification" in content
    UserHackProgress.objects.filter(user=member, hack=first).update(verified_at=timezone.now())
    assert "This hack unlocks in about a minute" in read_hack_page(member_client, hack)
    assert "1 of 1 verification" in read_hack_page(member_client, first)


def test_next_hack_is_nearest_open_prerequisite(member_client, member):
    first = HackFactory(name="First steps")
    second = HackFactory(name="Second steps", prerequisite_hack=first)
    third = HackFactory(name="Third steps", prerequisite_hack=second)
    hack = HackFactory(prerequisite_hack=third)
    assert "Practise First steps next" in read_hack_page(member_client, hack)
    UserHackProgress.objects.create(user=member, hack=second, unlocked_at=timezone.now())
    assert "Practise Second steps next" in read_hack_page(member_client, hack)


def test_page_says_hack_unlocks_soon_when_criteria_are_met(member_client, member):
    first = HackFactory()
    hack = HackFactory(prerequisite_hack=first)
    practise(member, first, times=1)
    content = read_hack_page(member_client, hack)
    assert "This hack unlocks in about a minute" in content
    assert "next</a>" not in content


def test_unlocked_hack_can_be_practised(member_client, member):
    hack = HackFactory(prerequisite_hack=HackFactory())
    UserHackProgress.objects.create(user=member, hack=hack, unlocked_at=timezone.now())
    content = read_hack_page(member_client, hack)
    assert "Unlocks after" not in content
    assert f'href="/practice/{hack.slug}/"' in content


def test_hacks_that_it_unlocks_are_shown_with_progress(member_client, member):
    hack = HackFactory()
    HackFactory(name="Afterwards", prerequisite_hack=hack, unlock_criteria={"practice_count": 4})
    HackFactory(name="Unfinished", prerequisite_hack=hack, is_active=False)
    practise(member, hack, times=3)
    content = read_hack_page(member_client, hack)
    assert "Afterwards" in content
    assert "3 of 4 practices" in content
    assert "Unfinished" not in content


def test_questions_are_shown_when_verification_is_required(client):
    with_verification = HackFactory(requires_verification=True, verification_questions=["How does it <i>feel</i>?"])
    without_verification = HackFactory(requires_verification=False, verification_questions=["What changed?"])
    assert "How does it &lt;i&gt;feel&lt;/i&gt;?" in read_hack_page(client, with_verification)
    assert "What changed?" not in read_hack_page(client, without_verification)


def test_unpublished_hack_is_visible_only_to_member_who_practised_it(client, sign_in, member):
    hack = HackFactory(is_active=False)
    stranger, fan = make_member(), make_member()
    practise(member, hack, times=1)
    UserHackProgress.objects.create(user=fan, hack=hack, is_favorite=True)
    assert client.get(hack.get_absolute_url()).status_code == 404
    assert sign_in(stranger).get(hack.get_absolute_url()).status_code == 404
    assert sign_in(fan).get(hack.get_absolute_url()).status_code == 404
    assert "no longer in the library" in read_hack_page(sign_in(member), hack)


def test_unknown_slug_is_not_found(client):
    assert client.get("/hacks/nowhere/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_page_refuses_other_methods_hack_page(client, method):
    assert getattr(client, method)(HackFactory().get_absolute_url()).status_code == 405


def test_player_loads_only_on_click(client):
    hack = HackFactory(content_url="https://www.youtube-nocookie.com/embed/abc")
    content = read_hack_page(client, hack)
    assert "<iframe" not in content
    assert 'data-player="https://www.youtube-nocookie.com/embed/abc"' in content
    assert 'rel="noopener noreferrer"' in content
    assert "js/player.js" in content


def test_own_audio_loads_only_on_play(client, settings):
    settings.MEDIA_SOURCES = ["https://media.example.org"]
    hack = HackFactory(content_url="https://media.example.org/breath.mp3")
    content = read_hack_page(client, hack)
    assert "<audio" in content
    assert 'preload="none"' in content
    assert "js/player.js" not in content


def test_media_from_unknown_host_is_left_out(client):
    content = read_hack_page(client, HackFactory(content_url="https://evil.example/embed/abc"))
    assert "evil.example" not in content


def test_texts_of_staff_are_escaped(client):
    hack = HackFactory(name="<b>Bold</b>", short_description="<i>it</i>", text_guide="<script>alert(1)</script>")
    content = read_hack_page(client, hack)
    for tag in ("<b>Bold", "<i>it", "<script>alert"):
        assert tag not in content


def test_queries_do_not_grow_with_hacks_and_sessions(sign_in, member, queries_of):
    client = sign_in(member)
    first = HackFactory()
    hack = HackFactory(prerequisite_hack=first)

    def count_queries_after_adding(count, page):
        for _ in range(count):
            HackFactory(prerequisite_hack=hack)
        practise(member, first, times=count)
        return len(queries_of(lambda: client.get(page.get_absolute_url())))

    locked = count_queries_after_adding(1, hack)
    assert locked == count_queries_after_adding(10, hack) <= 8
    UserHackProgress.objects.update_or_create(user=member, hack=hack, defaults={"unlocked_at": timezone.now()})
    assert count_queries_after_adding(1, hack) == count_queries_after_adding(10, hack) <= 7


def test_page_shows_edit_of_staff_at_once(member_client, member):
    """Most of the page comes from a cache, whose key holds everything that it shows."""
    before = HackFactory(name="Soft gaze")
    hack = HackFactory(name="Long breath", prerequisite_hack=None)
    practise(member, hack, 1)
    read_hack_page(member_client, hack)
    questions = {"requires_verification": True, "verification_questions": ["What did the breath do?"]}
    with database_identity(Role.STAFF):
        for changes, shown in (
            ({"name": "Longer breath"}, "<h1>Longer breath</h1>"),
            ({"short_description": "A new line."}, '<p class="page-header__lead">A new line.</p>'),
            ({"description": "A new description."}, '<p class="lead">A new description.</p>'),
            ({"text_guide": "A new guide."}, "<p>A new guide.</p>"),
            ({"content_url": "https://player.vimeo.com/video/1"}, "https://player.vimeo.com/video/1"),
            ({"duration_minutes": 17}, "17 minutes"),
            ({"difficulty_level": 5}, 'data-level="5"'),
            (questions, "<li>What did the breath do?</li>"),
            ({"prerequisite_hack": before}, "Soft gaze</a>"),
            ({"is_active": False}, "This hack is no longer in the library."),
        ):
            Hack.objects.filter(pk=hack.pk).update(**changes)
            assert shown in read_hack_page(member_client, hack)
        for changes, shown in (
            ({"title": "New shelf"}, "New shelf"),
            ({"name": "shelf"}, 'data-category="shelf"'),
            ({"icon_url": "flame"}, "#flame"),
        ):
            HackCategory.objects.filter(pk=hack.category_id).update(**changes)
            assert shown in read_hack_page(member_client, hack)
