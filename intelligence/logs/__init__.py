"""Logs of deployments: stored in pieces, without secrets, shown a window at a time."""
