"""Addresses of this app."""

from django.urls import path

from jules.views import api, pages

app_name = "jules"
urlpatterns = [
    path("jules/", pages.Fixes.as_view(), name="fixes"),
    path("jules/fix/", pages.Fix.as_view(), name="fix"),
    path("jules/<int:pk>/", pages.Attempt.as_view(), name="attempt"),
    path("jules/<int:pk>/retry/", pages.Retry.as_view(), name="retry"),
    path("api/v1/jules/fix/", api.Fix.as_view(), name="api-fix"),
    path("api/v1/jules/history/<uuid:pk>/", api.History.as_view(), name="api-history"),
    path("api/v1/jules/attempts/<int:pk>/", api.One.as_view(), name="api-attempt"),
    path("api/v1/jules/attempts/<int:pk>/retry/", api.Retry.as_view(), name="api-retry"),
]
