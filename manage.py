#!/usr/bin/env python
import os
import sys

# runserver serves visitors, so that it gets the web's powerless login; everything else acts as the owner.
os.environ.setdefault("NRGHAX_PROCESS", "web" if "runserver" in sys.argv[1:2] else "owner")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nrghax.settings")


def main() -> None:
    from django.core.management import execute_from_command_line

    if "dbshell" in sys.argv[1:2]:
        from nrghax.embedded import POSTGRES_BIN

        # A psql of the machine's own, if there is one, may be too old for the embedded server.
        os.environ["PATH"] = f"{POSTGRES_BIN}{os.pathsep}{os.environ['PATH']}"
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
