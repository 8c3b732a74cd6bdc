"""Addresses of this app."""

from django.urls import URLPattern

app_name = "senate"
urlpatterns: list[URLPattern] = []
