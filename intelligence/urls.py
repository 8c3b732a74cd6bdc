"""Addresses of this app."""

from django.urls import path

from intelligence.views import approvals, deployments, services, webhooks

app_name = "intelligence"
urlpatterns = [
    path("api/v1/services/", services.ServiceList.as_view(), name="api-services"),
    path("api/v1/services/<uuid:pk>/", services.ServiceOne.as_view(), name="api-service"),
    path("api/v1/services/<uuid:pk>/deployments/", services.DeploymentList.as_view(), name="api-deployments"),
    path("api/v1/deployments/<uuid:pk>/", deployments.DeploymentOne.as_view(), name="api-deployment"),
    path("api/v1/deployments/<uuid:pk>/logs/", deployments.DeploymentLog.as_view(), name="api-deployment-log"),
    path("api/v1/webhooks/<slug:source>/", webhooks.Webhook.as_view(), name="webhook"),
    path("api/v1/ops/approvals/", approvals.ApprovalList.as_view(), name="api-approvals"),
    path("api/v1/ops/approvals/<uuid:pk>/", approvals.ApprovalOne.as_view(), name="api-approval"),
]
