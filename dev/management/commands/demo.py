from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dev.demo.actions import make_community
from dev.demo.people import community
from hacks.models import Hack


class Command(BaseCommand):
    help = (
        "Makes a community with a past, so that every page can be seen full; in development only. Repeatable: it adds "
        "what has been missing since. Everybody in it signs in with the demo learner's password."
    )

    def handle(self, *args, **options) -> None:
        if not settings.DEBUG:
            raise CommandError("People who do not exist are made with DEBUG on only.")
        if not Hack.objects.published().exists():
            raise CommandError("There is nothing to practise yet: run `manage.py loaddata seeds` first.")
        call_command("demologins", stdout=self.stdout, verbosity=options["verbosity"])
        counted = make_community(people=community(), now=timezone.now())
        self.stdout.write(", ".join(f"{number} {name}" for name, number in counted.items()))
