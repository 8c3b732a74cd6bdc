from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "aiops_site"
    verbose_name = "AIOps Console"

    def ready(self) -> None:
        from aiops_site import checks, signed_in  # noqa: F401  registers the system checks
        from aiops_site.overview.watching import version
        from providers import watching

        watching.register("overview", version)
        signed_in.connect()
