"""Where mail goes on a developer's machine."""

import logging
import re

from django.core.mail.backends.filebased import EmailBackend as FileBackend

logger = logging.getLogger(__name__)

LINK = re.compile(r"https?://\S+")


class DevelopmentMailbox(FileBackend):
    """Keeps each message as a file under EMAIL_FILE_PATH and says its links in the log, to be clicked there."""

    def write_message(self, message):
        super().write_message(message)
        links = " ".join(LINK.findall(message.body))
        logger.info("Mail to %s: %s\n  %s", ", ".join(message.to), message.subject, links)
