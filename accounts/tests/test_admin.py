import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from accounts.models import Member, Profile, User
from accounts.tests.factories import PASSWORD, make_member, make_staff, make_user
from nrghax.tests.factories import leave_traces

pytestmark = pytest.mark.django_db

USERS = reverse("admin:accounts_user_changelist")
ADD_USER = reverse("admin:accounts_user_add")


@pytest.fixture
def user_manager_client(sign_in):
    """A client of a staff member who has the permissions on users and no others."""
    return sign_in(make_staff("add_user", "change_user", "delete_user", "view_user", email="clerk@example.com"))


def change_page(row) -> str:
    return reverse(f"admin:accounts_{row._meta.model_name}_change", args=[row.pk])


def fields_of(client, url: str) -> dict[str, str | list]:
    """Return the values that a browser would submit unchanged, including inlines."""
    context = client.get(url).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    values = {}
    for form in forms:
        for field in form:
            value = field.value()
            if value is not None and value is not False:
                values[field.html_name] = value
    return values


def test_user_added_by_staff_must_confirm_address_at_login(staff_client, client):
    fields = {"email": "Added@Example.com", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    response = staff_client.post(ADD_USER, fields)
    user = User.objects.get(email="added@example.com")
    assert response.url == change_page(user)
    assert Profile.objects.filter(pk=user.pk).exists()
    client.logout()
    response = client.post(reverse("account_login"), {"login": "added@example.com", "password": PASSWORD})
    assert response.url == reverse("account_email_verification_sent")
    assert mail.outbox[-1].to == ["added@example.com"]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"email": "SUPERUSER@example.com"}, "email"),
        ({"email": "no address"}, "email"),
        ({"password2": "else"}, "password2"),
    ],
)
def test_user_is_not_added_on_bad_input(staff_client, fields, name):
    sent = {"email": "added@example.com", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    response = staff_client.post(ADD_USER, {**sent, **fields})
    assert name in response.context["adminform"].form.errors
    assert User.objects.count() == 1


def test_password_hash_is_not_shown(staff_client, member):
    for url in (USERS, change_page(member.user), change_page(member)):
        content = staff_client.get(url).content.decode()
        assert member.user.password not in content
        assert "algorithm" not in content
        for part in member.user.password.split("$")[1:]:
            assert part[:6] not in content


def test_staff_set_password(staff_client, member):
    content = staff_client.get(change_page(member.user)).content.decode()
    assert 'href="../password/"' in content
    url = reverse("admin:auth_user_password_change", args=[member.user.pk])
    new = {"usable_password": "true", "password1": "another calm breath", "password2": "another calm breath"}
    assert staff_client.post(url, new).status_code == 302
    assert User.objects.get(pk=member.pk).check_password("another calm breath")


def test_address_changed_by_staff_must_be_confirmed(staff_client, member):
    url = change_page(member.user)
    staff_client.post(url, {**fields_of(staff_client, url), "email": "Moved@Example.com"})
    assert User.objects.get(pk=member.pk).email == "moved@example.com"
    addresses = EmailAddress.objects.filter(user_id=member.pk).values_list("email", "verified", "primary")
    assert list(addresses) == [("moved@example.com", False, True)]


def test_saving_unchanged_user_keeps_addresses(staff_client, member):
    EmailAddress.objects.create(user_id=member.pk, email="waiting@example.com")
    url = change_page(member.user)
    assert staff_client.post(url, fields_of(staff_client, url)).url == USERS
    addresses = EmailAddress.objects.filter(user_id=member.pk).order_by("-verified").values_list("email", "verified")
    assert list(addresses) == [(member.user.email, True), ("waiting@example.com", False)]


def test_staff_deactivate_user(staff_client, member):
    url = change_page(member.user)
    fields = fields_of(staff_client, url)
    del fields["is_active"]
    staff_client.post(url, fields)
    assert not User.objects.get(pk=member.pk).is_active


def test_list_shows_whether_address_is_confirmed(staff_client):
    make_user(email="unconfirmed@example.com", verified=False)
    rows = {user.email: user.confirmed for user in staff_client.get(USERS).context["cl"].result_list}
    assert rows == {"superuser@example.com": True, "unconfirmed@example.com": False}


@pytest.mark.parametrize("word", ["WANDERER", "quiet_river", "Calm"])
def test_search_finds_people_by_address_and_names(staff_client, word):
    make_member(user=make_user(email="wanderer@example.org"), username="Quiet_River", display_name="Calm One")
    make_member(user=make_user(email="else@example.org"), display_name="Else")
    for url in (USERS, reverse("admin:accounts_member_changelist")):
        assert staff_client.get(url, {"q": word}).context["cl"].result_count == 1


def test_deleting_user_deletes_their_rows(staff_client, member):
    leave_traces(member)
    url = reverse("admin:accounts_user_delete", args=[member.pk])
    assert staff_client.post(url, {"post": "yes"}).url == USERS
    assert not User.objects.filter(pk=member.pk).exists()
    assert not Member.objects.filter(pk=member.pk).exists()


def test_user_manager_deletes_user_but_not_superuser(user_manager_client, member, staff):
    for person, status in ((member, 302), (staff, 403)):
        url = reverse("admin:accounts_user_delete", args=[person.pk])
        assert user_manager_client.post(url, {"post": "yes"}).status_code == status
    action = {"action": "delete_selected", "_selected_action": [str(staff.pk)], "post": "yes"}
    user_manager_client.post(USERS, action)
    assert list(User.objects.filter(pk__in=[member.pk, staff.pk])) == [staff.user]


def test_user_manager_cannot_grant_permissions(user_manager_client, member):
    url = change_page(member.user)
    fields = {"email": member.user.email, "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert user_manager_client.post(url, fields).url == USERS
    user = User.objects.get(pk=member.pk)
    assert not user.is_staff
    assert not user.is_superuser


def test_user_manager_cannot_change_superuser(user_manager_client, staff):
    new = {"usable_password": "true", "password1": "another calm breath", "password2": "another calm breath"}
    password = reverse("admin:auth_user_password_change", args=[staff.pk])
    assert user_manager_client.post(password, new).status_code == 403
    assert (
        user_manager_client.post(change_page(staff.user), {"email": "mine@example.com", "is_active": "on"}).status_code
        == 403
    )
    user = User.objects.get(pk=staff.pk)
    assert user.check_password(PASSWORD)
    assert user.email == "superuser@example.com"


def test_staff_change_member_and_profile(staff_client, member):
    url = change_page(member)
    fields = {**fields_of(staff_client, url), "username": "Renamed", "profile_public": "on", "profile-0-bio": "Hello"}
    assert staff_client.post(url, fields).status_code == 302
    card = Member.objects.select_related("profile").get(pk=member.pk)
    assert card.username == "Renamed"
    assert card.privacy_settings == {"leaderboard_visible": False, "profile_public": True}
    assert card.profile.bio == "Hello"


@pytest.mark.parametrize(
    ("username", "message"),
    [("ab", "at least 3"), ("admin", "reserved"), ("a b", "only letters"), ("TAKEN_name", "taken")],
)
def test_bad_username_is_refused(staff_client, member, username, message):
    make_member(username="Taken_Name")
    url = change_page(member)
    response = staff_client.post(url, {**fields_of(staff_client, url), "username": username})
    assert message in response.context["adminform"].form.errors.as_text()
    assert Member.objects.get(pk=member.pk).username == member.username


def test_unknown_zone_is_refused(staff_client, member):
    url = change_page(member)
    staff_client.post(url, {**fields_of(staff_client, url), "profile-0-timezone": "Europe/Atlantis"})
    assert Profile.objects.get(pk=member.pk).timezone == "UTC"


@pytest.mark.parametrize("row", ["member", "profile"])
def test_member_and_profile_cannot_be_added_or_deleted_alone(staff_client, member, row):
    assert staff_client.get(reverse(f"admin:accounts_{row}_add")).status_code == 403
    assert (
        staff_client.post(reverse(f"admin:accounts_{row}_delete", args=[member.pk]), {"post": "yes"}).status_code == 403
    )
    assert Profile.objects.filter(pk=member.pk).exists()


def test_staff_confirm_address(staff_client):
    user = make_user(verified=False)
    address = EmailAddress.objects.get(user=user)
    url = reverse("admin:account_emailaddress_changelist")
    staff_client.post(url, {"action": "make_verified", "_selected_action": [str(address.pk)]})
    assert EmailAddress.objects.get(user=user).verified
