"""A service's repository as git reaches it: the user name that its forge wants beside the token."""

from intelligence.git.command import Remote
from intelligence.models import Service
from intelligence.models.services import GIT_USERS

BITBUCKET_PERSON = "x-bitbucket-api-token-auth"  # beside an API token of a person, saved as EMAIL:TOKEN


def remote_of(service: Service) -> Remote:
    token, user = service.forge_token, GIT_USERS[service.forge]
    if service.forge == "bitbucket" and ":" in token:
        user, token = BITBUCKET_PERSON, token.partition(":")[2]
    return Remote(service.repository_url, token, user)
