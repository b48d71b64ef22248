from django.urls import path

from community import views

app_name = "community"
urlpatterns = [
    path("verification/", views.verification_list, name="verification-list"),
    path("verification/review/", views.review_take, name="review-take"),
    path("verification/review/<uuid:pk>/", views.review, name="review"),
    path("verification/review/<uuid:pk>/give-back/", views.review_release, name="review-release"),
    path("verification/<slug:slug>/", views.verification_edit, name="verification-edit"),
    path("verification/<slug:slug>/withdraw/", views.verification_withdraw, name="verification-withdraw"),
]
