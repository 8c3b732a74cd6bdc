"""What tests of the Senate's pages share; their fixtures `cast` and `ivo` stand in conftest."""

API = "/api/v1/senate/sessions/"
JSON = {"HTTP_ACCEPT": "application/json"}
HTMX = {"HTTP_HX_REQUEST": "true"}


def as_user(client, user):
    client.force_login(user)
    return client


def said(response):
    return response.json()["error"]
