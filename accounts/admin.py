from operator import attrgetter

from allauth.account.admin import EmailAddressAdmin as AllauthEmailAddressAdmin
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Exists, Model, OuterRef, Q
from django.forms import BooleanField, ModelForm, URLField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin, StackedInline
from unfold.forms import AdminPasswordChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminURLInputWidget, UnfoldBooleanSwitchWidget

from accounts.actions import replace_email
from accounts.models import Member, Profile, User, UsernameHistory

# Staff use the same login page as members, with its rate limits and its confirmed address.
admin.site.login = secure_admin_login(admin.site.login)

# Sidebar sections: models and their icons (nrghax/admin_site.py).
TOPICS = {
    "People": {
        "accounts.user": "person",
        "accounts.member": "badge",
        "accounts.profile": "tune",
        "accounts.usernamehistory": "manage_history",
        "account.emailaddress": "mail",
        "socialaccount.socialaccount": "link",
        "mfa.authenticator": "key",
        "auth.group": "groups",
    },
}

# The permission that Django names as missing when staff try to delete an account of staff.
OF_STAFF = "account of staff"
PERMISSION_FIELDS = ["is_staff", "is_superuser", "groups", "user_permissions"]


class AccountAdmin(ModelAdmin):
    """Admin of rows that belong to an account.

    Only superusers change or delete what belongs to staff or to a superuser. The database refuses it too
    (sql/schema/staff_accounts.sql). `path_to_user` leads from a row to its user.
    """

    path_to_user: str = "user"

    def may_touch(self, request: HttpRequest, obj: Model | None) -> bool:
        if obj is None or request.user.is_superuser:
            return True
        user = attrgetter(self.path_to_user)(obj) if self.path_to_user else obj
        return not (user.is_staff or user.is_superuser)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and self.may_touch(request, obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and self.may_touch(request, obj)

    def get_deleted_objects(self, objs, request):
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        if not all(self.may_touch(request, obj) for obj in objs):
            missing = {*missing, OF_STAFF}
        return deleted, counts, missing, protected


class UserAddForm(UserCreationForm):
    class Meta:
        model = User
        fields = ["email"]


class UserChangeForm(ModelForm):
    """Change form without the password: neither its hash nor the hash's parameters are shown."""

    class Meta:
        model = User
        fields = ["email", "is_active", *PERMISSION_FIELDS]


@admin.register(User)
class UserAdmin(AccountAdmin, DjangoUserAdmin):
    path_to_user = ""
    form = UserChangeForm
    add_form = UserAddForm
    change_password_form = AdminPasswordChangeForm
    ordering = ["-date_joined"]
    list_display = ["email", "card", "has_confirmed", "is_active", "is_staff", "last_login", "date_joined"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups", "date_joined"]
    list_select_related = ["member"]
    search_fields = ["email", "member__username", "member__display_name"]
    date_hierarchy = "date_joined"
    readonly_fields = ["card", "has_confirmed", "password_link", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "has_confirmed", "card", "password_link"]}),
        ("Permissions", {"fields": ["is_active", *PERMISSION_FIELDS]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "usable_password", "password1", "password2"]})]

    def get_readonly_fields(self, request, obj=None):
        """Let only a superuser grant permissions: other staff must not raise their own or anyone else's."""
        return self.readonly_fields if request.user.is_superuser else [*self.readonly_fields, *PERMISSION_FIELDS]

    def get_deleted_objects(self, objs, request):
        """Name only the users: staff can't read all of their rows, and need no separate permission to delete them."""
        missing = set() if all(self.may_touch(request, user) for user in objs) else {OF_STAFF}
        deleted = [f"{user}, with the journal, progress and everything else of this person" for user in objs]
        return deleted, {self.opts.verbose_name_plural: len(deleted)}, missing, []

    def get_queryset(self, request):
        confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), email=OuterRef("email"), verified=True)
        return super().get_queryset(request).annotate(confirmed=Exists(confirmed))

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            replace_email(user=obj)

    @admin.display(description="member", ordering="member__username")
    def card(self, user: User) -> str:
        url = reverse("admin:accounts_member_change", args=[user.pk])
        return format_html('<a href="{}">{}</a>', url, user.member.username)

    @admin.display(description="confirmed", boolean=True, ordering="confirmed")
    def has_confirmed(self, user: User) -> bool:
        return user.confirmed

    @admin.display(description="password")
    def password_link(self, user: User) -> str:
        return format_html('<a href="../password/">{}</a>', "Change" if user.has_usable_password() else "Set")


