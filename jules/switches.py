"""What may happen without being asked: the site's two switches, and each service's own say beside them.

`JULES_AUTO_FIX` opens pull requests by itself, `JULES_AUTO_DEPLOY_PR` queues a deployment of their branch. Set to
1 or 0 they decide for every service; unset, each service decides (`auto_fix`, `auto_deploy`), and off is the
default. The latter alone set to 1 turns the former on; an explicit `JULES_AUTO_FIX=0` wins.
"""

from django.conf import settings

from intelligence.models import Service


def fixes(service: Service) -> bool:
    """Whether a failed deployment of this service is fixed without being asked."""
    if settings.JULES_AUTO_FIX is not None:
        return settings.JULES_AUTO_FIX
    return bool(settings.JULES_AUTO_DEPLOY_PR) or service.auto_fix


def deploys(service: Service) -> bool:
    """Whether the branch of a new pull request is to be deployed (asking first, unless the service says no)."""
    if settings.JULES_AUTO_DEPLOY_PR is not None:
        return settings.JULES_AUTO_DEPLOY_PR
    return service.auto_deploy


def anywhere() -> bool:
    """Whether any service is fixed by itself."""
    if settings.JULES_AUTO_FIX is not None:
        return settings.JULES_AUTO_FIX
    return bool(settings.JULES_AUTO_DEPLOY_PR) or Service.objects.filter(auto_fix=True).exists()
