"""Addresses of this app."""

from django.urls import path

from intelligence.views import approvals, approvals_page, deployments, pages, samples, services, webhooks

app_name = "intelligence"
urlpatterns = [
    path("services/", pages.Services.as_view(), name="services"),
    path("services/new/", pages.ServiceForm.as_view(), name="service-new"),
    path("services/<uuid:pk>/", pages.Service.as_view(), name="service"),
    path("services/<uuid:pk>/settings/", pages.ServiceForm.as_view(), name="service-edit"),
    path("services/<uuid:pk>/deploy/", pages.Deploy.as_view(), name="deploy"),
    path("deployments/<uuid:pk>/", pages.Deployment.as_view(), name="deployment"),
    path("deployments/<uuid:pk>/lines/", pages.DeploymentLines.as_view(), name="deployment-lines"),
    path("deployments/<uuid:pk>/find/", pages.DeploymentFind.as_view(), name="deployment-find"),
    path("deployments/<uuid:pk>/download/", pages.DeploymentDownload.as_view(), name="deployment-download"),
    path("deployments/<uuid:pk>/cancel/", pages.DeploymentCancel.as_view(), name="deployment-cancel"),
    path("api/v1/services/<uuid:pk>/samples/", samples.ServiceSamples.as_view(), name="api-samples"),
    path("api/v1/services/", services.ServiceList.as_view(), name="api-services"),
    path("api/v1/services/<uuid:pk>/", services.ServiceOne.as_view(), name="api-service"),
    path("api/v1/services/<uuid:pk>/deployments/", services.DeploymentList.as_view(), name="api-deployments"),
    path("api/v1/deployments/<uuid:pk>/", deployments.DeploymentOne.as_view(), name="api-deployment"),
    path("api/v1/deployments/<uuid:pk>/logs/", deployments.DeploymentLog.as_view(), name="api-deployment-log"),
    path("api/v1/webhooks/<slug:source>/", webhooks.Webhook.as_view(), name="webhook"),
    path("approvals/", approvals_page.Approvals.as_view(), name="approvals"),
    path("approvals/<uuid:pk>/", approvals_page.ApprovalPage.as_view(), name="approval"),
    path("api/v1/ops/approvals/", approvals.ApprovalList.as_view(), name="api-approvals"),
    path("api/v1/ops/approvals/<uuid:pk>/", approvals.ApprovalOne.as_view(), name="api-approval"),
]
