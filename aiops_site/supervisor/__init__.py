"""Starts, watches and stops the processes of the site: `manage.py up`.

run.py plans and watches; child.py is one process with its back-off; lifeline.py runs inside every child and
ends it when the supervisor is gone; redis_server.py finds a Redis; web.py is the web process with its drain.
"""
