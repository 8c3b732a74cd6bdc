"""Django's admin with this site's own rules of who comes in (`admin_site.py`)."""

from django.contrib.admin.apps import AdminConfig


class AdminApp(AdminConfig):
    default_site = "aiops_site.admin_site.Site"
