"""A cache of public pages that are the same for every visitor, per process and state of the content."""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from database.statements import run_statement

# A page takes about 15 KB.
MAX_PAGES = 500

_pages: OrderedDict[tuple[str, ...], tuple[bytes, dict[str, str]]] = OrderedDict()


def shared_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Cache the page of a view that shows visitors only hacks and categories, without a form with a CSRF token.

    The cache is skipped for members, for visitors with a session or a pending message, and for partial pages. A
    response with cookies, session data or a CSRF token is never stored. Each request reads the state of the content
    from the database, so that edits by staff show at once.
    """

    @wraps(view)
    def shared(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not _is_shareable_request(request):
            return view(request, *args, **kwargs)
        key = (_content_state(), request.scheme, request.get_host(), request.path)
        page = _pages.get(key)
        if page:
            content, headers = page
            return HttpResponse(content, headers=headers)
        response = view(request, *args, **kwargs)
        patch_vary_headers(response, ["Cookie"])
        if _is_shareable_response(request, response):
            _pages[key] = response.content, dict(response.headers)
            while len(_pages) > MAX_PAGES:
                _pages.popitem(last=False)
        return response

    return shared


def _is_shareable_request(request: HttpRequest) -> bool:
    """Return whether every visitor gets the same page. Searches are excluded, because they rarely repeat."""
    return (
        request.method in ("GET", "HEAD")
        and request.member is None
        and not request.META.get("QUERY_STRING")
        and settings.SESSION_COOKIE_NAME not in request.COOKIES
        and CookieStorage.cookie_name not in request.COOKIES
        and not request.htmx
        # Developers need to see their changes to templates.
        and not settings.DEBUG
    )


def _is_shareable_response(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        response.status_code == 200
        and not response.cookies
        and not request.session.modified
        and not request.META.get("CSRF_COOKIE_NEEDS_UPDATE")
    )


def _content_state() -> str:
    return run_statement("hacks", "content_state").value
