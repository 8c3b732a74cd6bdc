"""The rows of this app in Django's admin. Who analyses can be changed, through the functions of its page and API;
what services, workers and people did is shown and stays as it is."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from intelligence import models
from intelligence.models.services import SECRETS
from intelligence.providers import PROVIDER_CLASSES, saved_providers
from intelligence.providers.base import SECRET_KEYS
from providers.access.admin_rights import ForAdmins, Shown
from providers.exceptions import InvalidInput

SET = '"set" stands for a saved secret, which is never shown. Left so, it stays as it is saved.'


class Config(forms.JSONField):
    """What was typed is shown again without its secrets; what is no JSON object isn't shown at all."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            given = json.loads(data or "{}")
        except ValueError:
            given = None
        return redacted(given) if isinstance(given, dict) else initial


def redacted(config: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in config.items() if key not in SECRET_KEYS or value == saved_providers.SAVED
    }


class ProviderForm(forms.ModelForm):
    """The config is shown redacted; a secret that is left as it is shown stays as it is saved."""

    provider = forms.ChoiceField(choices=[(slug, kind.label) for slug, kind in PROVIDER_CLASSES.items()])
    config_json = Config(label="Config", required=False, help_text=SET)

    class Meta:
        model = models.IntelligenceProvider
        fields = ("name", "provider", "is_active", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["config_json"] = saved_providers.as_dict(self.instance)["config"]

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        if (
            models.IntelligenceProvider.objects.exclude(pk=self.instance.pk)
            .filter(name=found.get("name"))
            .exists()
        ):
            self.add_error("name", "There is a provider with this name already.")
        if "provider" not in found or "config_json" not in found:
            return found
        found["config_json"] = found["config_json"] or {}
        try:
            if not isinstance(found["config_json"], dict):
                raise InvalidInput('Give a JSON object, for example {"api_key": "…"}.', param="config")
            saved_providers.config_of(self.instance, found["provider"], found["config_json"])
        except InvalidInput as error:
            self.add_error("config_json", error.message)
        return found

    def _post_clean(self) -> None:
        """The row is changed by `saved_providers.save` alone, which tells old from new."""


@admin.register(models.IntelligenceProvider)
class IntelligenceProviderAdmin(ForAdmins):
    form = ProviderForm
    list_display = ("name", "provider", "shown_config", "is_active", "problem", "updated_at")
    list_filter = ("provider", "is_active")
    search_fields = ("name", "description")
    fields = ("name", "provider", "config_json", "is_active", "description")
    actions = ("activate", "use_local_rules")

    @admin.display(description="config")
    def shown_config(self, row: models.IntelligenceProvider) -> str:
        return ", ".join(f"{key} {value}" for key, value in saved_providers.as_dict(row)["config"].items())

    @admin.display(description="problem")
    def problem(self, row: models.IntelligenceProvider) -> str:
        return saved_providers.as_dict(row)["problem"] or "-"

    def save_form(self, request: HttpRequest, form: ProviderForm, change: bool) -> models.IntelligenceProvider:
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: ProviderForm, change: bool) -> None:
        fields = dict(form.cleaned_data)
        saved_providers.save(obj, fields | {"config": fields.pop("config_json")})

    def save_related(self, request: HttpRequest, form: ProviderForm, formsets: Any, change: bool) -> None:
        """It has none."""

    def delete_model(self, request: HttpRequest, obj: models.IntelligenceProvider) -> None:
        saved_providers.remove(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            saved_providers.remove(row)

    @admin.action(description="Let the selected one analyse")
    def activate(self, request: HttpRequest, queryset: QuerySet) -> None:
        if len(queryset) != 1:
            self.message_user(request, "Select one: a single provider is active at a time.", messages.ERROR)
            return
        saved_providers.activate(queryset[0])
        self.message_user(request, f"{queryset[0].name} analyses from the next log on.")

    @admin.action(description="Stop using the selected one: the local rules analyse")
    def use_local_rules(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            saved_providers.deactivate(row)
        self.message_user(request, "The local rules analyse now." if queryset else "Nothing was selected.")


@admin.register(models.Service)
class ServiceAdmin(Shown):
    list_display = ("name", "owner", "host", "deployer", "default_branch", "created_at")
    search_fields = ("name",)
    exclude = SECRETS


@admin.register(models.Deployment)
class DeploymentAdmin(Shown):
    list_display = ("service", "status", "commit", "branch", "environment", "origin", "created_at")
    list_filter = ("status", "environment", "origin")
    list_select_related = ("service",)
    search_fields = ("commit", "branch", "service__name")
    exclude = ("claimed_by",)


@admin.register(models.Incident)
class IncidentAdmin(Shown):
    list_display = ("code", "subject", "service", "severity", "state", "count", "first_seen", "last_seen")
    list_filter = ("state", "severity", "code")
    list_select_related = ("service",)


@admin.register(models.AnalysisRun)
class AnalysisRunAdmin(Shown):
    list_display = ("title", "service", "mode", "state", "source", "provider", "created_at", "reviewed_by")
    list_filter = ("state", "mode", "source")
    list_select_related = ("service", "reviewed_by")
    exclude = ("claim",)


@admin.register(models.Recommendation)
class RecommendationAdmin(Shown):
    list_display = ("text", "source", "state", "decided_by", "created_at")
    list_filter = ("state", "source")
    list_select_related = ("decided_by",)
