import pytest

from providers.models import AIProviderSettings
from tests.fakes.fixtures import upstream, upstream_server  # noqa: F401


@pytest.fixture
def openai(upstream, everyone):  # noqa: F811
    """The fake upstream as OpenAI, with a key saved, for committed rows."""
    row = AIProviderSettings.get_solo()
    row.openai_api_key, row.openai_base_url = "sk-canary-0123456789abcdef0123456789abcdef", upstream.openai_url
    row.save()
    return upstream
