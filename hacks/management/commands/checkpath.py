from django.core.management.base import BaseCommand, CommandError

from hacks.models import Hack


class Command(BaseCommand):
    help = "Checks that every published hack can be unlocked by somebody who begins today; fails and says where not."

    def handle(self, **options) -> None:
        if problems := Hack.objects.all().path_problems():
            raise CommandError("\n".join(problems))
        self.stdout.write(f"All {Hack.objects.published().count()} published hacks can be reached.")
