"""Settings. Everything that differs between machines comes from the environment (see `env.py`)."""

import sys
from pathlib import Path

import dj_database_url
from cryptography.fernet import Fernet

from aiops_site import env
from aiops_site.operation.schedule import SCHEDULE
from aiops_site.settings_told import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent.parent
HOST = env.text("HOST", "127.0.0.1")
PORT = env.whole("PORT", 8000)
WEB_SERVER = env.text("WEB_SERVER", "daphne")
SITE_URL = env.text("SITE_URL", f"http://{HOST}:{PORT}").rstrip("/")  # for links in what leaves the site
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")  # former ones: what they signed is still read
LOCAL = HOST in {"127.0.0.1", "localhost", "::1"}
HTTPS = env.flag("HTTPS", default=not LOCAL)
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{HOST}")
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "daphne",
    "aiops_site.admin_app.AdminApp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "aiops_site",
    "jules",
    "intelligence",
    "senate",
    "providers",
]

MIDDLEWARE = [
    "aiops_site.web.middleware.request_id",
    "aiops_site.web.middleware.caller",
    "django.middleware.security.SecurityMiddleware",
    "aiops_site.web.middleware.security_headers",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "aiops_site.web.middleware.audited",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "aiops_site.web.middleware.first_visit",
    "aiops_site.sign_in.signed_in.middleware",
    "aiops_site.web.zone.middleware",
]

ROOT_URLCONF = "aiops_site.urls"
ASGI_APPLICATION = "aiops_site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "aiops_site.web.context.frame",
            ],
        },
    }
]

# One writer at a time, and a writer that waits instead of failing (see docs/decisions).
PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / "console.sqlite3",
    "CONN_MAX_AGE": None,  # opening it takes longer than many a request (aiops_site/web/threads.py)
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": PRAGMAS},
}
DATABASE_URL = env.text("DATABASE_URL")
POSTGRESQL = {"conn_max_age": 0, "conn_health_checks": True}  # a server that was restarted is met anew
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, **POSTGRESQL) if DATABASE_URL else SQLITE}
if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {"min_size": 2, "max_size": 20}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Sign-in by an OpenID provider, beside names and passwords (aiops_site/sign_in/oidc.py)
OIDC_ISSUER = env.text("OIDC_ISSUER")
OIDC_RP_CLIENT_ID, OIDC_RP_CLIENT_SECRET = env.text("OIDC_CLIENT_ID"), env.text("OIDC_CLIENT_SECRET")
OIDC_ROLE_CLAIM = env.text("OIDC_ROLE_CLAIM", "groups")
OIDC_NAME = env.text("OIDC_NAME", "your organisation")
OIDC_RP_SIGN_ALGO, OIDC_RP_SCOPES, OIDC_USE_PKCE = "RS256", "openid email profile", True
OIDC_AUTHENTICATION_CALLBACK_URL = "oidc-callback"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
if OIDC_ISSUER:
    AUTHENTICATION_BACKENDS.append("aiops_site.sign_in.oidc.Backend")
