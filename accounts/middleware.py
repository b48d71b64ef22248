from zoneinfo import ZoneInfo

from django.utils import timezone


class MemberTimeZoneMiddleware:
    """Shows times in the member's own zone."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.member is None:
            return self.get_response(request)
        with timezone.override(ZoneInfo(request.member.profile.timezone)):
            return self.get_response(request)
