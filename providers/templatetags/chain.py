"""`{% chain "usage" "rows" %}`: how a chain was last verified, in a line."""

from typing import Any

from django import template

from providers.ledger.chains import CHAINS
from providers.trail import audit_log

register = template.Library()


@register.inclusion_tag("providers/audit/chain.html")
def chain(name: str, what: str) -> dict[str, Any]:
    """Show the last verification of the chain `usage` or `audit`, whose rows are called `what`."""
    return {"chain": audit_log.standing(CHAINS[name]), "what": what}
