"""A service, and clients for the cast."""

import pytest
from rest_framework.test import APIClient

from intelligence.models import Service


@pytest.fixture
def service(people):
    return Service.objects.create(name="checkout-api", owner=people["ivo"])


@pytest.fixture
def as_user(people):
    """A JSON client signed in as one of the cast."""

    def client(name):
        made = APIClient()
        made.force_authenticate(people[name])
        return made

    return client


@pytest.fixture(autouse=True)
def _many_analyses(settings):
    """Tests share people's numbers and the minute; the rate has tests of its own."""
    settings.AI_ANALYSIS_RATE = "1000/min"
