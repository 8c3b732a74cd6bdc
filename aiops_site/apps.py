from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "aiops_site"
    verbose_name = "AIOps Console"

    def ready(self) -> None:
        from aiops_site import checks  # noqa: F401  registers the system checks
        from aiops_site.overview.watching import version
        from aiops_site.sign_in import signed_in
        from providers.runtime import watching

        watching.register("overview", version)
        signed_in.connect()
