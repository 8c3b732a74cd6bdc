"""The topic `overview` of the live feed: a version that changes when the page would show something else."""

import hashlib

from django.db import connection

from providers.runtime import watching

CENT = 10**10  # pico-dollars: a call of a fraction of one moves no figure of the page
NEWEST = """
    SELECT (SELECT COUNT(*) FROM intelligence_approval),
           (SELECT MAX(decided_at) FROM intelligence_approval),
           (SELECT MAX(last_seen) FROM intelligence_incident),
           (SELECT MAX(decided_at) FROM intelligence_incident),
           (SELECT used_usd FROM providers_siteday ORDER BY day DESC LIMIT 1)"""
OPEN = """
    SELECT id, state, phase FROM senate_senatesession WHERE state IN ('queued', 'running') ORDER BY id LIMIT 200"""


def version() -> str:
    """Five cheap queries, in plain SQL: it is asked at every look at the page, and again while one is open."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST)
        *newest, spent = cursor.fetchone()
        cursor.execute(OPEN)
        open_ = cursor.fetchall()
    topics = [watching.version("deployments"), watching.version("fixes")]
    parts = repr([open_, newest, int(spent or 0) // CENT, topics])
    return hashlib.blake2s(parts.encode(), digest_size=6).hexdigest()
