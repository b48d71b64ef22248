from django.core.management.base import BaseCommand, CommandError

from hacks.models import Hack


class Command(BaseCommand):
    help = "Checks that a new member can unlock every published hack. Fails and lists the hacks that they can't."

    def handle(self, **options) -> None:
        if problems := Hack.objects.all().path_problems():
            raise CommandError("\n".join(problems))
        self.stdout.write(f"All {Hack.objects.published().count()} published hacks can be unlocked.")
