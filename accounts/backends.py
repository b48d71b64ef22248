from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import User, zone_at
from database.compiled import compiled


class EmailBackend(AuthenticationBackend):
    """Sign-in by e-mail; a request's user comes with member, profile and the clock that holds now in one query."""

    def get_user(self, user_id):
        for user in _users(user_id):
            user.member.zone = user.zone
            return user if self.user_can_authenticate(user) else None
        return None


@compiled
def _users(user_id: UUID) -> QuerySet:
    """The one, or none."""
    users = User.objects.select_related("member__profile").annotate(zone=zone_at(Now(), member="member"))
    return users.filter(pk=user_id)
