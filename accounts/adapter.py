from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This e-mail address and this password do not belong together.",
        "too_many_login_attempts": "Too many failed attempts. Wait five minutes, or reset your password.",
    }

    def get_login_redirect_url(self, request):
        """Newcomers finish their welcome first; `next` still wins, allauth asks for it before."""
        if not request.user.member.profile.onboarding_completed:
            return reverse("accounts:onboarding")
        return super().get_login_redirect_url(request)

    get_signup_redirect_url = get_login_redirect_url

    def save_user(self, request, user, form, commit=True):
        """Of two sign-ups at once with one address the second sees what a later one would see."""
        try:
            with transaction.atomic():
                return super().save_user(request, user, form, commit)
        except IntegrityError as error:
            form.account_already_exists = True
            _, response = form.try_save(request)
            raise ImmediateHttpResponse(response) from error

    def set_password(self, user, password):
        """Writes the password alone: these pages' database role may not touch the flags."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def send_account_already_exists_mail(self, email):
        # A new account costs the hashing of a password; a known address must not answer quicker.
        User().set_password(email)
        super().send_account_already_exists_mail(email)
