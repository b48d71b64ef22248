import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nrghax.settings")
os.environ.setdefault("NRGHAX_PROCESS", "web")

application = get_wsgi_application()
