"""What the made-up services are, and what became of their deployments. Pure data."""

from typing import NamedTuple

DAYS = 90
FORGE = "https://git.shop.example"  # a reserved name: nothing is ever called there


class Broken(NamedTuple):
    """A deployment that failed so many hours ago, in a stage, with the log of a real tool that really failed."""

    hours: float
    log: str
    stage: str
    reason: str
    by: str
    environment: str = "production"


class Shop(NamedTuple):
    """`every`: days between deployments. `passed`: logs of builds that went well, in turn."""

    name: str
    host: str
    build: str
    check: str
    engine: str
    owner: str
    every: float
    passed: tuple[str, ...]
    broken: tuple[Broken, ...] = ()
    last_hours: float = 30.0  # since the newest deployment that went well
    cpu: float = 30.0
    memory: float = 0.45  # of its limit
    growth: float = 0.0  # of its limit, per hour


PIP, NPM = "pip install -r requirements.txt", "npm ci"
UNHEALTHY = "The health check did not pass within 60 s."
PYTEST = "pytest -q ended with exit status 1."
WEB_LOGS = ("ok_npm_install_warnings", "ok_tsc_and_jest")
SHOPS = (
    Shop(
        "checkout-api", "kubernetes", PIP, "pytest -q", "senate", "ivo", 3.5,
        ("ok_pip_install", "ok_mypy_flake8_pytest", "ok_django_tests"),
        (
            Broken(0.7, "py_chained_env", "HEALTH_CHECK", UNHEALTHY, "ivo"),
            Broken(52, "pytest_fails", "BUILDING", PYTEST, "mara"),
            Broken(400, "pytest_fails", "BUILDING", PYTEST, "jun"),
        ),
        last_hours=50, cpu=52.0, memory=0.61,
    ),
    Shop(
        "billing", "kubernetes", PIP, "", "chat", "mara", 6.0, ("ok_pip_install", "ok_mypy_flake8_pytest"),
        (Broken(29, "pip_conflict", "BUILDING", "pip install ended with exit status 1.", "mara"),),
        last_hours=26, cpu=24.0, memory=0.38,
    ),
    Shop(
        "search", "kubernetes", "cargo build --release", "cargo test", "chat", "jun", 9.0, ("ok_cargo_test",),
        last_hours=70, cpu=38.0, memory=0.4, growth=0.012,
    ),
    Shop(
        "mailer", "docker", PIP, "pytest -q", "local", "ada", 8.0, ("ok_pip_install", "ok_django_tests"),
        (
            Broken(20, "py_redis_refused", "HEALTH_CHECK", UNHEALTHY, "ada"),
            Broken(900, "py_redis_refused", "HEALTH_CHECK", UNHEALTHY, "ada"),
        ),
        last_hours=18, cpu=9.0, memory=0.2,
    ),
    Shop(
        "catalogue", "render", NPM, "npm test", "local", "sam", 5.0, WEB_LOGS,
        (
            Broken(3.2, "webpack_cannot_resolve", "BUILDING", "webpack ended with exit status 1.", "sam"),
            Broken(250, "long_npm_jest", "BUILDING", "npm test ended with exit status 1.", "sam"),
        ),
        last_hours=90, cpu=33.0, memory=0.52,
    ),
    Shop(
        "ledger-sync", "kubernetes", PIP, "pytest -q", "chat", "ivo", 11.0, ("ok_pip_install", "ok_django_tests"),
        (Broken(216, "sqlalchemy_missing_table", "HEALTH_CHECK", UNHEALTHY, "ivo"),),
        last_hours=210, cpu=14.0, memory=0.33,
    ),
    Shop(
        "gateway", "docker", "make image", "go test ./...", "local", "jun", 14.0,
        ("ok_docker_like_build_steps", "ok_go_test_panics_recovered"),
        (Broken(480, "nginx_port_in_use", "DEPLOYING", "nginx did not start.", "jun"),),
        last_hours=300, cpu=41.0, memory=0.29,
    ),
    Shop("docs-site", "vercel", NPM, "npm test", "local", "kim", 7.0, WEB_LOGS,
         last_hours=44, cpu=4.0, memory=0.12),
)  # fmt: skip
