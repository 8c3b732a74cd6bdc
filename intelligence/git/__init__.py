"""Git without a work tree: a bare clone, read and written by plumbing; nobody vouches for what is in it."""

from intelligence.git.command import GitError, Remote
from intelligence.git.repository import Repository

__all__ = ["GitError", "Remote", "Repository"]
