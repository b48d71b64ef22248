"""What a person looks after to keep the account safe. These pages run under the role of allauth's."""

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions import end_sessions
from accounts.devices import device_name


@never_cache
@login_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    factors = list(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    context = {
        "has_app": Authenticator.Type.TOTP in factors,
        "passkeys": factors.count(Authenticator.Type.WEBAUTHN),
        "connected": SocialAccount.objects.filter(user=request.user).count(),
        "sessions": _living_sessions(request).count(),
    }
    return render(request, "accounts/security.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_list(request: HttpRequest) -> HttpResponse:
    """Where the account is logged in; a POST ends one of them (`session`), or all but this one."""
    current = request.session.session_key
    if request.method == "POST":
        chosen = request.POST.get("session", "")
        ended = end_sessions(user=request.user, kept=current, only=int(chosen) if chosen.isdecimal() else None)
        messages.success(request, _farewell(ended))
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
        for session in _living_sessions(request).order_by("-created_at")
    ]
    sessions.sort(key=lambda session: not session["is_current"])
    return render(request, "accounts/session_list.html", {"sessions": sessions})


def _living_sessions(request: HttpRequest) -> QuerySet[UserSession]:
    """Those whose session is still there; allauth's own list asks for each of them."""
    living = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return UserSession.objects.filter(user=request.user, session_key__in=living)


def _farewell(ended: int) -> str:
    if ended == 0:
        return "There was nothing to log out."
    return "Logged out there." if ended == 1 else f"Logged out in {ended} places."
