"""Notifications by e-mail, through the mail server of EMAIL_URL."""

import smtplib
from collections.abc import Sequence

from django.conf import settings
from django.core import mail

from providers.exceptions import NotConfigured, UpstreamUnavailable


def configured() -> bool:
    return bool(settings.EMAIL_URL)


def send(to: Sequence[str], subject: str, text: str) -> None:
    """Errors: NotConfigured, UpstreamUnavailable."""
    if not configured():
        raise NotConfigured("E-mail is off: set EMAIL_URL in .env and restart.")
    message = mail.EmailMessage(subject=subject.replace("\n", " "), body=text, to=list(to))
    try:
        message.send()
    except (smtplib.SMTPException, OSError) as fault:
        code = getattr(fault, "smtp_code", "")
        told = f"{type(fault).__name__} {code}".strip()
        raise UpstreamUnavailable(f"The mail server did not take it ({told}).") from None
