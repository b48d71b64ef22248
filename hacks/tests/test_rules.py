import pytest
from django.core.exceptions import ValidationError

from hacks import rules


@pytest.mark.parametrize(
    "criteria",
    [{}, {"practice_count": 1}, {"days_active": 1000}, {"practice_count": 7, "days_active": 3}, {"verified": 1}],
)
def test_valid_criteria_are_accepted(criteria):
    rules.validate_unlock_criteria(criteria)


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ({"practices": 3}, "“practices” isn't a criterion. Use practice_count, days_active, verified."),
        ({"practice_count": "3"}, "“practice_count” must be a whole number from 1 to 1000."),
        ({"practice_count": 0}, "“practice_count” must be a whole number from 1 to 1000."),
        ({"practice_count": 1001}, "“practice_count” must be a whole number from 1 to 1000."),
        ({"days_active": True}, "“days_active” must be a whole number from 1 to 1000."),
        ({"days_active": 2.5}, "“days_active” must be a whole number from 1 to 1000."),
        ({"verified": 2}, "“verified” must be 1."),
        ({"verified": True}, "“verified” must be a whole number from 1 to 1000."),
        ({"days_active": None}, "“days_active” must be a whole number from 1 to 1000."),
        ([], 'Enter an object such as {"practice_count": 7}.'),
        ("7", 'Enter an object such as {"practice_count": 7}.'),
    ],
)
def test_invalid_criteria_are_refused_with_message(criteria, message):
    with pytest.raises(ValidationError) as refusal:
        rules.validate_unlock_criteria(criteria)
    assert refusal.value.messages == [message]


@pytest.mark.parametrize("questions", ["How?", {}, [""], ["  "], [1], None])
def test_questions_must_be_list_of_texts(questions):
    with pytest.raises(ValidationError):
        rules.validate_verification_questions(questions)


def test_steps_show_progress_up_to_needed_count():
    criteria = {"verified": 1, "days_active": 3, "practice_count": 7}
    steps = rules.steps_to_unlock(criteria, practice_count=5, days_active=4, is_verified=False)
    assert steps == [
        rules.Step("practice_count", "practices", done=5, needed=7),
        rules.Step("days_active", "days", done=3, needed=3),
        rules.Step("verified", "verification", done=0, needed=1),
    ]
    assert rules.steps_to_unlock({"verified": 1}, practice_count=5, days_active=4, is_verified=True) == [
        rules.Step("verified", "verification", done=1, needed=1)
    ]


def test_empty_criteria_need_one_practice():
    assert rules.steps_to_unlock({}, practice_count=0, days_active=0, is_verified=False) == [
        rules.Step("practice_count", "practice", done=0, needed=1)
    ]


def test_prerequisite_chain_is_nearest_first():
    assert rules.prerequisite_chain("c", {"a": None, "b": "a", "c": "b", "d": "c"}) == ["b", "a"]
    assert rules.prerequisite_chain("a", {"a": None}) == []


def test_prerequisite_chain_ends_before_cycle():
    assert rules.prerequisite_chain("a", {"a": "b", "b": "c", "c": "b"}) == ["b", "c"]
    assert rules.prerequisite_chain("a", {"a": "b", "b": "a"}) == ["b"]


def test_cycles_are_found():
    assert rules.has_cycle({"a": "b", "b": "a"}, start="a")
    assert rules.has_cycle({"a": "a"}, start="a")
    assert not rules.has_cycle({"a": "b", "b": None}, start="a")


OWN_SOURCES = ["https://media.example.org"]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://www.youtube-nocookie.com/embed/abc", "player"),
        ("https://player.vimeo.com/video/123", "player"),
        ("https://media.example.org/breath.MP3", "audio"),
        ("https://media.example.org/breath.mp4?v=2", "video"),
    ],
)
def test_media_of_allowed_url(url, kind):
    assert rules.media_of(url, OWN_SOURCES).kind == kind


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://www.youtube-nocookie.com/embed/abc",
        "https://www.youtube.com/embed/abc",
        "https://www.youtube-nocookie.com/watch?v=abc",
        "https://www.youtube-nocookie.com@evil.example/embed/abc",
        "https://www.youtube-nocookie.com.evil.example/embed/abc",
        "https://evil.example/breath.mp3",
        "https://media.example.org/page.html",
        "https://media.example.org:8443/breath.mp3",
        "javascript:alert(1)",
        "https://[broken/embed/",
    ],
)
def test_media_of_other_url_is_none(url):
    assert rules.media_of(url, OWN_SOURCES) is None


def test_refused_content_url_names_allowed_players(settings):
    settings.MEDIA_SOURCES = []
    with pytest.raises(ValidationError, match=r"www\.youtube-nocookie\.com/embed/"):
        rules.validate_content_url("https://www.youtube.com/watch?v=abc")
    rules.validate_content_url("https://player.vimeo.com/video/123")


@pytest.mark.parametrize("slug", ["log", "sessions", "colours"])
def test_reserved_slug_is_refused(slug):
    with pytest.raises(ValidationError):
        rules.validate_slug(slug)
