"""Fixes that need no model: the commonest failures, each one row of `RECIPES`. Pure.

To add one: a function from a `Case` to a `Proposal` (None where it does not apply, or is not sure) in the file of
its kind, a row below, and a broken repository in `tests/jules/broken.py` that it mends.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jules.patch.contract import Proposal
from jules.recipes import node, paths, python, runtime
from jules.recipes.case import Case

__all__ = ["RECIPES", "Case", "Recipe", "propose"]


@dataclass(frozen=True, slots=True)
class Recipe:
    name: str
    mends: str
    look: Callable[[Case], Proposal | None]


RECIPES: tuple[Recipe, ...] = (
    Recipe("wrong_pin", "a pinned version that does not exist", python.wrong_pin),
    Recipe("wrong_package_name", "a requirement under its import's name", python.wrong_package_name),
    Recipe("python_module", "a Python package that is not in the requirements", python.missing_module),
    Recipe("moved_file", "a start command that names a file by a wrong path", paths.moved_file),
    Recipe("node_module", "a Node package that is not in package.json", node.missing_module),
    Recipe("node_script", "a script that package.json lacks", node.missing_script),
    Recipe("node_modules_kind", "import statements in a package that is not a module", node.import_outside_module),
    Recipe("broken_json", "commas or comments that JSON does not allow", node.broken_json),
    Recipe("missing_command", "a server program that is not in the requirements", python.missing_command),
    Recipe("not_executable", "a script that is started without its interpreter", paths.not_executable),
    Recipe("missing_migration", "migrations that nothing runs before the start", runtime.missing_migration),
    Recipe("python_port", "a fixed port, or PORT read without a default, in Python", runtime.python_port),
    Recipe("node_port", "a fixed port in Node", runtime.node_port),
    Recipe("mixed_tabs", "tabs and spaces mixed in one block", python.mixed_tabs),
    Recipe("forgotten_import", "a module of the standard library that is not imported", python.forgotten_import),
)


def propose(case: Case) -> tuple[Recipe, Proposal] | None:
    """The first recipe that applies, and its fix; None where none is sure."""
    for recipe in RECIPES:
        proposal = recipe.look(case)
        if proposal is not None:
            return recipe, proposal
    return None
