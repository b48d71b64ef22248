"""Render pages whose main part htmx can request alone."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.http import push_url


def render_page_or_part(
    request: HttpRequest, page: str, part: str, context: dict[str, Any], *, target: str, address: str | None = None
) -> HttpResponse:
    """Render the template `part` if htmx requests the element with the id `target`, else the template `page`.

    Both have the same URL. `address` is the query string that the browser shows after a part; None keeps the old one.
    """
    is_part = request.htmx and request.htmx.target == target and not request.htmx.history_restore_request
    response = render(request, part if is_part else page, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    if is_part and address is not None:
        push_url(response, f"{request.path}?{address}".rstrip("?"))
    return response
