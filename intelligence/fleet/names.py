"""What services are called, for pages of a lower floor that know only their ids."""

from uuid import UUID

from intelligence.models import Service


def service_names(keys: list[str]) -> dict[str, str]:
    """Id as text -> name, of those that there are; anything else is left out."""
    ids = []
    for key in keys:
        try:
            ids.append(UUID(key))
        except ValueError:
            continue
    return {str(pk): name for pk, name in Service.objects.filter(pk__in=ids).values_list("pk", "name")}
