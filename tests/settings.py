"""Settings of the suite: own secrets, no `.env`, no provider key of this machine."""

import atexit
import os
import shutil
import tempfile

from cryptography.fernet import Fernet

for name in [n for n in os.environ if n.endswith("_API_KEY")]:
    del os.environ[name]
_data = os.environ.get("TEST_DATA_DIR")
if not _data:  # every process of the suite has its own, and leaves nothing behind
    _data = tempfile.mkdtemp(prefix="aiops-tests-")
    atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ.update(
    ENV_FILE="",
    SECRET_KEY="tests-only-" + "x" * 50,
    AI_ENCRYPTION_KEY=Fernet.generate_key().decode(),
    AI_ALLOW_MOCK="0",
    AI_PRIVATE_HOSTS="",
    DATA_DIR=_data,
    REDIS_URL=os.environ.get("TEST_REDIS_URL", ""),
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", ""),
    HOST="127.0.0.1",
    DEBUG="0",
)
from aiops_site.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick; no real password here
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file: the ledger's writer has a connection of its own, and a shared in-memory database locks otherwise.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "tests.sqlite3"}  # noqa: F405
