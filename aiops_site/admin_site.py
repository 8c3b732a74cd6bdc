"""Django's admin, at /admin/: for admins alone, by the one policy table, with the site's own sign-in.

What can be changed here is audited like everywhere: who analyses (through the same functions as its page), people
and their roles (by the signals of `providers/trail/audited.py`). All else is shown and can't be changed.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from aiops_site.policy import allows
from providers.access.roles import Role, role_of

DROPPED = ("autocomplete", "view_on_site", "app_list")  # nothing here uses the first two; the third stands below
View = Callable[..., HttpResponse]


class Site(AdminSite):
    site_header = site_title = "AIOps Console"
    index_title = "Rows"
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        return role_of(request.user) is Role.ADMIN

    def get_urls(self) -> list[Any]:
        kept = [one for one in super().get_urls() if getattr(one, "name", None) not in DROPPED]
        return [*kept, path("<slug:app_label>/", self.admin_view(self.app_index), name="app_list")]

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner = super().admin_view(view, cacheable)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return refused(request) or inner(request, *args, **kwargs)

        return guarded

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one way to sign in, with one throttle and one audit."""
        return refused(request) or HttpResponseRedirect(reverse("admin:index"))


def refused(request: HttpRequest) -> HttpResponse | None:
    """The way to the sign-in; None for who may. Errors: PermissionDenied for whom the table does not name."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), settings.LOGIN_URL and reverse(settings.LOGIN_URL))
    if not allows(request.resolver_match.view_name, request.method, role_of(request.user)):
        raise PermissionDenied
    return None
