"""The roof: settings, addresses, and what settings name by string. No app imports it."""

from aiops_site.celery import app as celery_app

__all__ = ["celery_app"]
