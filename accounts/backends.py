from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import User, zone_at
from database.compiled import compiled


class EmailBackend(AuthenticationBackend):
    """Login by email. Loads a request's user, member, profile and current time zone in one query."""

    def get_user(self, user_id):
        for user in _users(user_id):
            user.member.zone = user.zone
            return user if self.user_can_authenticate(user) else None
        return None


@compiled
def _users(user_id: UUID) -> QuerySet:
    users = User.objects.select_related("member__profile").annotate(zone=zone_at(Now(), member="member"))
    return users.filter(pk=user_id)
