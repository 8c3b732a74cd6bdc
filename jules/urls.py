"""Addresses of this app."""

from django.urls import path

from jules.views import api

app_name = "jules"
urlpatterns = [
    path("api/v1/jules/fix/", api.Fix.as_view(), name="api-fix"),
    path("api/v1/jules/history/<uuid:pk>/", api.History.as_view(), name="api-history"),
    path("api/v1/jules/attempts/<int:pk>/", api.One.as_view(), name="api-attempt"),
    path("api/v1/jules/attempts/<int:pk>/retry/", api.Retry.as_view(), name="api-retry"),
]
