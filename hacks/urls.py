from django.urls import path

from hacks import views

app_name = "hacks"
urlpatterns = [
    path("hacks/", views.hack_list, name="hack-list"),
    path("hacks/colours.css", views.category_colours, name="category-colours"),
    path("hacks/<slug:slug>/", views.hack_detail, name="hack-detail"),
    path("hacks/<slug:slug>/favourite/", views.favourite, name="hack-favourite"),
    path("hacks/<slug:slug>/notes/", views.notes, name="hack-notes"),
]
