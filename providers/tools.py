"""Tools that models may ask for: plain functions with a permission, found by name, run only through here.

    @tool(permission="authenticated")
    def get_weather(city: Annotated[str, Field(description="Its name")]) -> dict[str, Any]:
        '''The weather of a city.'''

    ToolRegistry.get_openai_tools(user=request.user)
    ToolRegistry.execute_tool("get_weather", {"city": "Oslo"}, user=request.user)

An app registers its tools in `<app>/tools.py`, which its `apps.py` imports. A parameter named `user` is filled
with who asks, and no model sees it. An unknown tool, arguments that don't fit or a missing permission is an error
of `providers.exceptions`, never an execution. What may run at all, and after whose approval, is decided above, by
`risk` and `scopes`.
"""

import inspect
import json
import logging
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from django.core.serializers.json import DjangoJSONEncoder
from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator
from pydantic import BaseModel, ValidationError

from providers.conversation.calls import ToolSpec, parsed_arguments
from providers.conversation.turns import calls_in
from providers.exceptions import AIServiceError, InvalidInput, NotAllowed, NotFound, ToolFailed
from providers.guard import Redactor, mended
from providers.runtime import loop
from providers.runtime.hop import hop
from providers.tool_permissions import check_permission, permitted
from providers.tool_schema import arguments_model, described, schema_of, unfitting, validator

__all__ = ["Tool", "ToolRegistry", "tool"]

