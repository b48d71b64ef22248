from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect


@login_required
def checkin(request):
    return redirect("practice:today")
