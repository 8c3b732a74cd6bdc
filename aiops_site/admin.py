"""People in the admin. Roles are the four groups; a person is deactivated, not deleted: the ledger names them."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from providers.access.admin_rights import ForAdmins
from providers.access.roles import role_of

admin.site.unregister(Group)
admin.site.unregister(get_user_model())


@admin.register(get_user_model())
class People(ForAdmins, UserAdmin):
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Role", {"fields": ("is_active", "groups", "is_superuser")}),
    )
    list_display = ("username", "first_name", "last_name", "role", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    filter_horizontal = ("groups",)

    @admin.display(description="role")
    def role(self, person: Any) -> str:
        return role_of(person) or "none: can't sign in"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