Risk = Literal["read", "write", "destructive"]
MOST_RESULT_CHARS = 20_000
LASTS_S = 20.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a person sees of a call before it is made. `target`: what it acts on, typed to approve a destructive
    one. `state`: what must still hold when it runs, plain JSON values. `touches`: its blast radius, [label,
    value]. `changes`: its dry run, [what, now, then]."""

    title: str
    target: str
    state: dict[str, Any]
    touches: list[list[str]] = field(default_factory=list)
    changes: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tool:
    """One registered tool. `spec` is what models see of it; `permission` who may run it
    (`providers.tool_permissions`).

    `risk`: read changes nothing; write changes what can be changed back; destructive can't be undone.
    For agents: `scopes` that name it, `approval` whether a person says yes first, `preview` what that person sees
    (sync; the tool's own arguments), `lasts_s` how long it may take, `atomic` whether all that it does are rows
    written by this thread, so that they stand or fall with the approval that allowed them.
    """

    spec: ToolSpec
    function: Callable[..., Any]
    permission: str
    risk: Risk = "read"
    scopes: frozenset[str] = frozenset()
    most_result_chars: int = MOST_RESULT_CHARS
    arguments: type[BaseModel] = field(default=BaseModel, repr=False)
    approval: bool = False
    preview: Callable[..., Preview] | None = None
    lasts_s: float = LASTS_S
    atomic: bool = True
    fits: Validator = field(init=False, repr=False, compare=False)  # made once: making it costs more than a call
    takes_user: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Errors: InvalidInput where its parameters are no JSON schema."""
        object.__setattr__(self, "fits", validator(self.spec))
        object.__setattr__(self, "takes_user", "user" in inspect.signature(self.function).parameters)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself, for code that calls it as such."""
        return self.function(*args, **kwargs)


def tool(
    function: Callable[..., Any] | None = None,
    *,
    name: str = "",
    description: str = "",
    parameters: dict[str, Any] | None = None,
    permission: str = "authenticated",
    risk: Risk = "read",
    scopes: tuple[str, ...] = (),
    most_result_chars: int = MOST_RESULT_CHARS,
    **for_agents: Any,
) -> Any:
    """Registers a function, sync or async; `@tool` alone takes its name, docstring and type hints.

    `parameters`: a JSON schema of its own in place of the one from the hints; it names the function's parameters.
    `for_agents`: approval, preview, lasts_s, atomic (see `Tool`); only what reads needs no approval by itself.
    Errors: InvalidInput at registration for a permission that is none, a risk that is none, a name twice,
    parameters that don't fit, a tool that needs approval and shows nothing.
    """

    def register(function: Callable[..., Any]) -> Tool:
        made = ToolSpec(
            name or function.__name__, description or described(function), parameters or schema_of(function)
        )
        if parameters is not None and (wrong := unfitting(function, parameters)):
            raise InvalidInput(f"Tool {made.name}: {wrong}")
        check_permission(permission)
        if risk not in get_args(Risk):
            raise InvalidInput(f"Tool {made.name}: its risk is read, write or destructive.")
        held = {"approval": risk != "read", **for_agents}
        if held["approval"] and held.get("preview") is None:
            raise InvalidInput(f"Tool {made.name}: who approves it must see what it would do; give a preview.")
        arguments = arguments_model(function)
        return ToolRegistry.register(
            Tool(made, function, permission, risk, frozenset(scopes), most_result_chars, arguments, **held)
        )

    return register if function is None else register(function)


class ToolRegistry:
    """All tools of the process by name."""

    _tools: ClassVar[dict[str, Tool]] = {}

    @classmethod
    def register(cls, tool: Tool) -> Tool:
        if tool.name in cls._tools:
            raise InvalidInput(f"There is a tool {tool.name} already.")
        cls._tools[tool.name] = tool
        return tool

    @classmethod
    def get(cls, name: str) -> Tool:
        """Errors: NotFound."""
        if (found := cls._tools.get(name)) is None:
            raise NotFound(f"There is no tool {mended(name[:64])!r}.", param="name")
        return found

    @classmethod
    def tools(cls) -> list[Tool]:
        """All of them, by name."""
        return [tool for _, tool in sorted(cls._tools.items())]

    @classmethod
    def tools_for(cls, user: Any) -> list[Tool]:
        """The tools that this user may run, by name."""
        return [tool for tool in cls.tools() if permitted(user, tool.permission)]

    @classmethod
    def get_openai_tools(cls, user: Any = None) -> list[dict[str, Any]]:
        """The same in OpenAI's shape, for `AIService.chat(tools=…)` or any OpenAI client."""
        return [_openai(tool.spec) for tool in cls.tools_for(user)]

    @classmethod
    def execute_tool(cls, name: str, arguments: Mapping[str, Any] | str | None = None, *, user: Any = None) -> Any:
        """Runs a tool for a user and gives its result as plain JSON values, bounded. `arguments`: values, or the
        text that a model wrote. Async tools run on the process's loop.

        Errors: NotFound, NotAllowed, InvalidInput before anything runs; ToolFailed (or an error of the tree that
        the tool raised) after.
        """
        tool, given = cls.checked(name, arguments, user)
        return cls.run(tool, given)

    @classmethod
    def run(cls, tool: Tool, given: dict[str, Any], mask: Redactor | None = None) -> Any:
        """What `checked` gave, run. `mask`: what else must not be in the result."""
        return _plain(tool, _guarded(tool, lambda: _run(tool, given)), mask)

    @classmethod
    async def aexecute_tool(
        cls, name: str, arguments: Mapping[str, Any] | str | None = None, *, user: Any = None
    ) -> Any:
        """`execute_tool` for async code; sync tools run in a database thread."""
        tool, given = await hop(cls.checked, name, arguments, user)
        return await cls.arun(tool, given)

    @classmethod
    async def arun(cls, tool: Tool, given: dict[str, Any], mask: Redactor | None = None) -> Any:
        """`run` for async code."""
        if tool.is_async:
            try:
                return _plain(tool, await tool.function(**given), mask)
            except Exception as error:
                failure = _failure(tool, error)
            raise failure
        in_context = copy_context().run  # so that what it does is audited as done by who asked
        return _plain(tool, await hop(in_context, _guarded, tool, lambda: tool.function(**given)), mask)

    @classmethod
    def checked(
        cls, name: str, arguments: Mapping[str, Any] | str | None, user: Any
    ) -> tuple[Tool, dict[str, Any]]:
        """The tool and what it is called with. In this order: known, permitted, fitting."""
        tool = cls.get(name)
        if not permitted(user, tool.permission):
            raise NotAllowed(f"You may not run the tool {name}.", param="name")
        given = _fitting(tool, arguments)
        if tool.takes_user:
            given["user"] = user
        return tool, given

    @classmethod
    def answer(cls, call: Any, *, user: Any = None) -> dict[str, Any]:
        """Runs what a model asked for (one of `AIResponse.tool_calls`) and answers it as a message; an error is
        told to the model in its sentence."""
        (asked,) = calls_in([call])
        try:
            result = cls.execute_tool(asked.name, asked.arguments, user=user)
        except AIServiceError as error:
            result = {"error": error.message}
        return {"role": "tool", "tool_call_id": asked.id, "content": json.dumps(result, ensure_ascii=False)}


def _fitting(tool: Tool, arguments: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """The arguments as the function's parameters. Errors: InvalidInput naming what is wrong."""
    if isinstance(arguments, str):
        values, wrong = parsed_arguments(arguments)
        if values is None:
            raise InvalidInput(f"The call of {tool.name} can't be used. {wrong}", param="arguments")
    else:
        values = dict(arguments or {})
    try:
        text = json.dumps(values, cls=DjangoJSONEncoder, allow_nan=False)
        if unfit := best_match(tool.fits.iter_errors(json.loads(text))):
            wrong = f"{'.'.join(map(str, unfit.absolute_path)) or 'arguments'}: {unfit.message[:200]}"
        else:
            model = tool.arguments.model_validate_json(text, strict=True)
            return {name: getattr(model, name) for name in model.model_fields_set}
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        wrong = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (TypeError, ValueError, RecursionError):
        wrong = "they are no JSON values."
    raise InvalidInput(f"The arguments of {tool.name} don't fit. {mended(wrong)}", param="arguments")


def _run(tool: Tool, given: dict[str, Any]) -> Any:
    if tool.is_async:
        return loop.run(tool.function(**given), tool.lasts_s)
    return tool.function(**given)


def _guarded(tool: Tool, run: Callable[[], Any]) -> Any:
    """What the tool returns; what it raises, as an error without its trace or words."""
    try:
        return run()
    except Exception as error:
        failure = _failure(tool, error)
    raise failure


def _failure(tool: Tool, error: Exception) -> AIServiceError:
    """An error of our tree speaks for itself. Another one's words may hold anything: only the log gets them."""
    if isinstance(error, AIServiceError):
        return error
    logger.error("tool %s failed", tool.name, exc_info=error)
    return ToolFailed(f"The tool {tool.name} failed ({type(error).__name__}). The site's log says more.")


def _plain(tool: Tool, result: Any, mask: Redactor | None = None) -> Any:
    """The result as JSON values, key shapes masked, within its size: what is longer is cut text, and says so."""
    try:
        text = mended(json.dumps(result, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise _failure(tool, error) from None
    text = (mask or Redactor()).ended(text)
    if len(text) > tool.most_result_chars:
        return {"truncated": True, "chars": len(text), "text": text[: tool.most_result_chars]}
    return json.loads(text)


def _openai(spec: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": spec.name, "description": spec.description, "parameters": spec.parameters},
    }
