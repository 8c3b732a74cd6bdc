"""Made-up requests over the whole schema, in every role: no server error, nothing that the schema doesn't say.

Bounded for the suite. For a long look, on a site with sample data: `make fuzz`.
"""

import warnings

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from providers.access import identity
from providers.access.roles import Role

MOST = 1  # made-up requests an operation
AWAY = {502, 503, 504}  # nobody to ask, as is said: there is no provider in the suite


@pytest.fixture
def tokens(people) -> list[str]:
    return [identity.make_token(user, "fuzz")[1] for user in people.values()]


def operations(raw: dict) -> list:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the fuzzer's own imports
        import schemathesis

        return [found.ok() for found in schemathesis.openapi.from_dict(raw).get_all_operations()]


def test_no_role_finds_a_fault_or_an_answer_that_is_not_described(client, people, tokens, site) -> None:
    assert len(tokens) == len(Role)
    client.force_login(people["mara"])
    wrong: list[str] = []
    for operation in operations(client.get("/api/schema/").json()):
        asked(operation, site.url, tokens, wrong)
    assert not wrong, "\n".join(wrong[:20])


def asked(operation, url: str, tokens: list[str], wrong: list[str]) -> None:
    from schemathesis.specs.openapi import checks

    held = [checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=MOST,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def one(case) -> None:
        for token in tokens:
            answer = case.call(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
            name = f"{operation.method.upper()} {operation.path} {case.body!r}"[:300]
            if answer.status_code >= 500 and answer.status_code not in AWAY:
                wrong.append(f"{name}: {answer.status_code}")
            try:
                case.validate_response(answer, checks=held)
            except Exception as fault:  # what the fuzzer found, in its own words
                wrong.append(f"{name}: {fault}"[:600])

    one()
