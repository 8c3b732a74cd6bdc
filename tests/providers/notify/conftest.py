from collections.abc import Iterator

import pytest

from providers.models import NotificationChannel
from providers.network import outbound
from tests.providers.notify.receivers import Hook, MailServer, serving


@pytest.fixture
def hook(db) -> Iterator[Hook]:
    """A receiver whose address is open; only the channels that a test adds are there."""
    NotificationChannel.objects.all().delete()
    before, server = outbound.guard().entries, Hook()
    with serving(server):
        outbound.configure([*before, server.netloc])
        yield server
    outbound.configure(before)


@pytest.fixture
def mail_server(settings) -> Iterator[MailServer]:
    server = MailServer()
    with serving(server):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_URL = "smtp://set"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield server
