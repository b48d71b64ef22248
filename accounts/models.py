"""A person is three rows with one key: User (credentials), Member (the public card) and Profile (private settings).

The trigger `app.welcome_user()` creates the member and the profile for every new user.
"""

from datetime import date, datetime, time
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.mail import send_mail
from django.db import models
from django.db.models.functions import Lower, Now
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from uuid_utils.compat import uuid7

from accounts import rules
from database.constraints import SqlCheck
from database.local_days import DayBegins, LocalDate, local_date


class UserManager(BaseUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address in lower case: nearly every mail host ignores case."""
        return super().normalize_email(email).lower()

    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        if not email:
            raise ValueError("A user needs an email address.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        """Create a superuser with a confirmed address: the operator vouches for it, and email may not be set up yet."""
        user = self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Credentials: no member's role can read this table."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField("email address", max_length=254, unique=True)
    is_active = models.BooleanField(default=True, help_text="Untick instead of deleting an account.")
    is_staff = models.BooleanField(default=False, help_text="Can use the admin.")
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_unique")]

    def __str__(self) -> str:
        return self.email

    @classmethod
    def from_db(cls, *args, **kwargs):
        user = super().from_db(*args, **kwargs)
        user._store_values()
        return user

    def save(self, **kwargs) -> None:
        """Update only the changed fields: allauth saves all, but its pages' database role may not write the flags."""
        if not self._state.adding and kwargs.get("update_fields") is None and not kwargs.get("force_insert"):
            kwargs["update_fields"] = [name for name, value in self._stored.items() if getattr(self, name) != value]
        super().save(**kwargs)
        self._store_values()

    def _store_values(self) -> None:
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
    """Return the settings of a new member: everything is private."""
    return {"leaderboard_visible": False, "profile_public": False}


def zone_at(moment: models.Expression, *, member: str) -> models.Func:
    """Return an SQL expression for a member's time zone at a moment; `member` is the path to the member's key.

    It calls the database's app.zone_of, which triggers use too.
    """
    prefix = "profile__" if member == "pk" else f"{member}__profile__"
    home = (models.F(f"{prefix}timezone"), models.F(f"{prefix}day_start"))
    return models.Func(models.F(member), moment, *home, function="app.zone_of", output_field=models.CharField())


class LocalDay(NamedTuple):
    """A member's day: its date, the moment it ends, and the time zone it is in."""

    date: date
    ends_at: datetime
    zone: str


class MemberQuerySet(models.QuerySet):
    def visible_to(self, member: "Member | None"):
        """Filter to those whose profile `member` may see; None is a visitor. The row-level policies are the same."""
        public = models.Q(is_active=True, privacy_settings__profile_public=True)
        return self.filter(public | models.Q(pk=member.pk) if member else public)

    def named(self, username: str):
        """Filter to the member with this username, ignoring case."""
        return self.alias(lower_username=Lower("username")).filter(lower_username=username.lower())

    def once_named(self, username: str):
        """Filter to the member who had this username before, ignoring case."""
        former = models.Q(lower_former=username.lower())
        return self.alias(lower_former=Lower("former_usernames__username")).filter(former)


class Member(models.Model):
    """The public card of a person. Every row that belongs to a person has a foreign key to it."""

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
    is_active = models.BooleanField(
        default=True,
        db_default=True,
        editable=False,
        help_text="Copied from the user, for roles that can't read users.",
    )
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
            SqlCheck(
                sql="jsonb_typeof(privacy_settings -> 'leaderboard_visible') = 'boolean'"
                " AND jsonb_typeof(privacy_settings -> 'profile_public') = 'boolean'",
                name="users_privacy_settings_are_switches",
            ),
        ]
        # Only a few members are banned, so a partial index finds them without reading the table.
        indexes = [models.Index(fields=["user"], condition=models.Q(is_active=False), name="users_banned")]

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_absolute_url(self) -> str:
        return reverse("accounts:profile", args=[self.username])

    def can_take_username(self, username: str) -> bool:
        """Return whether the username is free: no other member has it, and it isn't reserved for a former owner."""
        others = Member.objects.named(username).exclude(pk=self.pk)
        is_reserved = models.Func(
            models.Value(username),
            models.F("pk"),
            function="app.username_is_reserved",
            output_field=models.BooleanField(),
        )
        return not Member.objects.filter(models.Exists(others) | models.Q(is_reserved), pk=self.pk).exists()

    def read_local_day(self) -> LocalDay:
        """Return the member's current day, computed by the database."""
        now, day_start = models.Value(timezone.now()), models.F("profile__day_start")
        zone = zone_at(now, member="pk")
        today = LocalDate(now, zone, day_start)
        tomorrow = models.ExpressionWrapper(today + 1, output_field=models.DateField())
        ends_at = DayBegins(tomorrow, zone, day_start)
        return LocalDay(*Member.objects.filter(pk=self.pk).values_list(today, ends_at, zone).get())

    def date_at(self, moment: datetime) -> date:
        """Return the member's date at a moment, in their current time zone."""
        return local_date(moment, self.zone, self.profile.day_start)

    @property
    def today(self) -> date:
        return self.date_at(timezone.now())

    @cached_property
    def zone(self) -> str:
        """The member's current time zone. `EmailBackend` sets it for a request's member, which saves a query."""
        return self.zone_at(timezone.now())

    def zone_at(self, moment: datetime) -> str:
        """Return the member's time zone at a moment: that of a declared trip, else the profile's."""
        return Member.objects.values_list(zone_at(models.Value(moment), member="pk"), flat=True).get(pk=self.pk)


class UsernameHistory(models.Model):
    """A member's former username. Links to it redirect, and it stays reserved for a while. A trigger writes the row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="former_usernames")
    username = models.CharField(max_length=rules.USERNAME_MAX_LENGTH)
    until = models.DateTimeField()

    class Meta:
        db_table = "username_history"
        verbose_name = "former username"
        constraints = [models.UniqueConstraint(Lower("username"), name="username_history_once")]

    def __str__(self) -> str:
        return f"{self.username} until {self.until:%Y-%m-%d}"


class Profile(models.Model):
    """A member's private settings."""

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
        db_default=False, default=False, help_text="For members who would rather not see their streak."
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
