"""Recipes: no model, no network, no cost."""

from jules.engines.types import Answer, Desk, Failure, Stopped
from jules.recipes import Case, propose

NONE = "No recipe fits this failure. Ask a model: choose the engine chat, senate or jules."


async def ask(failure: Failure, desk: Desk, remote_session: str) -> Answer:
    found = propose(Case(f"{failure.log}\n{failure.reason}\n{failure.output}", failure.files))
    if found is None:
        raise Stopped(NONE)
    recipe, proposal = found
    await desk.say(f"Recipe {recipe.name}: {recipe.mends}.")
    if objections := desk.objections(proposal):
        raise Stopped(f"The recipe {recipe.name} does not apply here: {' '.join(objections)}")
    return Answer(proposal, description=proposal.description, model=f"recipe {recipe.name}")
