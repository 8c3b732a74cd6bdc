from decimal import Decimal

import pytest

from providers.catalog import CATALOG, EXTRA, provider
from providers.exceptions import NotFound

SLUGS = (
    "openai grok gemini claude deepseek openrouter groq alibaba jules local smsly freemodel opencode "
    "mistral nvidia cloudflare mock"
).split()
MONOGRAMS = "OA CL GE MI DS GK GQ OR AL JU LO SM FM OC NV CF MK CP OL".split()
EVERY = [pytest.param(row, id=row.slug) for row in (*CATALOG, *EXTRA)]


def test_the_catalog_lists_the_seventeen_in_their_order():
    assert [row.slug for row in CATALOG] == SLUGS


def test_monograms_are_the_agreed_ones_and_unique():
    assert sorted(row.monogram for row in (*CATALOG, *EXTRA)) == sorted(MONOGRAMS)


def test_an_unknown_slug_is_answered_with_the_known_ones():
    with pytest.raises(NotFound, match=r'no provider "opnai".*openai, grok'):
        provider("opnai")


@pytest.mark.parametrize("row", EVERY)
def test_a_row_is_found_by_its_slug_and_complete(row):
    assert provider(row.slug) is row
    assert row.name and row.wire
    if row.slug != "mock":
        assert row.env_names[0] == f"{row.slug.upper()}_API_KEY"
    if row.available and row.slug != "mock":
        assert row.default_model or not row.member
        assert row.base_url.startswith("https://") or row.needs_base_url


@pytest.mark.parametrize("row", [p for p in EVERY if p.values[0].pricing_id and p.values[0].available])
def test_a_priced_row_has_a_price_for_its_default_model(row):
    from genai_prices import Usage, calc_price

    price = calc_price(Usage(input_tokens=1000, output_tokens=1000), row.default_model, provider_id=row.pricing_id)
    assert price.total_price > Decimal(0)
