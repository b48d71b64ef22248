#!/usr/bin/env python
import os
import sys
from pathlib import Path

import environ

environ.Env.read_env(Path(__file__).with_name(".env"))
# runserver serves visitors, so it uses the web's login without rights. All other commands act as the owner.
os.environ.setdefault("NRGHAX_PROCESS", "web" if "runserver" in sys.argv[1:2] else "owner")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nrghax.settings")
# Without DATABASE_URL, or with DEBUG on, this is a developer's machine.
if environ.Env().bool("DEBUG", default="DATABASE_URL" not in os.environ):
    from dev.environment import prepare_environment

    prepare_environment()


def main() -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
