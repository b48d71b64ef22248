from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from dev.bench.bare.models import Entry


@login_required
def entries(request):
    """Show fifty rows. This makes two queries, for the user and the rows. The session comes from the cache."""
    return render(request, "bare/entries.html", {"entries": Entry.objects.order_by("-created_at")[:50]})
