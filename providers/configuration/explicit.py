"""A connection that the caller brings itself, beside the saved ones: an own key, address and model.

It runs under the same ledger, breaker, outbound guard, price rules and redaction as every other call. Nothing of
the saved row or of the environment is mixed in: no key of the site ever goes to an address that a caller named.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from django.conf import settings

from providers.catalog import provider as row_of
from providers.exceptions import InvalidInput, NotConfigured
from providers.network.outbound import guard
from providers.types import Connection

LONGEST = 500


@dataclass(frozen=True, slots=True)
class ExplicitConnection:
    """`provider` is a slug of the catalog and names the protocol. `base_url`, or `host` (Ollama's word for it):
    empty means the provider's own address. The key never shows in a repr."""

    provider: str
    key: str = field(default="", repr=False)
    base_url: str = ""
    host: str = ""
    account_id: str = ""

    def connection(self) -> Connection:
        """What a wire needs. Errors: NotFound (provider), InvalidInput, NotConfigured, OutboundRefused."""
        row, address = row_of(self.provider), (self.base_url or self.host).strip()
        if not row.available:
            raise NotConfigured(f"{row.name} is not available yet.", code="not_available")
        if max(len(self.key), len(address), len(self.account_id)) > LONGEST:
            raise InvalidInput(f"A key or address is at most {LONGEST} characters long.", param="connection")
        address = address or ("" if row.needs_base_url else row.base_url)
        if row.slug == "mock" and not settings.AI_ALLOW_MOCK:
            raise NotConfigured("Mock gives its test answers only with AI_ALLOW_MOCK=1 in .env.")
        if not address and row.slug != "mock":
            raise InvalidInput(f"{row.name} has no address of its own: give its base URL.", param="base_url")
        if not self.key and not row.key_optional and row.slug != "mock":
            raise InvalidInput(f"{row.name} needs a key.", param="key")
        if "account_id" in row.extra_fields and not self.account_id:
            raise InvalidInput(f"{row.name} needs an account id.", param="account_id")
        if address:
            guard().check_url(address)
        hosts = tuple(settings.JULES_ALLOWED_HOSTS) if row.slug == "jules" else ()
        seconds = settings.SENATE_TIMEOUT_SECONDS
        return Connection(row.slug, address, self.key, seconds, account_id=self.account_id, allowed_hosts=hosts)

    def identity(self) -> str:
        """Whose circuit breaker it is: `slug#digest`. Another key or address is another one, and none is the
        saved key's. The digest is keyed, so it tells nothing of the key."""
        words = "\x1f".join((self.provider, self.key, self.base_url, self.host, self.account_id))
        digest = hmac.new(settings.SECRET_KEY.encode(), words.encode(), hashlib.sha256).hexdigest()
        return f"{self.provider}#{digest[:16]}"
