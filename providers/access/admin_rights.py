"""Rights in Django's admin: by the site's roles, not by Django's permissions."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from providers.access.roles import Role, role_of


class ForAdmins(admin.ModelAdmin):
    """Admins may do everything; a subclass takes away what they may not."""

    def get_urls(self) -> list[Any]:
        """Without the nameless redirect of old addresses: every address stands in the policy table by its name."""
        return [one for one in super().get_urls() if one.name]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return role_of(request.user) is Role.ADMIN

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return role_of(request.user) is Role.ADMIN

    def has_add_permission(self, request: HttpRequest) -> bool:
        return role_of(request.user) is Role.ADMIN

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return role_of(request.user) is Role.ADMIN

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return role_of(request.user) is Role.ADMIN


class Shown(ForAdmins):
    """Rows that are looked at. A subclass leaves out columns with secrets or logs."""

    actions = None
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
