from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate


class ProvidersConfig(AppConfig):
    name = "providers"

    def ready(self) -> None:
        from providers import audited, outbound, retained, site_tools, watching  # noqa: F401  (tools register themselves)
        from providers.caps import version as caps_version
        from providers.ledger.triggers import reinstall

        outbound.configure(settings.AI_PRIVATE_HOSTS)
        watching.register("providers", watching.providers_version)
        watching.register("caps", caps_version)
        audited.connect()
        retained.register()
        post_migrate.connect(reinstall, sender=self, dispatch_uid="usage triggers")
