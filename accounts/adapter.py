from base64 import urlsafe_b64encode
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base.constants import AuthProcess
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import IntegrityError, transaction
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts.models import User

# Ways to reauthenticate, the preferred first.
REAUTHENTICATION_LABELS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate:webauthn": "Use a passkey",
    "mfa_reauthenticate": "Use a code",
}


FAILED_ANYWHERE = "login_failed_anywhere"


def _account_key(credentials: dict[str, Any]) -> str:
    return credentials.get("email", "").lower()


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is closed.",
        "duplicate_email": "This is already your email address.",
        "email_password_mismatch": "That email and password don't match. Try again, or reset your password.",
        "email_taken": "Another account uses this email address. Enter a different one.",
        "enter_current_password": "That isn't your current password. Try again.",
        "incorrect_password": "That isn't your password. Try again.",
        "invalid_password_reset": "This link no longer works. Ask for a new one.",
        "rate_limited": "Too many attempts. Wait a few minutes, then try again.",
        "too_many_login_attempts": "Too many failed attempts. Wait five minutes, or reset your password.",
        "unverified_primary_email": "Confirm your email address first.",
    }

    def get_login_redirect_url(self, request):
        """Send newcomers to the welcome page. allauth checks `next` first, so `next` takes precedence."""
        if not request.user.member.profile.onboarding_completed:
            return reverse("accounts:onboarding")
        return super().get_login_redirect_url(request)

    get_signup_redirect_url = get_login_redirect_url

    def save_user(self, request, user, form, commit=True):
        """Save the user. If a concurrent sign-up took the address first, respond as for a known address."""
        try:
            with transaction.atomic():
                return super().save_user(request, user, form, commit)
        except IntegrityError as error:
            form.account_already_exists = True
            _, response = form.try_save(request)
            raise ImmediateHttpResponse(response) from error

    def set_password(self, user, password):
        """Update only the password: these pages run under a database role that may not change the flags."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def get_reauthentication_methods(self, user):
        """Offer a passkey before codes: a member without an app could only type a recovery code."""
        methods = {method["id"]: method for method in super().get_reauthentication_methods(user)}
        return [
            {**methods[name], "description": label}
            for name, label in REAUTHENTICATION_LABELS.items()
            if name in methods
        ]

    def pre_authenticate(self, request, **credentials):
        """Limit failed attempts in three ways: for the account from this address, for the account, for the address.

        The limits are in settings.ACCOUNT_RATE_LIMITS. allauth counts the first and the last.
        """
        if not ratelimit.consume(request, action=FAILED_ANYWHERE, key=_account_key(credentials), dry_run=True):
            raise self.validation_error("too_many_login_attempts")
        super().pre_authenticate(request, **credentials)

    def authentication_failed(self, request, **credentials):
        ratelimit.consume(request, action=FAILED_ANYWHERE, key=_account_key(credentials))

    def _get_login_attempts_cache_key(self, request, **credentials):
        # With the address, so that a few failures elsewhere don't shut out a member.
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{self.get_client_ip(request)}"

    def _delete_login_attempts_cached_email(self, request, **credentials):
        super()._delete_login_attempts_cached_email(request, **credentials)
        ratelimit.clear(request, action=FAILED_ANYWHERE, key=_account_key(credentials))

    def send_account_already_exists_mail(self, email):
        # Hash a password as a new sign-up does, so that the response time doesn't reveal a known address.
        User().set_password(email)
        super().send_account_already_exists_mail(email)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "email_taken": "You already have an account with this address. Log in to it, then connect your %s account.",
        "no_password": "Set a password first, or you won't be able to log in.",
        "no_verified_email": "Confirm your email address first, or you won't be able to log in.",
    }

    def list_apps(self, request, provider=None, client_id=None):
        """Return the providers with keys. They come from the environment, so this runs no query."""
        known = settings.SOCIALACCOUNT_PROVIDERS
        return [self.get_app(request, name) for name in known if "APP" in known[name] and provider in (None, name)]

    def get_app(self, request, provider, client_id=None):
        """Return the provider even without keys: members can then still disconnect accounts of a disabled provider."""
        return SocialApp(provider=provider, **settings.SOCIALACCOUNT_PROVIDERS[provider].get("APP", {}))

    def pre_social_login(self, request, sociallogin):
        """Refuse the login if a verified address belongs to an existing account. The person must log in to it first."""
        is_new = not sociallogin.is_existing and sociallogin.state.get("process") != AuthProcess.CONNECT
        addresses = [address.email.lower() for address in sociallogin.email_addresses if address.verified]
        if is_new and EmailAddress.objects.filter(email__in=addresses).exists():
            raise self._refuse(request, sociallogin)

    def save_user(self, request, sociallogin, form=None):
        """Save the user. If a concurrent sign-up took the address first, respond as for a known address."""
        try:
            with transaction.atomic():
                return super().save_user(request, sociallogin, form)
        except IntegrityError as error:
            raise self._refuse(request, sociallogin) from error

    def _refuse(self, request, sociallogin) -> ImmediateHttpResponse:
        context = {"provider": sociallogin.provider.name}
        return ImmediateHttpResponse(render(request, "socialaccount/account_exists.html", context))


class MFAAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That code isn't right, or has expired. Try again.",
        "unverified_email": "Confirm your new email address first, or keep the old one.",
    }

    def generate_authenticator_name(self, user, type):
        number = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {number + 1}" if number else "Passkey"

    def get_public_key_credential_rp_entity(self):
        return {**super().get_public_key_credential_rp_entity(), "name": "NRGHAX"}

    def encrypt(self, text):
        """Encrypt a secret that codes are generated from, so that a stolen database dump can't pass the second step."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text):
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    """Return the cipher: it encrypts with SECRET_KEY and also decrypts with SECRET_KEY_FALLBACKS."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac("nrghax.mfa", "", secret=key, algorithm="sha256").digest() for key in keys]
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])
