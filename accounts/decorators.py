"""Decorators of views."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

View = Callable[..., HttpResponse]


def member_post(view: View) -> View:
    """Restrict a button's view to POST requests of members.

    A visitor logs in first and then lands on the page with the button, because the button's URL refuses GET.
    """

    @require_POST
    @wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            response = redirect_to_login(_page_with_button(request))
            return HttpResponseClientRedirect(response.url) if request.htmx else response
        return view(request, *args, **kwargs)

    return wrapped


def _page_with_button(request: HttpRequest) -> str:
    """Return the path of the page on this site that sent the form; without one, the page that follows a login."""
    referer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referer, {request.get_host()}):
        return resolve_url(settings.LOGIN_REDIRECT_URL)
    address = urlsplit(referer)
    return f"{address.path}?{address.query}" if address.query else address.path
