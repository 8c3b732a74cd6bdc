from django.apps import AppConfig


class JulesConfig(AppConfig):
    name = "jules"

    def ready(self) -> None:
        from jules.work import redeploy

        redeploy.register()
