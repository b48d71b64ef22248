from datetime import time

from allauth.decorators import rate_limit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions import UsernameTakenError, change_privacy, change_profile, complete_onboarding
from accounts.forms import USERNAME_TAKEN, DayForm, OnboardingForm, PrivacyForm, ProfileForm, UsernameForm
from accounts.models import Member, Profile
from accounts.rules import zone_names, zone_or_utc


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def onboarding(request: HttpRequest) -> HttpResponse:
    """The welcome page. Members who have completed it are redirected to the settings."""
    if request.member.profile.onboarding_completed:
        return redirect("accounts:settings")
    form = OnboardingForm(request.POST if request.method == "POST" else None, member=request.member)
    if form.is_bound and form.is_valid():
        try:
            complete_onboarding(member=request.member, **form.cleaned_data)
        except UsernameTakenError:
            form.add_error("username", USERNAME_TAKEN)
        else:
            messages.success(request, "Welcome! Here's a hack to start with.")
            return redirect(settings.ONBOARDING_REDIRECT_URL)
    return render(request, "accounts/onboarding.html", {"form": form})


@never_cache
@login_required
@require_safe
@rate_limit(action="username_check", limit_get=True)
def username_check(request: HttpRequest) -> HttpResponse:
    """Render the status beside the field while a username is typed. Submitting the form validates it again."""
    form = UsernameForm(request.GET, member=request.member)
    return render(
        request,
        "accounts/_username_status.html",
        {"username": request.GET.get("username", ""), "problems": form.errors.get("username", [])},
    )


@never_cache
@login_required
@require_safe
def settings_overview(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/settings.html")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings_profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST if request.method == "POST" else None, member=request.member)
    if form.is_bound and form.is_valid():
        try:
            change_profile(member=request.member, **form.cleaned_data)
        except UsernameTakenError:
            form.add_error("username", USERNAME_TAKEN)
        else:
            messages.success(request, "Profile saved.")
            return redirect("accounts:settings-profile")
    return render(request, "accounts/settings_profile.html", {"form": form})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings_day(request: HttpRequest) -> HttpResponse:
    form = DayForm(request.POST if request.method == "POST" else None, member=request.member)
    if form.is_bound and form.is_valid():
        Profile.objects.filter(pk=request.member.pk).update(**form.cleaned_data)
        messages.success(request, "Day and time saved.")
        return redirect("accounts:settings-day")
    context = {"form": form, "today": _today_in_words(request.member)}
    return render(request, "accounts/settings_day.html", context)


def _today_in_words(member: Member) -> str:
    if member.zone not in zone_names():
        return "Your time zone is no longer available. Choose another."
    day = member.read_local_day()
    ends_at = day.ends_at.astimezone(zone_or_utc(day.zone))
    until = "midnight" if ends_at.time() == time(0) else f"{ends_at:%H:%M} on {ends_at:%A}"
    return f"Your day is {date_format(day.date, 'l, j F')}. It ends at {until}."


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings_privacy(request: HttpRequest) -> HttpResponse:
    form = PrivacyForm(request.POST if request.method == "POST" else None, member=request.member)
    if form.is_bound and form.is_valid():
        change_privacy(member=request.member, **form.cleaned_data)
        messages.success(request, "Privacy settings saved.")
        return redirect("accounts:settings-privacy")
    return render(request, "accounts/settings_privacy.html", {"form": form})
