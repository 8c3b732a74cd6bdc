"""Who is signed in."""

import pytest
from django.test import Client


@pytest.fixture
def mara(people) -> Client:
    client = Client()
    client.force_login(people["mara"])
    return client
