from base64 import urlsafe_b64encode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
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

# What proves once more who somebody is, the best first.
PROOFS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate:webauthn": "Use a passkey",
    "mfa_reauthenticate": "Use a code",
}


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

    def get_reauthentication_methods(self, user):
        """A passkey before codes: who has no app could only type a recovery code, and may never have seen one."""
        methods = {method["id"]: method for method in super().get_reauthentication_methods(user)}
        return [{**methods[name], "description": words} for name, words in PROOFS.items() if name in methods]

    def send_account_already_exists_mail(self, email):
        # A new account costs the hashing of a password; a known address must not answer quicker.
        User().set_password(email)
        super().send_account_already_exists_mail(email)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "email_taken": "An account with this address exists already. Log in to it, then connect your %s account.",
        "no_password": "Set a password first, or you could not log in any more.",
        "no_verified_email": "Confirm your e-mail address first, or you could not log in any more.",
    }

    def list_apps(self, request, provider=None, client_id=None):
        """The providers with keys. They come from the environment alone: no page asks the database for them."""
        known = settings.SOCIALACCOUNT_PROVIDERS
        return [self.get_app(request, name) for name in known if "APP" in known[name] and provider in (None, name)]

    def get_app(self, request, provider, client_id=None):
        """Without its keys too: accounts of a provider that was switched off can still be disconnected."""
        return SocialApp(provider=provider, **settings.SOCIALACCOUNT_PROVIDERS[provider].get("APP", {}))

    def pre_social_login(self, request, sociallogin):
        """Whoever proves an address that an account has is told so, and is not let into that account."""
        is_new = not sociallogin.is_existing and sociallogin.state.get("process") != AuthProcess.CONNECT
        addresses = [address.email.lower() for address in sociallogin.email_addresses if address.verified]
        if is_new and EmailAddress.objects.filter(email__in=addresses).exists():
            raise self._refuse(request, sociallogin)

    def save_user(self, request, sociallogin, form=None):
        """Of two sign-ups at once with one address the second sees what a later one would see."""
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
        "incorrect_code": "This code is not right, or no longer.",
        "unverified_email": "Confirm your new e-mail address first, or keep the old one.",
    }

    def generate_authenticator_name(self, user, type):
        number = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {number + 1}" if number else "Passkey"

    def get_public_key_credential_rp_entity(self):
        return {**super().get_public_key_credential_rp_entity(), "name": "NRGHAX"}

    def encrypt(self, text):
        """The secrets that codes are made from: a stolen dump of the database must not be a key to every account."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text):
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    """Made from SECRET_KEY, and the older ones that still count."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac("nrghax.mfa", "", secret=key, algorithm="sha256").digest() for key in keys]
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])
