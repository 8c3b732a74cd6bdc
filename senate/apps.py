from django.apps import AppConfig


class SenateConfig(AppConfig):
    name = "senate"

    def ready(self) -> None:
        from providers.configuration import modes
        from providers.usage import advice
        from senate import retention
        from senate.offer import auto_now
        from senate.reading import influence

        modes.explained_by(auto_now)
        advice.register(influence.idle_votes)
        retention.register()
