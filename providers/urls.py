"""Addresses of this app. Who may open which stands in the site's policy."""

from django.urls import path

from providers.views import committee, keys

app_name = "providers"
urlpatterns = [
    path("providers/", keys.Keys.as_view(), name="keys"),
    path("providers/test/", keys.Test.as_view(), name="test"),
    path("providers/senate/", committee.Committee.as_view(), name="committee"),
    path("api/v1/ai/providers/", keys.ProviderList.as_view(), name="api-list"),
    path("api/v1/ai/providers/update/", keys.ProviderUpdate.as_view(), name="api-update"),
    path("api/v1/ai/test/", keys.ProviderTest.as_view(), name="api-test"),
]
