app_name = "hacks"
urlpatterns = []
