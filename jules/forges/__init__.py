"""Pull requests on GitHub (and Enterprise), GitLab and Bitbucket Cloud, behind one shape.

To add a forge: its adapter beside these with a row in FORGES, its git user in `intelligence/models/services.py`,
its wire in `tests/fakes/forge.py`, its word in `tests/jules/test_forges.py`.
"""

from collections.abc import Callable, Mapping

from jules.forges.base import Forge, ForgeError, PullRequest, Repo
from jules.forges.bitbucket import Bitbucket
from jules.forges.github import GitHub
from jules.forges.gitlab import GitLab

__all__ = ["FORGES", "Forge", "ForgeError", "PullRequest", "Repo", "forge_of"]

FORGES: Mapping[str, Callable[[Repo], Forge]] = {"github": GitHub, "gitlab": GitLab, "bitbucket": Bitbucket}


def forge_of(kind: str, repository_url: str, api_url: str, token: str) -> Forge:
    """The adapter for one repository. Errors: ForgeError where its address names no owner and repository."""
    return FORGES[kind](Repo.of(repository_url, api_url, token))
