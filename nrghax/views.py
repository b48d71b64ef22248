from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from hacks.models import Hack, HackCategory
from hacks.shared_pages import shared_page


@require_safe
@shared_page
def home(request: HttpRequest) -> HttpResponse:
    """Show visitors the landing page. Redirect members to today's page."""
    if request.member:
        return redirect("practice:today")
    published = Count("hacks", filter=Q(hacks__is_active=True))
    categories = HackCategory.objects.annotate(hack_count=published).filter(hack_count__gt=0)
    context = {
        # Annotating a count drops the model's default order. A list, because the template iterates twice.
        "categories": list(categories.order_by("sort_order", "name")),
        "gateway_hacks": Hack.objects.published().filter(is_gateway=True).select_related("category"),
    }
    return render(request, "home.html", context)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect to the icon: browsers request /favicon.ico even if a page links to another icon."""
    return redirect(static("icons/favicon.ico"))
