"""No key comes out of the providers page or its JSON twins, for any role."""

import pytest
from django.test import Client

from providers.catalog import CATALOG
from providers.models import AIProviderSettings
from tests.providers.configuration.keys_kit import CANARY, HTMX, LIST, PAGE, UPDATE, key, post_json

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["mara", "ivo", "ana", "lee"])
def test_no_answer_of_any_role_shows_a_saved_key(people, name):
    client = Client()
    client.force_login(people[name])
    for row in CATALOG:
        key(row.slug)
    paths = [PAGE, "/providers/senate/", LIST]
    if name == "mara":
        paths += [f"{PAGE}?edit={row.slug}" for row in CATALOG]
    for path in paths:
        for headers in ({}, HTMX, {"HTTP_ACCEPT": "application/json"}):
            response = client.get(path, **headers)
            assert response.status_code == 200, path
            text = response.content.decode()
            assert not any(part in text for part in (CANARY, CANARY[:9], CANARY[-6:])), path


@pytest.mark.parametrize(
    "broken", [f"{CANARY} x", f"{CANARY}\nx", f"{CANARY}\tx", f"{CANARY}\x00", f"ключ{CANARY}", CANARY * 30]
)
def test_a_broken_key_is_one_clear_sentence_that_does_not_repeat_it(mara, broken):
    answer = post_json(mara, UPDATE, {"openai_api_key": broken})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == "openai_api_key" and "A key has" in error["message"]
    assert CANARY not in answer.content.decode()
    page = mara.post(PAGE + "?edit=openai", {"openai_api_key": broken, "openai_model": "kept-model"})
    assert page.status_code == 400
    text = page.content.decode()
    assert CANARY not in text
    assert "A key has" in text and "kept-model" in text


def test_space_around_a_key_is_stripped(mara):
    post_json(mara, UPDATE, {"openai_api_key": f"  {CANARY}\n"})
    assert AIProviderSettings.get_solo().openai_api_key == CANARY
