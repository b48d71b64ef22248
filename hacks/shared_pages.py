"""Public pages that look the same to every visitor: rendered once a process for each state of the content."""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from database.statements import run_statement

# About 15 KB each.
MOST_PAGES = 500

_pages: OrderedDict[tuple[str, ...], tuple[bytes, dict[str, str]]] = OrderedDict()


def shared_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For a view that shows a visitor nothing but hacks and categories, without a form that needs a CSRF token.

    A member, a visitor whom a message waits for and a request for a part of the page are answered by the view itself,
    and what it has made out for one visitor is never kept. What staff save is in the very next answer: each asks the
    database for the state of the content, under its own identity.
    """

    @wraps(view)
    def shared(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not _is_like_any_other(request):
            return view(request, *args, **kwargs)
        key = (_content_state(), request.scheme, request.get_host(), request.path)
        page = _pages.get(key)
        if page:
            content, headers = page
            return HttpResponse(content, headers=headers)
        response = view(request, *args, **kwargs)
        patch_vary_headers(response, ["Cookie"])
        if _is_for_everybody(request, response):
            _pages[key] = response.content, dict(response.headers)
            while len(_pages) > MOST_PAGES:
                _pages.popitem(last=False)
        return response

    return shared


def _is_like_any_other(request: HttpRequest) -> bool:
    """Whether nothing tells the visitor apart. A page of a search is asked for too seldom to be kept."""
    return (
        request.method in ("GET", "HEAD")
        and request.member is None
        and not request.META.get("QUERY_STRING")
        and settings.SESSION_COOKIE_NAME not in request.COOKIES
        and CookieStorage.cookie_name not in request.COOKIES
        and not request.htmx
        # Who writes templates wants to see them.
        and not settings.DEBUG
    )


def _is_for_everybody(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        response.status_code == 200
        and not response.cookies
        and not request.session.modified
        and not request.META.get("CSRF_COOKIE_NEEDS_UPDATE")
    )


def _content_state() -> str:
    return run_statement("hacks", "content_state").value
