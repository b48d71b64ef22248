from django.urls import path

from community.views import overview, review, submission

app_name = "community"
urlpatterns = [
    path("verification/", overview.overview, name="verification-list"),
    path("verification/review/", review.take, name="review-take"),
    path("verification/review/<uuid:pk>/", review.review, name="review"),
    path("verification/review/<uuid:pk>/give-back/", review.release, name="review-release"),
    path("verification/<slug:slug>/", submission.edit, name="verification-edit"),
    path("verification/<slug:slug>/withdraw/", submission.withdraw, name="verification-withdraw"),
]
