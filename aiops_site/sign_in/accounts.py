"""Making the first administrator, and API tokens: what the set-up and account pages and commands call."""

from typing import Any

from django.contrib.auth import get_user_model, password_validation
from django.core.exceptions import ValidationError
from django.db import transaction

from aiops_site.sign_in import setup_code
from providers.exceptions import InvalidInput, NotFound

WRONG_CODE = "That code is not the one in the terminal. It changes after 5 wrong tries."


def nobody_yet() -> bool:
    return not get_user_model().objects.exists()


def make_first_administrator(*, code: str, username: str, password: str) -> Any:
    """Makes the superuser of a fresh site. Errors: InvalidInput with sentences per field, NotFound later."""
    if not nobody_yet():
        raise NotFound("There is nothing here.")
    if not setup_code.matches(code):
        raise InvalidInput(WRONG_CODE, errors={"code": [WRONG_CODE]}, param="code")
    user_model = get_user_model()
    user = user_model(username=username.strip(), is_staff=True, is_superuser=True)
    errors = field_errors(user, password)
    if errors:
        raise InvalidInput("Some fields need another value.", errors=errors)
    user.set_password(password)
    with transaction.atomic():  # IMMEDIATE on SQLite: of two at once, one finds the other's row
        if not nobody_yet():
            raise NotFound("There is nothing here.")
        user.save()
    return user


def field_errors(user: Any, password: str) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        errors.update(error.message_dict)
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        errors["password"] = list(error.messages)
    return errors
