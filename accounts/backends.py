from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User


class EmailBackend(AuthenticationBackend):
    """Sign-in by e-mail; a request's user comes with member and profile in one query."""

    def get_user(self, user_id):
        user = User.objects.select_related("member__profile").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
