"""The product's words for Django's own form errors, set once for all forms.

USE_I18N is off, so no translation catalogue can replace them.
"""

from django import forms
from django.core import validators
from django.db import models
from django.utils.translation import ngettext_lazy

CHOOSE_ONE = "Choose one of the options."
CHOOSE_ANY = "Choose from the options."
ENTER_DATE = "Enter a date, such as 2026-03-31."
ENTER_TIME = "Enter a time, such as 18:30."
ENTER_URL = "Enter a web address, such as https://example.com."

FIELD_MESSAGES = {
    forms.Field: {"required": "Fill in this field."},
    forms.BooleanField: {"required": "Tick this box to continue."},
    forms.ChoiceField: {"required": CHOOSE_ONE, "invalid_choice": CHOOSE_ONE},
    forms.MultipleChoiceField: {"required": CHOOSE_ANY, "invalid_choice": CHOOSE_ANY, "invalid_list": CHOOSE_ANY},
    forms.ModelChoiceField: {"required": CHOOSE_ONE, "invalid_choice": CHOOSE_ONE},
    forms.ModelMultipleChoiceField: {
        "required": CHOOSE_ANY,
        "invalid_choice": CHOOSE_ANY,
        "invalid_list": CHOOSE_ANY,
        "invalid_pk_value": CHOOSE_ANY,
    },
    forms.DateField: {"invalid": ENTER_DATE},
    forms.TimeField: {"invalid": ENTER_TIME},
    forms.DateTimeField: {"invalid": "Enter a date and time, such as 2026-03-31 18:30."},
    forms.SplitDateTimeField: {"invalid_date": ENTER_DATE, "invalid_time": ENTER_TIME},
    forms.URLField: {"invalid": ENTER_URL},
    forms.JSONField: {"invalid": "Enter valid JSON."},
    forms.FileField: {
        "required": "Choose a file.",
        "missing": "Choose a file.",
        "empty": "This file is empty. Choose another.",
    },
    models.Field: {
        "blank": "Fill in this field.",
        "null": "Fill in this field.",
        "unique": "This one is taken. Choose another.",
    },
}

VALIDATOR_MESSAGES = {
    validators.EmailValidator: "Enter an email address, such as name@example.com.",
    validators.URLValidator: ENTER_URL,
    validators.MinValueValidator: "Enter %(limit_value)s or more.",
    validators.MaxValueValidator: "Enter %(limit_value)s or less.",
    validators.StepValueValidator: "Enter a multiple of %(limit_value)s.",
    validators.MinLengthValidator: ngettext_lazy(
        "Use at least %(limit_value)d character.", "Use at least %(limit_value)d characters.", "limit_value"
    ),
    validators.MaxLengthValidator: ngettext_lazy(
        "Use at most %(limit_value)d character (you have %(show_value)d).",
        "Use at most %(limit_value)d characters (you have %(show_value)d).",
        "limit_value",
    ),
    validators.ProhibitNullCharactersValidator: "One character here can't be saved. Type the text again.",
}


def set_error_messages() -> None:
    """Replace the default messages of Django's fields and validators.

    Call it before any module with forms is imported: a form field copies its messages when it is made.
    """
    for field, messages in FIELD_MESSAGES.items():
        field.default_error_messages = {**field.default_error_messages, **messages}
    for validator, message in VALIDATOR_MESSAGES.items():
        validator.message = message
    validators.validate_slug.message = "Use only letters, digits, hyphens and underscores."
