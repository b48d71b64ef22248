"""The mail backend of a developer's machine."""

import logging
import re

from django.core.mail.backends.filebased import EmailBackend as FileBackend

logger = logging.getLogger(__name__)

LINK = re.compile(r"https?://\S+")


class DevelopmentMailbox(FileBackend):
    """Writes each message to a file under EMAIL_FILE_PATH and its links to the log, where they can be clicked."""

    def write_message(self, message):
        super().write_message(message)
        links = " ".join(LINK.findall(message.body))
        logger.info("Mail to %s: %s\n  %s", ", ".join(message.to), message.subject, links)
