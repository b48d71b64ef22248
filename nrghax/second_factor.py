"""The admin requires a second factor."""

from collections.abc import Callable

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import urlencode

from nrghax.middleware import ADMIN_PREFIX


class StaffSecondFactorMiddleware:
    """Requires a second factor in this session before staff enter the admin, if `STAFF_NEED_MFA` is on.

    Staff without a second factor are redirected to set one up. The admin itself refuses everyone who isn't staff.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.STAFF_NEED_MFA and request.path.startswith(ADMIN_PREFIX) and request.user.is_staff:
            records = get_authentication_records(request, request.user)
            if not any(record["method"] == "mfa" for record in records):
                return self._redirect_to_second_factor(request)
        return self.get_response(request)

    def _redirect_to_second_factor(self, request: HttpRequest) -> HttpResponseBase:
        methods = get_adapter(request).get_reauthentication_methods(request.user)
        pages = [method["url"] for method in methods if method["id"] != "reauthenticate"]
        if pages:
            return redirect(f"{pages[0]}?{urlencode({'next': request.get_full_path()})}")
        messages.warning(request, "You need a second step to use the admin. Set one up here, then come back.")
        return redirect("mfa_index")
