from allauth.account.auth_backends import AuthenticationBackend
from django.db.models.functions import Now

from accounts.models import User, zone_at


class EmailBackend(AuthenticationBackend):
    """Sign-in by e-mail; a request's user comes with member, profile and the clock that holds now in one query."""

    def get_user(self, user_id):
        users = User.objects.select_related("member__profile").annotate(zone=zone_at(Now(), member="member"))
        user = users.filter(pk=user_id).first()
        if user:
            user.member.zone = user.zone
        return user if user and self.user_can_authenticate(user) else None
