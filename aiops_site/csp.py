"""The Content-Security-Policy. Pages with Plotly need two relaxations for styles, and only they get them."""

from django.http import HttpRequest

BASE = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# Plotly writes style attributes and two <style> elements (an empty one, and maplibre's, which changes with
# the version of the plotly package); a test in Chromium compares their hashes with these.
PLOTLY_STYLE_HASHES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='"
)
CHARTS = {
    "style-src": f"'self' {PLOTLY_STYLE_HASHES}",
    "style-src-attr": "'unsafe-inline'",
    "img-src": "'self' data: blob:",
}
CHART_ROUTES = {"providers:usage"}
# The local API page (Swagger UI from the wheel) styles itself.
DOCS = {"style-src": "'self' 'unsafe-inline'", "img-src": "'self' data:"}
DOCS_ROUTES = {"api-docs"}


def policy_for(request: HttpRequest) -> str:
    name = request.resolver_match.view_name if request.resolver_match else ""
    extra = CHARTS if name in CHART_ROUTES else DOCS if name in DOCS_ROUTES else {}
    return "; ".join(f"{directive} {value}" for directive, value in {**BASE, **extra}.items())
