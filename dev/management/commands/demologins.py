from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import Member, Profile, User

LEARNER = ("learner@example.com", "breathe-in-slowly")
STAFF = ("staff@example.com", "curate-with-care")


class Command(BaseCommand):
    help = "Make a learner and a staff member with public passwords, for development only. It can be run again."

    def handle(self, *args, **options) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo logins have public passwords, so they are made only with DEBUG=true.")
        _ensure_login(LEARNER, username="demo_learner", display_name="Lea Learner")
        _ensure_login(STAFF, username="demo_staff", display_name="Sam Staff", is_staff=True, is_superuser=True)
        for email, password in (LEARNER, STAFF):
            self.stdout.write(f"{email} / {password}")


@transaction.atomic
def _ensure_login(login: tuple[str, str], *, username: str, display_name: str, **flags: bool) -> None:
    email, password = login
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, password, **flags)
        # A trigger has made the member and the profile. Another member may have taken the username.
        if not Member.objects.filter(username__iexact=username).exists():
            Member.objects.filter(pk=user.pk).update(username=username)
        Member.objects.filter(pk=user.pk).update(display_name=display_name)
        Profile.objects.filter(pk=user.pk).update(onboarding_completed=True)
    elif not (user.is_active and user.check_password(password)):
        user.is_active = True
        user.set_password(password)
        user.save(update_fields=["is_active", "password"])
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
