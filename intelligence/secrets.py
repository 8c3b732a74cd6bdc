"""What must never be stored or shown of a log: every provider key, and the services' own secrets."""

from intelligence.models import Service
from intelligence.models.services import SECRETS
from providers.directory import Directory
from providers.guard import Redactor

SHORTEST = 8  # a shorter "secret" would mask ordinary words


def redactor() -> Redactor:
    """Masks all of them. Two reads."""
    own = Service.objects.values_list(*SECRETS)
    return Redactor([*Directory().keys(), *(str(s) for row in own for s in row if len(s or "") >= SHORTEST)])
