"""The pages about an account's security. They run under the same database role as allauth's pages."""

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions import end_sessions
from accounts.devices import device_name


class ChosenSessionForm(forms.Form):
    """The session to end; all others without one."""

    session = forms.IntegerField(required=False, min_value=1, max_value=models.BigIntegerField.MAX_BIGINT)

    def clean(self) -> dict[str, int | None]:
        return {"only": self.cleaned_data.get("session")}


@never_cache
@login_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    factors = list(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    context = {
        "has_app": Authenticator.Type.TOTP in factors,
        "passkeys": factors.count(Authenticator.Type.WEBAUTHN),
        "connected": SocialAccount.objects.filter(user=request.user).count(),
        "sessions": _active_sessions(request).count(),
    }
    return render(request, "accounts/security.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_list(request: HttpRequest) -> HttpResponse:
    """List the places where the account is logged in. A POST logs out one (`session`), or all but this one."""
    current = request.session.session_key
    if request.method == "POST":
        chosen = ChosenSessionForm(request.POST)
        ended = end_sessions(user=request.user, kept=current, **chosen.cleaned_data) if chosen.is_valid() else 0
        messages.success(request, _logged_out_message(ended))
        return redirect("accounts:logins")
    sessions = [
        {
            "pk": session.pk,
            "device": device_name(session.user_agent),
            "user_agent": session.user_agent,
            "ip": session.ip,
            "since": session.created_at,
            "is_current": session.session_key == current,
        }
        for session in _active_sessions(request).order_by("-created_at")
    ]
    sessions.sort(key=lambda session: not session["is_current"])
    return render(request, "accounts/session_list.html", {"sessions": sessions})


def _active_sessions(request: HttpRequest) -> QuerySet[UserSession]:
    """Return the rows whose session still exists, in one query; allauth's own list runs one for each."""
    active = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return UserSession.objects.filter(user=request.user, session_key__in=active)


def _logged_out_message(ended: int) -> str:
    if ended == 0:
        return "You were already logged out there."
    return "Logged out." if ended == 1 else f"Logged out in {ended} places."
