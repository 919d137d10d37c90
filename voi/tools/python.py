"""Tools that are Python functions of other packages, by entry points of the group "voi.tools":

    [project.entry-points."voi.tools"]
    book_table = "my_package.tables:book_table"

The function is called with the arguments by name, and with `call`, a `ToolContext`, if it has a parameter of that name.
It returns a text, something that is JSON, or a `ToolOutput`. One that is not async runs on a thread. Its docstring and
its parameters' types describe it to the model, unless agents.json does.
"""

import asyncio
import contextvars
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from importlib.metadata import entry_points
from typing import Any

import orjson

from voi.errors import ConfigError
from voi.tools.base import ToolContext, ToolOutput, bounded

GROUP = "voi.tools"
THREADS_MAX = 32
CONTEXT = "call"
"""The parameter that gets the context of the call."""
_threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="tool")


class PythonTool:
    """The body of one tool. A function that is not async runs on a thread of the tools, not of the server: one that
    hangs keeps its thread, and those of the server look up names and read files."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._wants_context = CONTEXT in inspect.signature(function).parameters
        self._is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004  # an object whose __call__ is async
        )

    async def __call__(self, arguments: dict[str, Any], context: ToolContext) -> ToolOutput | str:
        """See `ToolBody`."""
        given = {**arguments, CONTEXT: context} if self._wants_context else arguments
        work = partial(self._function, **given)
        value = await work() if self._is_async else await self._on_a_thread(work)
        if isinstance(value, ToolOutput):
            return value
        if value is None:
            return "Done."
        return bounded(value if isinstance(value, str) else orjson.dumps(value, default=str).decode())

    async def _on_a_thread(self, work: Callable[[], Any]) -> Any:
        run = partial(contextvars.copy_context().run, work)
        return await asyncio.get_running_loop().run_in_executor(_threads, run)


def find(name: str) -> Callable[..., Any]:
    """Import the function of that entry point: do not call it on the event loop. Raises ConfigError."""
    points = {point.name: point for point in _points()}
    if name not in points:
        there = ", ".join(sorted(points)) or "none"
        raise ConfigError(f"no installed package has an entry point {name!r} of the group {GROUP}; there are: {there}")
    try:
        function = points[name].load()
    except Exception as error:  # somebody else's package may fail in any way
        raise ConfigError(f"the tool {name!r} cannot be imported: {type(error).__name__}: {error}") from error
    if not callable(function):
        raise ConfigError(f"the entry point {name!r} of the group {GROUP} is no function")
    return function  # type: ignore[no-any-return]


def described(function: Callable[..., Any]) -> tuple[str, dict[str, Any]]:
    """The function's description and the JSON Schema of its arguments, by its docstring and types. Raises ConfigError
    for types that have none."""
    from pydantic import Field, create_model
    from pydantic.errors import PydanticUserError

    fields: dict[str, Any] = {}
    try:
        for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
            if name == CONTEXT:
                continue
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise ConfigError(f"the parameter {name} of the tool cannot be given by name")
            kind = Any if parameter.annotation is parameter.empty else parameter.annotation
            fields[name] = (kind, Field() if parameter.default is parameter.empty else parameter.default)
        schema = create_model("Parameters", **fields).model_json_schema()
    except (PydanticUserError, NameError, TypeError) as error:
        raise ConfigError(f"the types of the tool's parameters have no JSON Schema: {type(error).__name__}") from None
    schema.pop("title", None)
    schema["additionalProperties"] = False
    return inspect.getdoc(function) or "", schema


@lru_cache(maxsize=1)
def _points() -> tuple[Any, ...]:
    return tuple(entry_points(group=GROUP))
