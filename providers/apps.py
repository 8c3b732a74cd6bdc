from django.apps import AppConfig
from django.conf import settings


class ProvidersConfig(AppConfig):
    name = "providers"

    def ready(self) -> None:
        from providers import outbound

        outbound.configure(settings.AI_PRIVATE_HOSTS)
