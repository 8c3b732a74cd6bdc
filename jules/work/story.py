"""An attempt as its pull request tells it."""

from django.conf import settings

from jules import body
from jules.models import FixAttempt


def story(attempt: FixAttempt) -> body.Story:
    deployment = str(attempt.deployment_id)
    return body.Story(
        attempt=attempt.pk,
        deployment=deployment,
        deployment_url=f"{settings.SITE_URL}/deployments/{deployment}/",
        service=attempt.service.name,
        cause=attempt.cause,
        description=attempt.description,
        evidence=attempt.context.get("evidence", []),
        files=attempt.files,
        left_out=attempt.left_out,
        red=attempt.red,
        green=attempt.green,
        verified=attempt.verified,
        unverified=attempt.unverified,
        new_packages=attempt.new_packages,
        engine=attempt.engine,
        model=attempt.model,
        prompt_hash=attempt.prompt_hash,
        cost_usd=f"{attempt.cost_usd:f}",
    )