DEFAULT_EXCEPTION_REPORTER = "aiops_site.web.fault_report.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "aiops_site.web.fault_report.Filter"
CSRF_FAILURE_VIEW = "aiops_site.web.errors.csrf_failure"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "aiops_site.web.static_files.AppFinder",
    "aiops_site.web.static_files.PlotlyFinder",
]
COLLECTED = "collectstatic" in sys.argv or (STATIC_ROOT / "staticfiles.json").exists()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "aiops_site.web.static_files.Storage"
        if COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not COLLECTED
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Cookies and transport
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "aiops_session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "aiops_csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS and env.flag("HTTPS_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
BEHIND_PROXY = env.flag("BEHIND_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# Secrets at rest: the first key encrypts, all decrypt (see providers/fields.py)
AI_ENCRYPTION_KEYS = env.items("AI_ENCRYPTION_KEY") + env.items("BACKUP_ENCRYPTION_KEY")
# The field package builds a crypter of its own at import; ours (providers/fields.py) reads the keys above at use.
FIELD_ENCRYPTION_KEY = Fernet.generate_key()

# Redis, messages, live feed
REDIS_URL = env.text("REDIS_URL")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}
QUEUE_DIR = DATA_DIR / "queue"
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    # Without these a page that nudges a worker would wait for good where Redis is reached and says nothing.
    {"socket_timeout": 3, "socket_connect_timeout": 3, "retry_on_timeout": False}
    if REDIS_URL
    else {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "control_folder": str(QUEUE_DIR / "control"),
        "store_processed": False,
    }
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_DEFAULT_QUEUE = "work"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

# AI
AI_ALLOW_MOCK = env.flag("AI_ALLOW_MOCK")
AI_PRIVATE_HOSTS = env.items("AI_PRIVATE_HOSTS")
AI_CHAT_RATE = env.text("AI_CHAT_RATE", "30/min")
AI_ANALYSIS_RATE = env.text("AI_ANALYSIS_RATE", "10/min")
AI_OUTPUT_TOKENS = env.items(
    "AI_OUTPUT_TOKENS", "2000"
)  # where no limit is asked; operation=number for one of them
RETENTION_DAYS = env.items("RETENTION_DAYS")  # kind=days, 0 for good (providers/retention.py)
AI_MAX_INPUT_CHARS = env.whole("AI_MAX_INPUT_CHARS", 20_000)
PROMETHEUS_URL = env.text("PROMETHEUS_URL")  # samples of services are pulled from it
PACKAGE_FOLDERS = env.items("PACKAGE_FOLDERS", str(DATA_DIR / "packages"))  # what a build may be given to read
WEBHOOK_SECRETS = {  # of the site, beside the services' own
    source: env.text(f"{source.upper()}_WEBHOOK_SECRET")
    for source in ("github", "gitlab", "bitbucket", "vercel", "render", "alertmanager", "generic")
}
JULES_ALLOWED_HOSTS = env.items("JULES_ALLOWED_HOSTS", "api.jules.google.com,jules.googleapis.com")
JULES_AUTO_FIX = env.choice("JULES_AUTO_FIX")  # 1 or 0 for every service; unset: each service's own say
JULES_AUTO_DEPLOY_PR = env.choice("JULES_AUTO_DEPLOY_PR")
JULES_APPROVE_PLAN = env.flag("JULES_APPROVE_PLAN")  # a person approves every patch before it is pushed
JULES_MAX_ATTEMPTS = env.whole("JULES_MAX_ATTEMPTS", 2)  # of one failure and of what its fixes led to
JULES_ALLOWED_PACKAGES = env.items("JULES_ALLOWED_PACKAGES")  # new dependencies that need no second look
JULES_PROTECTED_PATHS = env.items("JULES_PROTECTED_PATHS")  # patterns, on top of those that always hold
JULES_OUTPUT_TOKENS = env.whole("JULES_OUTPUT_TOKENS", 8_000)
JULES_POLL_SECONDS = env.number("JULES_POLL_SECONDS", 5)
JULES_SESSION_SECONDS = env.number("JULES_SESSION_SECONDS", 3_600)
MAX_FILES_PER_JULES_PR = env.whole("MAX_FILES_PER_JULES_PR", 5)
MAX_BYTES_PER_JULES_PR = env.whole("MAX_BYTES_PER_JULES_PR", 50_000)
OPS_MCP_WRITE = env.flag("OPS_MCP_WRITE")  # tools that change something are offered over MCP too
OPS_PREVENT_SELF_REVIEW = env.flag(
    "OPS_PREVENT_SELF_REVIEW", default=True
)  # an agent's owner can't approve for it
SENATE_TIMEOUT_SECONDS = env.number("SENATE_TIMEOUT_SECONDS", 180)
# Output limits, the ceiling of a quote: a plain answer, a proposal, a ballot (for each proposal on it, and once
# more), a colleague's review in prose, a resolution; and what a model that thinks may use on top of each.
SENATE_SOLO_TOKENS = env.whole("SENATE_SOLO_TOKENS", 2_000)
SENATE_PROPOSE_TOKENS = env.whole("SENATE_PROPOSE_TOKENS", 800)
SENATE_REVIEW_TOKENS = env.whole("SENATE_REVIEW_TOKENS", 100)
SENATE_CROSS_TOKENS = env.whole("SENATE_CROSS_TOKENS", 500)
SENATE_CHAIR_TOKENS = env.whole("SENATE_CHAIR_TOKENS", 1_100)
SENATE_THINKING_TOKENS = env.whole("SENATE_THINKING_TOKENS", 1_500)
SENATE_EARLY_STOP = env.flag("SENATE_EARLY_STOP")  # ballots that can't change the result are called off
SENATE_COMMITTEE_COST_MULTIPLIER = env.whole("SENATE_COMMITTEE_COST_MULTIPLIER", 3)
PROVIDER_ENV_KEY = env.text  # the only door to keys in the environment (providers/configuration/directory.py)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "aiops_site.sign_in.authentication.TokenAuthentication",
        "aiops_site.sign_in.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["aiops_site.sign_in.authentication.PolicyPermission"],
    "DEFAULT_RENDERER_CLASSES": ["aiops_site.web.renderers.PageRenderer", "aiops_site.web.renderers.JsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "aiops_site.web.renderers.Negotiation",
    "DEFAULT_PARSER_CLASSES": [
        "aiops_site.web.parsers.JsonParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS would describe views from inside; the schema is for that
    "EXCEPTION_HANDLER": "aiops_site.web.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "AIOps Console",
    "DESCRIPTION": "The same views as the pages, as JSON. Any OpenAI SDK works with base_url=/api/v1/ai.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["aiops_site.sign_in.authentication.PolicyPermission"],
    "PREPROCESSING_HOOKS": ["aiops_site.openapi.schema.only_api"],
    "POSTPROCESSING_HOOKS": [
        "aiops_site.openapi.schema.add_chat_lane",
        "aiops_site.openapi.schema_shared.say_what_all_share",
    ],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # the choices stand beside it
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "aiops_site.operation.logs.RequestIdFilter"}},
    "formatters": {"json": {"()": "aiops_site.operation.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request_id"]}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
        "anthropic": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
    },
}
