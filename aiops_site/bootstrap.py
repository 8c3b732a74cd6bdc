"""Makes the git-ignored `.env` with the secrets a first start needs. Runs before Django is imported."""

import base64
import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = ROOT / ".env"

HEAD = """\
# Made at the first start. Keep it: without AI_ENCRYPTION_KEY the saved provider keys can't be read.
# Every name can also be set in the environment, which wins, or as NAME_FILE with the path of a file.
"""


def ensure_secrets(path: Path = ENV_FILE) -> bool:
    """Writes `path` (mode 600) when it is missing and the environment brings no secrets; says if it did."""
    given = {"SECRET_KEY", "SECRET_KEY_FILE"} & set(os.environ)
    if given or path.exists():
        return False
    lines = [
        f"SECRET_KEY={secrets.token_urlsafe(50)}",
        f"AI_ENCRYPTION_KEY={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}",
        "# Test answers (Mock) for trying the site without a key; everything Mock says is labelled.",
        "AI_ALLOW_MOCK=1",
    ]
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was first
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(HEAD + "\n".join(lines) + "\n")
    return True
