"""Addresses of this app. Who may open which stands in the site's policy."""

from django.urls import path

from providers.views import audit, balance, caps, committee, keys, notifications, policy, usage

app_name = "providers"
urlpatterns = [
    path("providers/", keys.Keys.as_view(), name="keys"),
    path("providers/test/", keys.Test.as_view(), name="test"),
    path("providers/models/", keys.Models.as_view(), name="models"),
    path("providers/balance/", balance.Balance.as_view(), name="balance"),
    path("providers/senate/", committee.Committee.as_view(), name="committee"),
    path("providers/policy/", policy.Policy.as_view(), name="policy"),
    path("api/v1/ai/config/", policy.Config.as_view(), name="api-config"),
    path("api/v1/ai/providers/", keys.ProviderList.as_view(), name="api-list"),
    path("api/v1/ai/providers/update/", keys.ProviderUpdate.as_view(), name="api-update"),
    path("api/v1/ai/test/", keys.ProviderTest.as_view(), name="api-test"),
    path("audit/", audit.Audit.as_view(), name="audit"),
    path("audit/check/", audit.Check.as_view(), name="audit-check"),
    path("audit/<int:number>/", audit.Entry.as_view(), name="audit-entry"),
    path("api/v1/audit/", audit.Entries.as_view(), name="api-audit"),
    path("api/v1/audit/chains/", audit.Chains.as_view(), name="api-chains"),
    path("api/v1/audit/<int:number>/", audit.EntryOf.as_view(), name="api-audit-entry"),
    path("usage/", usage.Usage.as_view(), name="usage"),
    path("usage/calls/", usage.Calls.as_view(), name="calls"),
    path("usage/calls/<uuid:pk>/", usage.Call.as_view(), name="call"),
    path("usage/caps/", caps.Caps.as_view(), name="caps"),
    path("usage/budgets/", caps.Budgets.as_view(), name="budgets"),
    path("usage/caps/<str:username>/", caps.Cap.as_view(), name="cap"),
    path("usage/notifications/", notifications.Channels.as_view(), name="channels"),
    path("usage/notifications/<int:pk>/", notifications.Channel.as_view(), name="channel"),
    path("usage/notifications/<int:pk>/seen/", notifications.Seen.as_view(), name="notification-seen"),
    path("api/v1/ai/notifications/", notifications.Unseen.as_view(), name="api-notifications"),
    path("api/v1/ai/notifications/channels/", notifications.ChannelList.as_view(), name="api-channels"),
    path("api/v1/ai/notifications/channels/<int:pk>/", notifications.ChannelOf.as_view(), name="api-channel"),
    path(
        "api/v1/ai/notifications/channels/<int:pk>/test/",
        notifications.ChannelTest.as_view(),
        name="api-channel-test",
    ),
    path("api/v1/ai/usage/", usage.UsageRows.as_view(), name="api-usage"),
    path("api/v1/ai/usage/summary/", usage.UsageSummary.as_view(), name="api-usage-summary"),
    path("api/v1/ai/usage/matrix/", usage.UsageMatrix.as_view(), name="api-usage-matrix"),
    path("api/v1/ai/usage/advice/", usage.UsageAdvice.as_view(), name="api-usage-advice"),
    path("api/v1/ai/caps/", caps.CapList.as_view(), name="api-caps"),
    path("api/v1/ai/caps/<str:username>/", caps.CapOf.as_view(), name="api-cap"),
]
