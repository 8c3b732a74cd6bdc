from django.apps import AppConfig


class SenateConfig(AppConfig):
    name = "senate"

    def ready(self) -> None:
        from providers import modes
        from senate.offer import auto_now

        modes.explained_by(auto_now)
