from django.utils import timezone

from accounts.rules import zone_or_utc


class MemberTimeZoneMiddleware:
    """Activate the member's current time zone for the request."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.member is None:
            return self.get_response(request)
        with timezone.override(zone_or_utc(request.member.zone)):
            return self.get_response(request)
