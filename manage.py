#!/usr/bin/env python
import os
import sys
from pathlib import Path

import environ


def choose_settings() -> str:
    """Return the settings of production where the environment names a database, unless it switches DEBUG on."""
    environ.Env.read_env(Path(__file__).with_name(".env"))
    in_development = environ.Env().bool("DEBUG", default="DATABASE_URL" not in os.environ)
    return "dev.settings" if in_development else "nrghax.settings"


# runserver serves visitors, so that it gets the web's powerless login; everything else acts as the owner.
os.environ.setdefault("NRGHAX_PROCESS", "web" if "runserver" in sys.argv[1:2] else "owner")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", choose_settings())


def main() -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
