"""A person is three rows with one key: credentials (User), the card others see (Member), what is theirs (Profile).

The trigger `app.welcome_user()` makes the member and the profile, however the user came.
"""

from datetime import datetime, time

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.mail import send_mail
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.functional import cached_property
from uuid_utils.compat import uuid7

from accounts import rules


class UserManager(BaseUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Lower case throughout: mailboxes that differ in case alone are one to nearly every host."""
        return super().normalize_email(email).lower()

    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        """The address counts as confirmed: whoever can type on the server vouches for it, and may have no mail yet."""
        user = self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Credentials: no member's role can read this table."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField("e-mail address", max_length=254, unique=True)
    is_active = models.BooleanField(default=True, help_text="Untick instead of deleting an account.")
    is_staff = models.BooleanField(default=False, help_text="May enter the admin.")
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_unique")]

    def __str__(self) -> str:
        return self.email

    @classmethod
    def from_db(cls, db, field_names, values):
        user = super().from_db(db, field_names, values)
        user._remember()
        return user

    def save(self, **kwargs) -> None:
        """Writes what has changed alone: allauth saves users whole, and its pages' role may not touch the flags."""
        if not self._state.adding and kwargs.get("update_fields") is None and not kwargs.get("force_insert"):
            kwargs["update_fields"] = [name for name, value in self._stored.items() if getattr(self, name) != value]
        super().save(**kwargs)
        self._remember()

    def _remember(self) -> None:
        self._stored = {
            field.attname: self.__dict__[field.attname]
            for field in self._meta.concrete_fields
            if field.attname in self.__dict__
        }

    def clean(self) -> None:
        super().clean()
        self.email = self.__class__.objects.normalize_email(self.email)

    def email_user(self, subject: str, message: str, from_email: str | None = None, **kwargs) -> None:
        send_mail(subject, message, from_email, [self.email], **kwargs)


def default_privacy_settings() -> dict[str, bool]:
    """Private until the member says otherwise."""
    return {"leaderboard_visible": False, "profile_public": False}


def zone_at(moment: models.Expression, *, member: str) -> models.Func:
    """The time zone of a member's clock at a moment, in SQL; `member` is the path to the member's key.

    What a zone is has one home, the database's app.zone_of, as triggers ask the same.
    """
    prefix = "profile__" if member == "pk" else f"{member}__profile__"
    home = (models.F(f"{prefix}timezone"), models.F(f"{prefix}day_start"))
    return models.Func(models.F(member), moment, *home, function="app.zone_of", output_field=models.CharField())


class MemberQuerySet(models.QuerySet):
    def named(self, username: str):
        """Whoever has this username, in whatever case."""
        return self.alias(lower_username=Lower("username")).filter(lower_username=username.lower())


class Member(models.Model):
    """The card that other members see; every row of the domain points here."""

    class GraduationStatus(models.TextChoices):
        ACTIVE = "active", "Active"
        GRADUATED = "graduated", "Graduated"
        ALUMNI = "alumni", "Alumni"

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, db_column="id", related_name="member")
    username = models.CharField(max_length=rules.USERNAME_MAX_LENGTH, validators=rules.USERNAME_VALIDATORS)
    display_name = models.CharField(max_length=60)
    avatar_url = models.URLField(blank=True, default="")
    privacy_settings = models.JSONField(default=default_privacy_settings)
    graduation_status = models.CharField(max_length=10, choices=GraduationStatus, default=GraduationStatus.ACTIVE)
    graduated_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = MemberQuerySet.as_manager()

    class Meta:
        db_table = "users"
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="users_username_unique",
                violation_error_message="This username is taken.",
            ),
            models.CheckConstraint(
                condition=models.Q(graduation_status__in=["active", "graduated", "alumni"]),
                name="users_graduation_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(username__regex=r"^[A-Za-z0-9_]{3,30}$"), name="users_username_shape"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username

    @cached_property
    def zone(self) -> str:
        """The time zone of the clock that the member is on now; a request's member brings it along."""
        return self.zone_at(timezone.now())

    def zone_at(self, moment: datetime) -> str:
        """The time zone that judges the member's day at a moment: a declared trip's, else the profile's."""
        return Member.objects.values_list(zone_at(models.Value(moment), member="pk"), flat=True).get(pk=self.pk)


class Profile(models.Model):
    """What belongs to one member alone."""

    class Path(models.TextChoices):
        ENERGY_AWARENESS = "energy_awareness", "Energy awareness"
        PROTECTION = "protection", "Protection"
        FLOW_MASTER = "flow_master", "Flow master"

    member = models.OneToOneField(
        Member, on_delete=models.CASCADE, primary_key=True, db_column="user_id", related_name="profile"
    )
    bio = models.TextField(blank=True, default="", max_length=1000)
    timezone = models.CharField(max_length=64, default="UTC", validators=[rules.validate_timezone])
    day_start = models.TimeField(default=time(0))
    selected_path = models.CharField(max_length=20, choices=Path, blank=True, default="")
    discord_id = models.CharField(max_length=32, null=True, blank=True, unique=True)
    discord_username = models.CharField(max_length=64, blank=True, default="")
    discord_discriminator = models.CharField(max_length=8, blank=True, default="")
    onboarding_completed = models.BooleanField(default=False)
    hide_streaks = models.BooleanField(
        db_default=False, default=False, help_text="Whoever counts too much may rather not be told."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "user_profiles"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(selected_path__in=["", "energy_awareness", "protection", "flow_master"]),
                name="user_profiles_selected_path_known",
            ),
            models.CheckConstraint(
                condition=models.Q(day_start__gte=time(0), day_start__lte=time(6)),
                name="user_profiles_day_starts_by_six",
            ),
        ]

    def __str__(self) -> str:
        return f"Profile of {self.member}"
