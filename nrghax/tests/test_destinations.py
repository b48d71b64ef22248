"""A notification leads to its page, and to an overview once the page no longer opens for the member."""

import pytest
from django.urls import reverse

from accounts.models import Profile
from analytics.models import Notification
from analytics.notifications.destinations import leads_to
from analytics.notifications.types import NotificationType
from community.tests.factories import make_verified_hack
from database.identity import Role, database_identity
from gamification.tests.factories import AchievementFactory
from hacks.models import Hack

pytestmark = pytest.mark.django_db


def open_notification(client, member, route, slug):
    """Return the path that the opened notification leads to. The page there must open."""
    notification = Notification.objects.create(
        user=member, type=NotificationType.HACK_UNLOCKED, subject=slug, title="News", data=leads_to(route, slug=slug)
    )
    response = client.post(reverse("analytics:notification-open", args=[notification.pk]), follow=True)
    notification.delete()
    assert response.status_code == 200
    [(path, _)] = response.redirect_chain
    return path


def test_hack_without_verification_leads_to_overview(member_client, member):
    hack = make_verified_hack()
    route = "community:verification-edit"
    assert open_notification(member_client, member, route, hack.slug) == reverse(route, args=[hack.slug])
    with database_identity(Role.STAFF):
        Hack.objects.filter(pk=hack.pk).update(requires_verification=False)
    assert open_notification(member_client, member, route, hack.slug) == reverse("community:verification-list")


def test_streak_achievement_leads_to_list_when_member_hides_streaks(member_client, member):
    achievement = AchievementFactory(criteria_json={"type": "streak", "value": 7})
    route = "gamification:achievement-detail"
    page = reverse(route, args=[achievement.slug])
    assert open_notification(member_client, member, route, achievement.slug) == page
    Profile.objects.filter(pk=member.pk).update(hide_streaks=True)
    path = open_notification(member_client, member, route, achievement.slug)
    assert path == reverse("gamification:achievement-list")
