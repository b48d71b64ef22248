"""The product's settings on a developer's machine and in tests: nrghax/settings.py with what only developers want."""

from dev.environment import prepare_environment

prepare_environment()

from nrghax.settings import *  # noqa: F403
from nrghax.settings import CACHES, DATA_DIR, DEBUG, INSTALLED_APPS, PROCESS, env

INSTALLED_APPS = [*INSTALLED_APPS, "dev"]

if DEBUG and "EMAIL_URL" not in env.ENVIRON:
    # Mail lands in files, and its links in the log.
    EMAIL_BACKEND = "dev.mail.DevelopmentMailbox"
    EMAIL_FILE_PATH = DATA_DIR / "mail"

if PROCESS == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # A page gives up on a cache that hangs; a test must not take a busy machine for one.
    CACHES["default"]["OPTIONS"] = dict.fromkeys(("socket_connect_timeout", "socket_timeout"), 10)
