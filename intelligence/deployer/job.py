"""One real deployment in a worker's hands: its row, its claim, its log, and whether it shall stop."""

import asyncio
from typing import Any

from intelligence.deployer import store
from intelligence.deployer.log import Log
from intelligence.deployer.store import LeaseLost
from intelligence.models import ENDED, Deployment
from providers.exceptions import AIServiceError
from providers.guard import Redactor
from providers.runtime.hop import hop


class Failed(AIServiceError):
    """The deployment failed; the text is its reason. `detail`: more words for the log."""

    http_status = 502
    code = "deployment_failed"

    def __init__(self, reason: str, *, detail: str = "") -> None:
        super().__init__(reason)
        self.detail = detail


class Cancelled(Exception):
    """Somebody asked for it to stop."""


class Job:
    """`stopping`: it was cancelled, or another has it. `news` is set whenever the row was looked at."""

    def __init__(self, deployment: Deployment, redactor: Redactor) -> None:
        self.deployment = deployment
        self.token = deployment.claimed_by
        self.log = Log(deployment.pk, self.token, redactor)
        self.status = deployment.status
        self.cancelled = self.gone = False
        self.news = asyncio.Event()

    @property
    def stopping(self) -> bool:
        return self.cancelled or self.gone or self.log.lost

    def seen(self, status: str, cancelled: bool) -> None:
        """What a look at the row found."""
        self.status, self.cancelled = status, self.cancelled or cancelled
        self.gone = self.gone or status in ENDED
        self.news.set()

    def lose(self) -> None:
        self.gone = True
        self.news.set()

    def check(self) -> None:
        """Errors: LeaseLost, Cancelled."""
        if self.gone or self.log.lost:
            raise LeaseLost("it ended, or another worker has it")
        if self.cancelled:
            raise Cancelled

    async def move(self, status: str, reason: str = "") -> None:
        self.check()
        await self.log.flush()
        await hop(store.move, self.deployment.pk, self.token, status, reason)
        self.status = status

    async def change(self, **columns: Any) -> None:
        """Sets columns of the row, and of this copy."""
        await hop(store.move, self.deployment.pk, self.token, self.status, "", **columns)
        for name, value in columns.items():
            setattr(self.deployment, name, value)
