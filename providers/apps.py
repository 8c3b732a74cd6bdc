from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate


class ProvidersConfig(AppConfig):
    name = "providers"

    def ready(self) -> None:
        from providers import retained, site_tools  # noqa: F401  (tools register themselves)
        from providers.ledger.triggers import reinstall
        from providers.money.caps import version as caps_version
        from providers.network import outbound
        from providers.runtime import watching
        from providers.trail import audited

        outbound.configure(settings.AI_PRIVATE_HOSTS)
        watching.register("providers", watching.providers_version)
        watching.register("caps", caps_version)
        audited.connect()
        retained.register()
        post_migrate.connect(reinstall, sender=self, dispatch_uid="usage triggers")
