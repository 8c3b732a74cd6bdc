from django.apps import AppConfig


class IntelligenceConfig(AppConfig):
    name = "intelligence"

    def ready(self) -> None:
        from intelligence import live, retention, tools  # noqa: F401  (tools register themselves)
        from intelligence.agents import approved, code_tools  # noqa: F401
        from intelligence.approval import approvals
        from intelligence.fleet.names import service_names
        from providers.runtime import watching
        from providers.usage.names import name_services

        name_services(service_names)
        approved.register()
        watching.register("approvals", approvals.version)
        watching.register("deployments", live.deployments_version)
        watching.register("runs", live.runs_version)
        retention.register()
