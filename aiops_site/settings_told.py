"""The part of the settings on who is told what: mail, metrics, spans. Read by `settings.py`."""

from aiops_site import env, mail

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