class MemberForm(ModelForm):
    """Member form with a checkbox for each privacy switch, as members see them."""

    avatar_url = URLField(required=False, assume_scheme="https", widget=UnfoldAdminURLInputWidget)
    leaderboard_visible = BooleanField(required=False, widget=UnfoldBooleanSwitchWidget)
    profile_public = BooleanField(required=False, widget=UnfoldBooleanSwitchWidget)

    class Meta:
        model = Member
        fields = ["username", "display_name", "avatar_url", "graduation_status", "graduated_at"]

    def __init__(self, *args, instance: Member | None = None, **kwargs) -> None:
        super().__init__(*args, instance=instance, **kwargs)
        for name, is_on in self.instance.privacy_settings.items():
            self.initial[name] = is_on

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if not self.instance.can_take_username(username):
            raise ValidationError("This username is taken, or was given up less than 90 days ago.", code="taken")
        return username

    def save(self, commit: bool = True) -> Member:
        switches = {name: self.cleaned_data[name] for name in ("leaderboard_visible", "profile_public")}
        self.instance.privacy_settings = {**self.instance.privacy_settings, **switches}
        return super().save(commit)


class ProfileInline(StackedInline):
    model = Profile
    can_delete = False
    fields = ["timezone", "day_start", "selected_path", "onboarding_completed", "bio"]

    def has_add_permission(self, request, obj=None):
        return False


class CreatedWithUserAdmin(AccountAdmin):
    """Admin of rows that the database creates and deletes together with the user."""

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Member)
class MemberAdmin(CreatedWithUserAdmin):
    form = MemberForm
    list_display = ["username", "display_name", "email", "graduation_status", "is_public", "created_at"]
    list_filter = ["graduation_status", "profile__onboarding_completed", "profile__selected_path", "created_at"]
    list_select_related = ["user"]
    search_fields = ["username", "display_name", "user__email"]
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    readonly_fields = ["email", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["email", "username", "display_name", "avatar_url"]}),
        ("Privacy", {"fields": ["leaderboard_visible", "profile_public"]}),
        ("Status", {"fields": ["graduation_status", "graduated_at", "created_at", "updated_at"]}),
    ]
    inlines = [ProfileInline]

    @admin.display(description="email address", ordering="user__email")
    def email(self, member: Member) -> str:
        return member.user.email

    @admin.display(description="public", boolean=True)
    def is_public(self, member: Member) -> bool:
        return member.privacy_settings["profile_public"]


@admin.register(Profile)
class ProfileAdmin(CreatedWithUserAdmin):
    path_to_user = "member.user"
    list_display = ["member", "timezone", "day_start", "selected_path", "onboarding_completed", "created_at"]
    list_filter = ["onboarding_completed", "selected_path"]
    list_select_related = ["member"]
    search_fields = ["member__username", "member__display_name", "timezone", "discord_username"]
    ordering = ["-created_at"]
    readonly_fields = ["member", "created_at", "updated_at"]


@admin.register(UsernameHistory)
class UsernameHistoryAdmin(AccountAdmin):
    """Read only. Deleting a row frees the name and breaks old links to it."""

    path_to_user = "user.user"

    list_display = ["username", "user", "until"]
    list_select_related = ["user"]
    search_fields = ["username", "user__username"]
    date_hierarchy = "until"
    ordering = ["-until"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


# Provider keys come from the environment, tokens aren't stored, and users end their own sessions. allauth's admin page
# for second factors would show their secrets.
for model in (SocialApp, SocialToken, UserSession, SocialAccount, Authenticator, EmailAddress, Group):
    admin.site.unregister(model)


class LoginMethodAdmin(AccountAdmin):
    """Staff can view and delete these rows, to help a user who is locked out, but not add or change them."""

    list_select_related = ["user"]
    search_fields = ["user__email", "user__member__username"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(SocialAccount)
class SocialAccountAdmin(LoginMethodAdmin):
    list_display = ["user", "provider", "uid", "date_joined", "last_login"]
    list_filter = ["provider", "date_joined"]
    fields = ["user", "provider", "uid", "date_joined", "last_login"]
    ordering = ["-date_joined"]


@admin.register(Authenticator)
class AuthenticatorAdmin(LoginMethodAdmin):
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type", "created_at"]
    fields = ["user", "type", "created_at", "last_used_at"]
    ordering = ["-created_at"]


@admin.register(EmailAddress)
class EmailAddressAdmin(AccountAdmin, AllauthEmailAddressAdmin):
    """Only superusers add and change rows: a confirmed address of one's own opens any account by a password reset.

    Other staff change an address on the user's page, where it has to be confirmed, and confirm a selected one here.
    """

    list_select_related = ["user"]

    def has_add_permission(self, request):
        return request.user.is_superuser and super().has_add_permission(request)

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser and super().has_change_permission(request, obj)

    def has_confirm_permission(self, request):
        return request.user.has_perm("account.change_emailaddress")

    @admin.action(description="Confirm selected addresses", permissions=["confirm"])
    def make_verified(self, request, queryset):
        of_staff = queryset.filter(Q(user__is_staff=True) | Q(user__is_superuser=True))
        if not request.user.is_superuser and of_staff.exists():
            self.message_user(request, "Only superusers confirm addresses of staff.", messages.WARNING)
            queryset = queryset.exclude(pk__in=of_staff.values("pk"))
        super().make_verified(request, queryset)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Only superusers change groups: other staff would give themselves every permission."""

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser
