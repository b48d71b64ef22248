import logging

import pytest
from django.core.mail import get_connection, send_mail
from django.urls import reverse

from accounts.tests.factories import PASSWORD

LINK = "http://127.0.0.1:8000/accounts/confirm-email/MQ:1abc:key/"


@pytest.fixture
def mailbox(settings, tmp_path):
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    return get_connection("dev.mail.DevelopmentMailbox")


def test_mail_goes_to_file_and_its_link_to_log(mailbox, settings, caplog):
    with caplog.at_level(logging.INFO, "dev.mail"):
        send_mail("Welcome", f"Open this:\n\n{LINK}\n\nBye", None, ["new@example.com"], connection=mailbox)
    (file,) = settings.EMAIL_FILE_PATH.iterdir()
    assert LINK in file.read_text()
    assert LINK in caplog.text
    assert "new@example.com" in caplog.text


@pytest.mark.django_db
def test_signup_link_is_complete_in_log(settings, tmp_path, caplog, client):
    settings.EMAIL_BACKEND = "dev.mail.DevelopmentMailbox"
    settings.EMAIL_FILE_PATH = tmp_path
    with caplog.at_level(logging.INFO, "dev.mail"):
        client.post(reverse("account_signup"), {"email": "new@example.com", "password1": PASSWORD})
    link = next(word for word in caplog.text.split() if "confirm-email" in word)
    assert "Confirm email address" in client.get(link.removeprefix("http://testserver")).content.decode()
