"""Addresses of this app."""

from django.urls import path

from senate.lane.models_list import Models
from senate.views import acts, ask, estimate, session, stream

API = "api/v1/senate/sessions/"
app_name = "senate"
urlpatterns = [
    path("senate/", ask.Sessions.as_view(), name="list"),
    path("senate/quote/", ask.Quote.as_view(), name="quote"),
    path("senate/<int:pk>/", session.Session.as_view(), name="session"),
    path("senate/<int:pk>/cancel/", session.Cancel.as_view(), name="cancel"),
    path("senate/<int:pk>/again/", acts.Again.as_view(), name="again"),
    path("senate/<int:pk>/share/", acts.Share.as_view(), name="share"),
    path("senate/<int:pk>/compare/", acts.Compare.as_view(), name="compare"),
    path("api/v1/ai/models", Models.as_view(), name="api-models"),
    path("api/v1/ai/cost-estimate/", estimate.Estimate.as_view(), name="api-cost-estimate"),
    path(API, ask.Sessions.as_view(paged=False), name="api-sessions"),
    path(f"{API}<int:pk>/", session.Session.as_view(paged=False), name="api-session"),
    path(f"{API}<int:pk>/events/", session.SessionEvents.as_view(), name="api-events"),
    path(f"{API}<int:pk>/stream/", stream.SessionStream.as_view(), name="api-stream"),
    path(f"{API}<int:pk>/cancel/", session.Cancel.as_view(), name="api-cancel"),
    path(f"{API}<int:pk>/again/", acts.Again.as_view(), name="api-again"),
    path(f"{API}<int:pk>/compare/", acts.Compare.as_view(), name="api-compare"),
]
