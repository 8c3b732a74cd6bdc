"""Addresses. Each app brings its own; the roof has the frame's pages, health and the API's own page."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from aiops_site.views import account, api_pages, elsewhere, first_visit, frame, health, metrics, samples

urlpatterns = [
    path("", frame.Overview.as_view(), name="overview"),
    path("search/", frame.Search.as_view(), name="search"),
    path("menu/", frame.Menu.as_view(), name="menu"),
    path("components/", frame.Gallery.as_view(), name="gallery"),
    path("samples/", samples.Samples.as_view(), name="samples"),
    path("account/", account.Account.as_view(), name="account"),
    path("account/tokens/<int:pk>/revoke/", account.RevokeToken.as_view(), name="token-revoke"),
    path("setup/", first_visit.Setup.as_view(), name="setup"),
    path("login/", account.SignIn.as_view(), name="login"),
    path("login/elsewhere/", elsewhere.begin, name="oidc-begin"),
    path("login/elsewhere/back/", elsewhere.callback, name="oidc-callback"),
    path("account/sessions/<str:name>/end/", account.EndSession.as_view(), name="session-end"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.scrape, name="metrics"),
    path("metrics/", metrics.scrape, name="metrics"),
    path("admin/", admin.site.urls),
    path("api/schema/", api_pages.ApiSchema.as_view(), name="api-schema"),
    path("api/docs/", api_pages.ApiOperations.as_view(), name="api-docs"),
    path("api/docs/<str:name>/", api_pages.ApiOperation.as_view(), name="api-operation"),
    path("", include("jules.urls")),
    path("", include("intelligence.urls")),
    path("", include("senate.urls")),
    path("", include("providers.urls")),
]

handler400 = "aiops_site.web.errors.bad_request"
handler403 = "aiops_site.web.errors.forbidden"
handler404 = "aiops_site.web.errors.not_found"
handler500 = "aiops_site.web.errors.server_error"
