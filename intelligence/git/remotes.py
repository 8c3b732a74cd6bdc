"""A service's repository as git reaches it: the user name that its forge wants beside the token."""

from intelligence.git.command import Remote
from intelligence.models import Service

USERS = {"github": "x-access-token", "gitlab": "oauth2", "bitbucket": "x-token-auth"}
BITBUCKET_PERSON = "x-bitbucket-api-token-auth"  # beside an API token of a person, saved as EMAIL:TOKEN


def remote_of(service: Service) -> Remote:
    token, user = service.forge_token, USERS.get(service.forge, USERS["github"])
    if service.forge == "bitbucket" and ":" in token:
        user, token = BITBUCKET_PERSON, token.partition(":")[2]
    return Remote(service.repository_url, token, user)
