"""Options that several commands have."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]


def with_options_of(read: Callable[..., Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorates a command: it gets the options of `read` too, and as its first argument what `read` makes of them."""
    shared = inspect.signature(read).parameters

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**given: Any) -> None:
            command(read(**{name: given.pop(name) for name in shared}), **given)

        both = [*shared.values(), *list(inspect.signature(command).parameters.values())[1:]]
        both.sort(key=lambda parameter: parameter.default is not parameter.empty)  # as Python wants it
        run.__signature__ = inspect.Signature(both)  # type: ignore[attr-defined]
        return run

    return decorated
