"""The last step of onboarding: a redirect to a first hack."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from accounts.models import Profile
from hacks.models import Hack

# Each path's categories for a first hack, best first. Protection has no gateway hack, so relaxation is the next best.
FIRST_CATEGORIES = {
    Profile.Path.ENERGY_AWARENESS: ("energy_awareness", "relaxation"),
    Profile.Path.PROTECTION: ("protection", "relaxation"),
    Profile.Path.FLOW_MASTER: ("flow_manipulation", "energy_awareness"),
}


@login_required
@require_safe
def first_hack(request: HttpRequest) -> HttpResponse:
    """Redirect to the gateway hack that best fits the member's path, or to the library if there is none."""
    gateways = list(Hack.objects.published().filter(is_gateway=True).select_related("category"))
    if not gateways:
        return redirect("hacks:hack-list")
    preferred = FIRST_CATEGORIES.get(request.member.profile.selected_path, ())

    def rank(hack: Hack) -> int:
        return preferred.index(hack.category.name) if hack.category.name in preferred else len(preferred)

    return redirect("hacks:hack-detail", min(gateways, key=rank).slug)
