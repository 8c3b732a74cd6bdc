from django.apps import AppConfig


class JulesConfig(AppConfig):
    name = "jules"

    def ready(self) -> None:
        from jules import tools  # noqa: F401  (they register themselves)
        from jules.watching import version
        from jules.work import redeploy
        from providers import watching

        redeploy.register()
        watching.register("fixes", version)
