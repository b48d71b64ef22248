from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dev.demo.actions import make_community
from dev.demo.people import community
from hacks.models import Hack


class Command(BaseCommand):
    help = (
        "Make a demo community with a past, for development only. Run it again to add the days since. All its people "
        "log in with the demo learner's password."
    )

    def handle(self, *args, **options) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo community is made only with DEBUG=true.")
        if not Hack.objects.published().exists():
            raise CommandError("There are no hacks yet. Run `manage.py loaddata seeds` first.")
        call_command("demologins", stdout=self.stdout, verbosity=options["verbosity"])
        counted = make_community(people=community(), now=timezone.now())
        self.stdout.write(", ".join(f"{number} {name}" for name, number in counted.items()))
