"""The admin asks for more than a password."""

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
    """Lets staff into the admin once they have used a second factor in this session; `STAFF_NEED_MFA` says whether.

    Who has none yet is led to set one up. Everybody else is the admin's own to refuse.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.STAFF_NEED_MFA and request.path.startswith(ADMIN_PREFIX) and request.user.is_staff:
            records = get_authentication_records(request, request.user)
            if not any(record["method"] == "mfa" for record in records):
                return self._ask(request)
        return self.get_response(request)

    def _ask(self, request: HttpRequest) -> HttpResponseBase:
        proofs = get_adapter(request).get_reauthentication_methods(request.user)
        pages = [proof["url"] for proof in proofs if proof["id"] != "reauthenticate"]
        if pages:
            return redirect(f"{pages[0]}?{urlencode({'next': request.get_full_path()})}")
        messages.warning(request, "Staff need a second step. Set one up, then come back to the admin.")
        return redirect("mfa_index")
