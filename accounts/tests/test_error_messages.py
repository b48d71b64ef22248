import pytest
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse
from uuid_utils.compat import uuid7

from accounts.forms import PASSWORD_HELP
from accounts.models import User
from accounts.tests.factories import PASSWORD, make_user, sent_path
from hacks.models import HackCategory

CHOICES = [("a", "A")]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (forms.CharField(), "", "Fill in this field."),
        (forms.CharField(max_length=3), "long", "Use at most 3 characters (you have 4)."),
        (forms.CharField(max_length=1), "long", "Use at most 1 character (you have 4)."),
        (forms.CharField(min_length=3), "ab", "Use at least 3 characters."),
        (forms.CharField(), "a\x00b", "One character here can't be saved. Type the text again."),
        (forms.IntegerField(min_value=1), 0, "Enter 1 or more."),
        (forms.IntegerField(max_value=10), 11, "Enter 10 or less."),
        (forms.IntegerField(step_size=5), 3, "Enter a multiple of 5."),
        (forms.IntegerField(), "many", "Enter a whole number."),
        (forms.FloatField(), "many", "Enter a number."),
        (forms.BooleanField(), False, "Tick this box to continue."),
        (forms.ChoiceField(choices=CHOICES), "", "Choose one of the options."),
        (forms.ChoiceField(choices=CHOICES), "b", "Choose one of the options."),
        (forms.TypedChoiceField(choices=CHOICES, coerce=int), "a", "Choose one of the options."),
        (forms.MultipleChoiceField(choices=CHOICES), ["b"], "Choose from the options."),
        (forms.DateField(), "soon", "Enter a date, such as 2026-03-31."),
        (forms.TimeField(), "soon", "Enter a time, such as 18:30."),
        (forms.DateTimeField(), "soon", "Enter a date and time, such as 2026-03-31 18:30."),
        (forms.EmailField(), "someone", "Enter an email address, such as name@example.com."),
        (forms.URLField(assume_scheme="https"), "no where", "Enter a web address, such as https://example.com."),
        (forms.SlugField(), "a b", "Use only letters, digits, hyphens and underscores."),
        (forms.JSONField(), "{", "Enter valid JSON."),
        (forms.FileField(), None, "Choose a file."),
    ],
)
def test_field_error_has_product_words(field, value, message):
    with pytest.raises(ValidationError) as error:
        field.clean(value)
    assert error.value.messages == [message]


@pytest.mark.parametrize(
    ("field", "example"),
    [
        (forms.DateField(), "2026-03-31"),
        (forms.TimeField(), "18:30"),
        (forms.DateTimeField(), "2026-03-31 18:30"),
        (forms.EmailField(), "name@example.com"),
        (forms.URLField(assume_scheme="https"), "https://example.com"),
    ],
)
def test_example_in_error_is_accepted(field, example):
    field.clean(example)


@pytest.mark.django_db
def test_unknown_row_and_duplicate_have_product_words():
    with pytest.raises(ValidationError, match=r"Choose one of the options\."):
        forms.ModelChoiceField(HackCategory.objects.all()).clean(uuid7())
    make_user(email="taken@example.com")
    with pytest.raises(ValidationError) as error:
        User(email="taken@example.com", password="!").validate_unique()
    assert error.value.message_dict["email"] == ["This one is taken. Choose another."]


@pytest.mark.django_db
def test_messages_are_set_before_forms_are_imported(client):
    """allauth's forms are imported early; their fields copy the messages when they are created."""
    response = client.post(reverse("account_login"), {"login": "", "password": ""})
    assert response.context["form"].errors == {"login": ["Fill in this field."], "password": ["Fill in this field."]}


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("deep sea 1", None),
        ("deep sea", "Use at least 10 characters."),
        ("quiet.person@example.com", "This is too close to your email address. Choose another password."),
        ("password1234", "This password is easy to guess. Choose another."),
    ],
)
def test_password_error_has_product_words(password, message):
    user = User(email="quiet.person@example.com")
    if message is None:
        validate_password(password, user)
        return
    with pytest.raises(ValidationError) as error:
        validate_password(password, user)
    assert error.value.messages == [message]


@pytest.mark.django_db
def test_password_pages_show_one_sentence_of_help(client, member, sign_in):
    client.post(reverse("account_reset_password"), {"email": member.user.email})
    reset = client.get(sent_path(), follow=True)
    signup = client.get(reverse("account_signup"))
    member_client = sign_in(member)
    change = member_client.get(reverse("account_change_password"))
    member.user.set_unusable_password()
    member.user.save(update_fields=["password"])
    set_up = sign_in(member).get(reverse("account_set_password"))
    for response in (reset, signup, change, set_up):
        assert response.context["form"]["password1"].help_text == PASSWORD_HELP
        assert PASSWORD_HELP in response.content.decode()
    assert [field.label for field in change.context["form"]] == [
        "Current password",
        "New password",
        "New password again",
    ]


@pytest.mark.django_db
def test_wrong_current_password_has_product_words(member_client):
    fields = {"oldpassword": "wrong", "password1": "another calm breath", "password2": "another calm breath"}
    response = member_client.post(reverse("account_change_password"), fields)
    assert response.context["form"].errors == {"oldpassword": ["That isn't your current password. Try again."]}
    assert User.objects.get().check_password(PASSWORD)
