from allauth.account.adapter import DefaultAccountAdapter
from django.urls import reverse


class AccountAdapter(DefaultAccountAdapter):
    def get_login_redirect_url(self, request):
        """Newcomers finish their welcome first; `next` still wins, allauth asks for it before."""
        if not request.user.member.profile.onboarding_completed:
            return reverse("accounts:onboarding")
        return super().get_login_redirect_url(request)

    get_signup_redirect_url = get_login_redirect_url
