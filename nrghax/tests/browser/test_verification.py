"""Proof of mastery in a browser: submission, review, and the verified hack."""

import re

import pytest
from playwright.sync_api import expect

from nrghax.tests.browser.conftest import DESKTOP, PHONE, sign_in, wait_for
from nrghax.tests.browser.test_accessibility import violations

pytestmark = pytest.mark.browser

PRACTISED = """
INSERT INTO user_hack_progress (id, user_id, hack_id, total_practice_count)
SELECT gen_random_uuid(), users.id, hacks.id, %s FROM users, hacks WHERE username = %s AND slug = 'energy-programming'
RETURNING id
"""
TWO_REVIEWS = """
INSERT INTO hack_verification_reviews (id, verification_id, round, is_authentic, comment, seconds)
SELECT gen_random_uuid(), hack_verifications.id, round, true, '', 60
FROM hack_verifications JOIN users ON users.id = user_id, generate_series(1, 2) WHERE username = %s
RETURNING id
"""
NOTIFICATIONS = "SELECT title FROM notifications JOIN users ON users.id = user_id WHERE username = %s AND type = %s"


def test_peers_verify_submission(visit, product):
    product.query(PRACTISED, 10, "demo_learner")
    product.query(PRACTISED, 30, "demo_staff")
    learner, reviewer = visit(PHONE), visit(DESKTOP, color_scheme="dark")
    sign_in(learner, "learner@example.com", "breathe-in-slowly")
    page = learner.go("/hacks/energy-programming/")
    page.get_by_role("link", name="Prove your mastery").click()
    found = violations(page)
    for number, field in enumerate(page.locator("main textarea").all(), start=1):
        field.press_sequentially(f"Answer {number}.")
    expect(page.get_by_text("Draft saved at")).to_be_visible()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Place 1 in the queue.")).to_be_visible()
    found += violations(page)
    assert len(product.query(TWO_REVIEWS, "demo_learner")) == 2

    sign_in(reviewer, "staff@example.com", "curate-with-care")
    page = reviewer.go("/verification/")
    found += violations(page)
    page.get_by_role("button", name="Review the next one").click()
    expect(page.get_by_text("Answer 1.")).to_be_visible()
    page.get_by_role("button", name="Send review").click()
    expect(page.get_by_text("Choose one of the two answers.")).to_be_visible()
    found += violations(page)
    page.get_by_text(re.compile("^Authentic:")).click()
    page.get_by_role("button", name="Send review").click()
    expect(page.get_by_text("Thank you for your review.")).to_be_visible()

    page = learner.go("/verification/energy-programming/")
    expect(page.get_by_role("heading", name="You have mastered Energy Programming")).to_be_visible()
    found += violations(page)
    assert found == []
    wait_for(lambda: product.query(NOTIFICATIONS, "demo_learner", "verification_decided"))
