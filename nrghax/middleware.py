"""One transaction a request, under the identity of whoever asks."""

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

# Health checks answer for themselves, also while the database is away.
DATABASE_FREE_PATHS = frozenset({"/healthz", "/readyz"})
AUTH_PREFIX = "/accounts/"
ADMIN_PREFIX = "/admin/"


class DatabaseIdentityMiddleware:
    """Stands directly after `AuthenticationMiddleware`.

    Starts as `nrghax_auth` where a session cookie is present, loads the user, then becomes whoever asks for the
    rest of the request. The transaction spans the view and the rendering of its template response, and is rolled
    back by any exception and any 5xx: Django turns a view's exception into a 500 response before it gets here.
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
            # A visitor without a session is who the transaction began as.
            if current_identity() != Identity(role, member_id):
                become(role, member_id)
            response = self.get_response(request)
            if request.has_failed or response.status_code >= 500:
                transaction.set_rollback(True)
        if response.streaming:
            if response.is_async:
                raise ImproperlyConfigured("The web server is synchronous: stream from a plain iterator.")
            response.streaming_content = _as(role, member_id, response.streaming_content)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        # Rolled back later: the page that says "not found" still asks the database for its own head.
        request.has_failed = True

    def _recognise(self, request: HttpRequest, has_session: bool) -> tuple[Role, UUID | None]:
        user = get_user(request) if has_session else None
        if user is None or not user.is_authenticated:
            return _role_for(request.path, None), None
        # Himself, where Django has put a proxy that works out each attribute anew.
        request.user = user
        request.member = user.member
        return _role_for(request.path, user), user.pk


def _role_for(path: str, user) -> Role:
    if path.startswith(AUTH_PREFIX):
        return Role.AUTH
    if path.startswith(ADMIN_PREFIX):
        return Role.STAFF if user and user.is_staff else Role.AUTH
    return Role.MEMBER if user else Role.ANON


def _as(role: Role, member_id: UUID | None, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Each chunk of a streamed response under the request's identity: the response outlives its transaction."""
    iterator = iter(chunks)
    while True:
        with database_identity(role, member_id):
            try:
                chunk = next(iterator)
            except StopIteration:
                return
        yield chunk


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """The policy of the settings, written once; only a view that asks for another has its own put together."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self.policy = build_policy()

    def process_request(self, request: HttpRequest) -> None:
        """Nothing to prepare: a page of ours has no inline script that would need a nonce."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # Django's own pages for whoever develops are exempt; super() knows which.
        if settings.DEBUG or any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self.policy)
        return response


def permissions_policy(get_response):
    """Says that our pages use no sensor; the timer may keep the screen awake."""

    def middleware(request):
        response = get_response(request)
        response["Permissions-Policy"] = (
            "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
            "magnetometer=(), microphone=(), midi=(), payment=(), usb=(), screen-wake-lock=(self)"
        )
        return response

    return middleware


def whole_page_login(get_response):
    """Leads an htmx request to the login as a page: the form must not land in a piece of one."""

    def middleware(request):
        response = get_response(request)
        if not request.htmx:
            return response
        login = reverse(settings.LOGIN_URL)
        if urlsplit(response.get("Location", "")).path == login:
            # Back to the page that the piece is in, not to the address of the piece.
            here = urlencode({"next": request.htmx.current_url_abs_path or "/"})
            return HttpResponseClientRedirect(f"{login}?{here}")
        return response

    return middleware
