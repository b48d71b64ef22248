"""Middleware: each request's transaction and database identity, browser policies, and htmx at the login."""

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.middleware import get_user
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from database.identity import Identity, Role, become, current_identity, database_identity

# Health checks must answer while the database is down.
DATABASE_FREE_PATHS = frozenset({"/healthz", "/readyz"})
AUTH_PREFIX = "/accounts/"
ADMIN_PREFIX = "/admin/"


class DatabaseIdentityMiddleware:
    """Runs each request in one transaction, under its visitor's database identity.

    It must come directly after `AuthenticationMiddleware`. If there is a session cookie, the transaction begins as
    `nrghax_auth` and loads the user. The rest of the request runs under the visitor's own role. The transaction spans
    the view and the rendering of its template response. Any exception and any 5xx response roll it back: Django turns
    a view's exception into a 500 response before this middleware sees it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.member = None
        request.has_failed = False
        if request.path in DATABASE_FREE_PATHS:
            return self.get_response(request)
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        with database_identity(Role.AUTH if has_session else Role.ANON):
            role, member_id = self._recognise(request, has_session)
            # Most visitors without a session have the right identity already.
            if current_identity() != Identity(role, member_id):
                become(role, member_id)
            response = self.get_response(request)
            if request.has_failed or response.status_code >= 500:
                transaction.set_rollback(True)
        if response.streaming:
            if response.is_async:
                raise ImproperlyConfigured("The web server is synchronous: stream from a plain iterator.")
            response.streaming_content = _stream_as(role, member_id, response.streaming_content)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        # The rollback comes later: the "not found" page still queries the database for its top bar.
        request.has_failed = True

    def _recognise(self, request: HttpRequest, has_session: bool) -> tuple[Role, UUID | None]:
        user = get_user(request) if has_session else None
        if user is None or not user.is_authenticated:
            return _role_for(request.path, None), None
        # Replace Django's lazy proxy with the user: the proxy resolves each attribute again.
        request.user = user
        request.member = user.member
        return _role_for(request.path, user), user.pk


def _role_for(path: str, user) -> Role:
    if path.startswith(AUTH_PREFIX):
        return Role.AUTH
    if path.startswith(ADMIN_PREFIX):
        return Role.STAFF if user and user.is_staff else Role.AUTH
    return Role.MEMBER if user else Role.ANON


def _stream_as(role: Role, member_id: UUID | None, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each chunk under the request's identity: a streamed response outlives the request's transaction."""
    iterator = iter(chunks)
    while True:
        with database_identity(role, member_id):
            try:
                chunk = next(iterator)
            except StopIteration:
                return
        yield chunk


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """Builds the settings' policy once, at start. A view with a policy of its own still gets one built per response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self.policy = build_policy()

    def process_request(self, request: HttpRequest) -> None:
        """Skip the nonce: our pages have no inline scripts."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # super() exempts Django's debug pages.
        if settings.DEBUG or any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self.policy)
        return response


def permissions_policy(get_response):
    """Forbid pages to use sensors. The timer may keep the screen awake."""

    def middleware(request):
        response = get_response(request)
        response["Permissions-Policy"] = (
            "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
            "magnetometer=(), microphone=(), midi=(), payment=(), usb=(), screen-wake-lock=(self)"
        )
        return response

    return middleware


def whole_page_login(get_response):
    """Redirect the whole page when an htmx request needs a login: the form must not replace a part of the page."""

    def middleware(request):
        response = get_response(request)
        if not request.htmx:
            return response
        login = reverse(settings.LOGIN_URL)
        if urlsplit(response.get("Location", "")).path == login:
            # After the login, return to the whole page and not to the URL of its part.
            query = urlencode({"next": request.htmx.current_url_abs_path or "/"})
            return HttpResponseClientRedirect(f"{login}?{query}")
        return response

    return middleware
