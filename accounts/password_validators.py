"""Django's password validators with the product's own words."""

from django.contrib.auth import password_validation

from accounts.rules import PASSWORD_MIN_LENGTH


class LengthValidator(password_validation.MinimumLengthValidator):
    def __init__(self, min_length: int = PASSWORD_MIN_LENGTH) -> None:
        super().__init__(min_length)

    def get_error_message(self) -> str:
        return f"Use at least {self.min_length} characters."

    def get_help_text(self) -> str:
        return f"Use at least {self.min_length} characters."


class SimilarityValidator(password_validation.UserAttributeSimilarityValidator):
    def get_error_message(self) -> str:
        return "This is too close to your %(verbose_name)s. Choose another password."

    def get_help_text(self) -> str:
        return "Don't use your email address."


class CommonPasswordValidator(password_validation.CommonPasswordValidator):
    def get_error_message(self) -> str:
        return "This password is easy to guess. Choose another."

    def get_help_text(self) -> str:
        return "Don't use a common password."
