"""The executor as Knative's Python runtime starts it: `python docs/deploy/knative/function.py`, port 8080.

LISTEN_ADDRESS changes where it listens. The function itself is `intelligence/agents/executor.py`.
"""

from func_python.cloudevent import serve

from intelligence.agents.executor import new

if __name__ == "__main__":
    serve(new)
