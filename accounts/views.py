from allauth.decorators import rate_limit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions import UsernameTakenError, complete_onboarding
from accounts.forms import USERNAME_TAKEN, OnboardingForm, UsernameForm


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def onboarding(request: HttpRequest) -> HttpResponse:
    """The welcome of a newcomer; whoever has been welcomed changes the same things here."""
    is_welcome = not request.member.profile.onboarding_completed
    form = OnboardingForm(request.POST if request.method == "POST" else None, member=request.member)
    if form.is_bound and form.is_valid():
        try:
            complete_onboarding(member=request.member, **form.cleaned_data)
        except UsernameTakenError:
            form.add_error("username", USERNAME_TAKEN)
        else:
            messages.success(request, "Welcome! Here is a hack to start with." if is_welcome else "Saved.")
            return redirect(settings.ONBOARDING_REDIRECT_URL if is_welcome else "accounts:onboarding")
    return render(request, "accounts/onboarding.html", {"form": form, "is_welcome": is_welcome})


@never_cache
@login_required
@require_safe
@rate_limit(action="username_check", limit_get=True)
def username_check(request: HttpRequest) -> HttpResponse:
    """What stands beside the field while a username is typed; sending the form checks all of it again."""
    form = UsernameForm(request.GET, member=request.member)
    return render(
        request,
        "accounts/_username_status.html",
        {"username": request.GET.get("username", ""), "problems": form.errors.get("username", [])},
    )
