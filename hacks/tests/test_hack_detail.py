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


def read(client, hack):
    response = client.get(hack.get_absolute_url())
    read_page(response)
    return response.content.decode()


def test_a_visitor_reads_the_guide_and_is_invited(client):
    hack = HackFactory(text_guide="## How\n\nSit **down**.", duration_minutes=1, difficulty_level=4)
    content = read(client, hack)
    assert "Sit <strong>down</strong>." in content
    assert "1 minute\n" in content
    assert "4 of 5" in content
    assert f"/accounts/signup/?next={hack.get_absolute_url()}" in content
    assert f"/practice/{hack.slug}/" not in content
    assert "Your notes" not in content
    assert 'name="is_favourite"' not in content


def test_a_visitor_hears_what_a_hack_builds_on(client):
    first = HackFactory(name="First steps")
    hack = HackFactory(prerequisite_hack=first, unlock_criteria={"practice_count": 3, "days_active": 2})
    content = read(client, hack)
    assert "Opens after First steps" in content
    assert "3 practices, 2 days" in content
    assert "How to do it" in content
    assert "<progress" not in content


def test_a_member_starts_logs_and_keeps(member_client):
    hack = HackFactory()
    content = read(member_client, hack)
    assert f'href="/practice/{hack.slug}/"' in content
    assert f'href="/practice/log/?hack={hack.slug}"' in content
    assert "Your notes" in content
    assert "Practised" not in content


def test_a_member_sees_their_own_totals_and_nobody_elses(member_client, member):
    hack = HackFactory()
    practise(member, hack, times=5)
    practise(make_member(), hack, times=2)
    content = " ".join(read(member_client, hack).split())
    assert "5 times on 5 days" in content
    assert "50 minutes" in content
    assert "<dt>Mastery</dt> <dd> 2 of 5" in content


def test_a_locked_hack_says_how_far_it_is_and_what_comes_next(member_client, member):
    first = HackFactory(name="First steps")
    hack = HackFactory(prerequisite_hack=first, unlock_criteria={"practice_count": 7, "days_active": 3})
    practise(member, first, times=5)
    content = read(member_client, hack)
    assert "Opens after First steps" in content
    assert "5 of 7 practices" in content
    assert "3 of 3 days" in content
    assert '<progress value="5" max="7"' in content
    assert "Practise First steps next" in content
    assert f'href="/practice/{hack.slug}/"' not in content


def test_what_asks_for_a_verification_says_so(member_client, member):
    first = HackFactory(requires_verification=True, verification_questions=["How?"])
    hack = HackFactory(prerequisite_hack=first, unlock_criteria={"verified": 1})
    practise(member, first, times=1)
    content = read(member_client, hack)
    assert "Be verified in it by your peers" in content
    assert "0 of 1 verification" in content
    UserHackProgress.objects.filter(user=member, hack=first).update(verified_at=timezone.now())
    assert "It opens in a moment" in read(member_client, hack)
    assert "1 of 1 verification" in read(member_client, first)


def test_far_down_the_way_the_next_is_the_nearest_that_is_open(member_client, member):
    first = HackFactory(name="First steps")
    second = HackFactory(name="Second steps", prerequisite_hack=first)
    third = HackFactory(name="Third steps", prerequisite_hack=second)
    hack = HackFactory(prerequisite_hack=third)
    assert "Practise First steps next" in read(member_client, hack)
    UserHackProgress.objects.create(user=member, hack=second, unlocked_at=timezone.now())
    assert "Practise Second steps next" in read(member_client, hack)


def test_between_the_last_practice_and_the_worker_it_says_that_it_opens_soon(member_client, member):
    first = HackFactory()
    hack = HackFactory(prerequisite_hack=first)
    practise(member, first, times=1)
    content = read(member_client, hack)
    assert "It opens in a moment" in content
    assert "next</a>" not in content


def test_an_unlocked_hack_is_practised_like_any_other(member_client, member):
    hack = HackFactory(prerequisite_hack=HackFactory())
    UserHackProgress.objects.create(user=member, hack=hack, unlocked_at=timezone.now())
    content = read(member_client, hack)
    assert "Opens after" not in content
    assert f'href="/practice/{hack.slug}/"' in content


