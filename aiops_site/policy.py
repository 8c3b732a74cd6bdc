"""The one table of who may open what. A route that is not here is closed to everybody.

Left the route's name, then the method, then the roles; PUBLIC routes need no sign-in.
`tests/aiops_site/test_policy.py` walks the URL resolver against it.
"""

from collections.abc import Mapping

from aiops_site.policy_admin import ADMIN_ROUTES
from providers.access.roles import ALL, Role

Roles = frozenset[Role]
ADMIN: Roles = frozenset({Role.ADMIN})
ASKERS: Roles = frozenset({Role.ADMIN, Role.ENGINEER})
MONEY: Roles = frozenset({Role.ADMIN, Role.MANAGER})

AGENT: frozenset[str] = frozenset({"agent"})  # a token of the ops API, which is nobody's role

# Nobody is signed in yet, or a machine asks; a webhook is believed only where it is signed;
# metrics asks for a token of its own.
PUBLIC = frozenset(
    {
        "healthz",
        "readyz",
        "metrics",
        "setup",
        "login",
        "oidc-begin",
        "oidc-callback",
        "logout",
        "admin:logout",
        "intelligence:webhook",
        "intelligence:api-ops-token",  # an agent's key, or a person's session, is looked at there
    }
)

ROUTES: Mapping[str, Mapping[str, Roles | frozenset[str]]] = {
    "overview": {"GET": ALL, "POST": ALL},
    "menu": {"GET": ALL},
    "search": {"GET": ALL},
    "gallery": {"GET": ADMIN},
    "samples": {"POST": ADMIN},
    "account": {"GET": ALL, "POST": ALL},
    "token-revoke": {"POST": ALL},
    "session-end": {"POST": ALL},
    "api-schema": {"GET": ALL},
    "api-docs": {"GET": ALL},
    "api-operation": {"GET": ALL},
    "providers:keys": {"GET": ALL, "POST": ADMIN},
    "providers:test": {"POST": ADMIN},
    "providers:models": {"POST": ADMIN},
    "providers:balance": {"GET": MONEY},
    "providers:committee": {"GET": ALL, "POST": ADMIN},
    "providers:policy": {"GET": ALL, "POST": ADMIN},
    "providers:api-config": {"GET": ALL, "PATCH": ADMIN},
    "providers:api-list": {"GET": ALL},
    "providers:api-update": {"POST": ADMIN},
    "providers:api-test": {"POST": ADMIN},
    "providers:usage": {"GET": ALL},
    "providers:calls": {"GET": ALL},
    "providers:call": {"GET": ALL},
    "providers:caps": {"GET": ALL},
    "providers:budgets": {"GET": ALL, "POST": ADMIN},
    "providers:cap": {"GET": ALL, "POST": MONEY, "PATCH": MONEY},
    "providers:api-usage": {"GET": ALL},
    "providers:api-usage-summary": {"GET": ALL},
    "providers:api-usage-matrix": {"GET": ALL},
    "providers:api-usage-advice": {"GET": ALL},
    "providers:api-caps": {"GET": ALL, "PATCH": ADMIN},
    "providers:api-cap": {"PATCH": MONEY},
    "providers:channels": {"GET": MONEY, "POST": ADMIN},
    "providers:channel": {"POST": ADMIN},
    "providers:notification-seen": {"POST": ALL},
    "providers:api-notifications": {"GET": ALL},
    "providers:api-channels": {"GET": MONEY, "POST": ADMIN},
    "providers:api-channel": {"GET": MONEY, "PATCH": ADMIN, "DELETE": ADMIN},
    "providers:api-channel-test": {"POST": ADMIN},
    "providers:audit": {"GET": MONEY},
    "providers:audit-check": {"POST": MONEY},
    "providers:audit-entry": {"GET": MONEY},
    "providers:api-audit": {"GET": MONEY},
    "providers:api-audit-entry": {"GET": MONEY},
    "providers:api-chains": {"GET": ALL, "POST": MONEY},
    "senate:list": {"GET": ALL, "POST": ASKERS},
    "senate:quote": {"GET": ASKERS, "POST": ASKERS},
    "senate:session": {"GET": ALL},
    "senate:cancel": {"POST": ASKERS},
    "senate:again": {"POST": ASKERS},
    "senate:share": {"POST": ASKERS},
    "senate:compare": {"GET": ALL, "POST": ASKERS},
    "senate:api-sessions": {"GET": ALL, "POST": ASKERS},
    "senate:api-session": {"GET": ALL, "PATCH": ASKERS},
    "senate:api-stream": {"GET": ALL},
    "senate:api-again": {"POST": ASKERS},
    "senate:api-compare": {"GET": ALL, "POST": ASKERS},
    "senate:api-events": {"GET": ALL},
    "senate:api-cancel": {"POST": ASKERS},
    "senate:api-models": {"GET": ALL},
    "senate:api-cost-estimate": {"POST": ASKERS},
    "senate:chat-completions": {"POST": ASKERS},
    "senate:chat-stream": {"POST": ASKERS},
    "intelligence:services": {"GET": ALL},
    "intelligence:service-new": {"GET": ASKERS, "POST": ASKERS},
    "intelligence:service": {"GET": ALL},
    "intelligence:service-edit": {"GET": ASKERS, "POST": ASKERS},
    "intelligence:deploy": {"POST": ASKERS},
    "intelligence:deployment": {"GET": ALL},
    "intelligence:deployment-lines": {"GET": ALL},
    "intelligence:deployment-find": {"GET": ALL},
    "intelligence:deployment-download": {"GET": ALL},
    "intelligence:deployment-cancel": {"POST": ASKERS},
    "intelligence:api-samples": {"GET": ALL, "POST": ASKERS},
    "intelligence:api-services": {"GET": ALL, "POST": ASKERS},
    "intelligence:api-service": {"GET": ALL, "PATCH": ASKERS},
    "intelligence:api-deployments": {"GET": ALL, "POST": ASKERS},
    "intelligence:api-deployment": {"GET": ALL, "PATCH": ASKERS},
    "intelligence:api-deployment-log": {"GET": ALL, "POST": ASKERS},
    "intelligence:analyses": {"GET": ALL, "POST": ASKERS},
    "intelligence:analysis": {"GET": ALL},
    "intelligence:review": {"POST": ASKERS},
    "intelligence:recommendation": {"POST": ASKERS},
    "intelligence:incidents": {"GET": ALL},
    "intelligence:incident": {"GET": ALL, "POST": ASKERS},
    "intelligence:providers": {"GET": ALL, "POST": ADMIN},
    "intelligence:api-analyze": {"POST": ASKERS},
    "intelligence:api-analyses": {"GET": ALL},
    "intelligence:api-analysis": {"GET": ALL},
    "intelligence:api-incidents": {"GET": ALL},
    "intelligence:api-incident": {"GET": ALL, "PATCH": ASKERS},
    "intelligence:api-recommendations": {"GET": ALL},
    "intelligence:api-recommendation": {"PATCH": ASKERS},
    "intelligence:api-providers": {"GET": ALL, "POST": ADMIN},
    "intelligence:api-provider": {"PATCH": ADMIN, "DELETE": ADMIN},
    "intelligence:api-provider-activate": {"POST": ADMIN},
    "jules:fixes": {"GET": ALL},
    "jules:attempt": {"GET": ALL},
    "jules:fix": {"POST": ASKERS},
    "jules:retry": {"POST": ASKERS},
    "jules:api-fix": {"POST": ASKERS},
    "jules:api-history": {"GET": ALL},
    "jules:api-attempt": {"GET": ALL},
    "jules:api-retry": {"POST": ASKERS},
    "intelligence:sandbox": {"GET": ASKERS, "POST": ASKERS},
    "intelligence:agent-sdk": {"GET": ASKERS},
    "intelligence:agent-runs": {"GET": ASKERS, "POST": ASKERS},
    "intelligence:agent-run": {"GET": ASKERS},
    "intelligence:agent-run-cancel": {"POST": ASKERS},
    "intelligence:api-agent-runs": {"GET": ASKERS, "POST": ASKERS},
    "intelligence:api-agent-run": {"GET": ASKERS},
    "intelligence:api-agent-run-cancel": {"POST": ASKERS},
    "intelligence:approvals": {"GET": ALL},
    "intelligence:approval": {"GET": ALL, "POST": ASKERS},
    "intelligence:api-approvals": {"GET": ALL},
    "intelligence:api-approval": {"GET": ALL | AGENT, "POST": ASKERS},
    "intelligence:agents": {"GET": ALL, "POST": ADMIN},
    "intelligence:agents-stop": {"POST": ASKERS},
    "intelligence:agent": {"GET": ALL},
    "intelligence:agent-rotate": {"POST": ASKERS},
    "intelligence:agent-revoke": {"POST": ASKERS},
    "intelligence:api-tools": {"GET": AGENT},
    "intelligence:api-tool": {"POST": AGENT},
    "intelligence:api-agents": {"GET": ALL, "POST": ADMIN},
    "intelligence:api-agent": {"GET": ALL, "PATCH": ADMIN},
    "intelligence:api-agent-rotate": {"POST": ASKERS},
    "intelligence:api-agent-revoke": {"POST": ASKERS},
    "intelligence:api-kill-switch": {"GET": ALL, "POST": ASKERS},
}


def allows(route: str, method: str, role: Role | str | None) -> bool:
    """`role`: a person's, or `agent`. HEAD and OPTIONS follow GET. False for any route or method the table
    doesn't name."""
    if route in PUBLIC:
        return True
    methods = ROUTES.get(route) or ADMIN_ROUTES.get(route, {})
    asked = "GET" if method in {"HEAD", "OPTIONS"} and "GET" in methods else method
    return role is not None and role in methods.get(asked, frozenset())
