from django.apps import AppConfig


class JulesConfig(AppConfig):
    name = "jules"
