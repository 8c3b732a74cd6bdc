from django.apps import AppConfig


class JulesConfig(AppConfig):
    name = "jules"

    def ready(self) -> None:
        from intelligence.webhooks import work as webhooks
        from jules import follow, retention, tools  # noqa: F401  (tools register themselves)
        from jules.watching import version
        from jules.work import redeploy
        from providers.runtime import watching

        redeploy.register()
        webhooks.listen("fixes", follow.heard)
        retention.register()
        watching.register("fixes", version)