def test_what_it_leads_to_is_shown_with_the_members_progress(member_client, member):
    hack = HackFactory()
    HackFactory(name="Afterwards", prerequisite_hack=hack, unlock_criteria={"practice_count": 4})
    HackFactory(name="Unfinished", prerequisite_hack=hack, is_active=False)
    practise(member, hack, times=3)
    content = read(member_client, hack)
    assert "Afterwards" in content
    assert "3 of 4 practices" in content
    assert "Unfinished" not in content


def test_questions_of_a_verified_hack_are_there_to_reflect_on(client):
    asked = HackFactory(requires_verification=True, verification_questions=["How does it <i>feel</i>?"])
    not_asked = HackFactory(requires_verification=False, verification_questions=["What changed?"])
    assert "How does it &lt;i&gt;feel&lt;/i&gt;?" in read(client, asked)
    assert "What changed?" not in read(client, not_asked)


def test_an_unpublished_hack_is_there_for_those_who_practised_it_alone(client, sign_in, member):
    hack = HackFactory(is_active=False)
    stranger, keeper = make_member(), make_member()
    practise(member, hack, times=1)
    UserHackProgress.objects.create(user=keeper, hack=hack, is_favorite=True)
    assert client.get(hack.get_absolute_url()).status_code == 404
    assert sign_in(stranger).get(hack.get_absolute_url()).status_code == 404
    assert sign_in(keeper).get(hack.get_absolute_url()).status_code == 404
    assert "no longer in the library" in read(sign_in(member), hack)


def test_an_unknown_slug_is_not_found(client):
    assert client.get("/hacks/nowhere/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_only_read(client, method):
    assert getattr(client, method)(HackFactory().get_absolute_url()).status_code == 405


def test_no_request_leaves_for_a_provider_before_somebody_asks(client):
    hack = HackFactory(content_url="https://www.youtube-nocookie.com/embed/abc")
    content = read(client, hack)
    assert "<iframe" not in content
    assert 'data-player="https://www.youtube-nocookie.com/embed/abc"' in content
    assert 'rel="noopener noreferrer"' in content
    assert "js/player.js" in content


def test_our_own_recordings_wait_for_play_too(client, settings):
    settings.MEDIA_SOURCES = ["https://media.example.org"]
    hack = HackFactory(content_url="https://media.example.org/breath.mp3")
    content = read(client, hack)
    assert "<audio" in content
    assert 'preload="none"' in content
    assert "js/player.js" not in content


def test_media_from_elsewhere_is_left_out(client):
    content = read(client, HackFactory(content_url="https://evil.example/embed/abc"))
    assert "evil.example" not in content


def test_what_staff_write_is_escaped(client):
    hack = HackFactory(name="<b>Bold</b>", short_description="<i>it</i>", text_guide="<script>alert(1)</script>")
    content = read(client, hack)
    for tag in ("<b>Bold", "<i>it", "<script>alert"):
        assert tag not in content


def test_queries_do_not_grow(sign_in, member, queries_of):
    client = sign_in(member)
    first = HackFactory()
    hack = HackFactory(prerequisite_hack=first)

    def look_after_adding(count, page):
        for _ in range(count):
            HackFactory(prerequisite_hack=hack)
        practise(member, first, times=count)
        return len(queries_of(lambda: client.get(page.get_absolute_url())))

    locked = look_after_adding(1, hack)
    assert locked == look_after_adding(10, hack) <= 8
    UserHackProgress.objects.update_or_create(user=member, hack=hack, defaults={"unlocked_at": timezone.now()})
    assert look_after_adding(1, hack) == look_after_adding(10, hack) <= 7


def test_a_page_that_was_shown_before_shows_what_staff_have_changed_since(member_client, member):
    """Most of it is rendered once for everybody, for as long as all that it shows is the same."""
    before = HackFactory(name="Soft gaze")
    hack = HackFactory(name="Long breath", prerequisite_hack=None)
    practise(member, hack, 1)
    read(member_client, hack)
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
            assert shown in read(member_client, hack)
        for changes, shown in (
            ({"title": "New shelf"}, "New shelf"),
            ({"name": "shelf"}, 'data-category="shelf"'),
            ({"icon_url": "flame"}, "#flame"),
        ):
            HackCategory.objects.filter(pk=hack.category_id).update(**changes)
            assert shown in read(member_client, hack)
