"""The part of the settings on who is told what (mail, metrics, spans) and on agents. Read by `settings.py`."""

from aiops_site import env
from aiops_site.operation import mail

# For notifications: smtp://user:password@host:587 (STARTTLS), smtps://…:465, or smtp://…?tls=0 without
EMAIL_URL = env.text("EMAIL_URL")
globals().update(mail.settings_of(EMAIL_URL))
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", f"console@{env.text('HOST', '127.0.0.1')}")
EMAIL_TIMEOUT = 10

# Who may scrape /metrics without being an admin; where spans go (docs/decisions/0017)
METRICS_TOKEN = env.text("METRICS_TOKEN")
OTEL_EXPORTER_OTLP_ENDPOINT = env.text("OTEL_EXPORTER_OTLP_ENDPOINT")
OTEL_EXPORTER_OTLP_HEADERS = env.text("OTEL_EXPORTER_OTLP_HEADERS")
OTEL_SERVICE_NAME = env.text("OTEL_SERVICE_NAME", "aiops-console")
OTEL_CAPTURE_CONTENT = env.flag("OTEL_CAPTURE_CONTENT")
LANGFUSE_HOST = env.text("LANGFUSE_HOST")
LANGFUSE_PUBLIC_KEY = env.text("LANGFUSE_PUBLIC_KEY")
LANGFUSE_SECRET_KEY = env.text("LANGFUSE_SECRET_KEY")

# Where code of agents runs: here behind bubblewrap, or in a cluster (docs/deploy/knative/)
SANDBOX_BACKEND = env.text("SANDBOX_BACKEND", "bubblewrap")
KNATIVE_EXECUTOR_URL = env.text("KNATIVE_EXECUTOR_URL")
# What a troubleshooting run may use at most, and what it gets where nothing is asked; one that an incident or the
# weekly look at costs starts by itself gets the second amount of money, and only where it is switched on
AGENT_RUN_STEPS = env.whole("AGENT_RUN_STEPS", 12)
AGENT_RUN_SECONDS = env.whole("AGENT_RUN_SECONDS", 300)
AGENT_RUN_USD = env.text("AGENT_RUN_USD", "0.20")
AGENT_UNASKED_USD = env.text("AGENT_UNASKED_USD", "0.05")
AGENT_WEEKLY_COST = env.flag("AGENT_WEEKLY_COST")
