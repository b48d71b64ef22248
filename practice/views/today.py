from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect


@login_required
def today(request):
    return redirect("practice:session-list")
