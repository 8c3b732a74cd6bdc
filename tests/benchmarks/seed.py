"""Makes a site ready to be measured: twenty engineers with a token each, a provider, caps that never bind.

python -m tests.benchmarks.seed BASE_URL        # in the site's environment; prints the tokens, with commas
"""

import sys
from decimal import Decimal

USERS = 20


def main(base_url: str) -> None:
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group
    from django.core.management import call_command

    from providers.access.identity import make_token
    from providers.models import AIProviderSettings, AIServiceConfig, UserAICap
    from tests.benchmarks.words import MODEL

    call_command("migrate", interactive=False, verbosity=0)
    saved = AIProviderSettings.get_solo()
    saved.openai_api_key, saved.openai_base_url, saved.openai_model = "sk-bench", base_url, MODEL
    saved.claude_api_key, saved.claude_base_url = "sk-bench-2", base_url.removesuffix("/v1")
    saved.save()
    AIServiceConfig(daily_cost_limit_usd=Decimal(10**6), monthly_cost_limit_usd=Decimal(10**6)).save()
    group, tokens = Group.objects.get_or_create(name="engineer")[0], []
    for number in range(USERS):
        user = get_user_model().objects.create_user(f"bench-{number}")
        user.groups.add(group)
        UserAICap.objects.create(user=user, daily_token_cap=10**12, daily_cost_cap_usd=Decimal(10**6))
        tokens.append(make_token(user, "bench")[1])
    print(",".join(tokens))


if __name__ == "__main__":
    main(sys.argv[1])
