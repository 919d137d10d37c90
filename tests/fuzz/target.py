"""One kind of input that is fuzzed."""

from collections.abc import Callable
from dataclasses import dataclass

from voi.errors import VoiError


@dataclass(frozen=True)
class Target:
    """`run` takes any bytes. `seeds`: well-formed input to begin with."""

    run: Callable[[bytes], object]
    seeds: tuple[bytes, ...]


def quietly(run: Callable[[], object]) -> None:
    """Run it. Errors that Voi foresees are no finding."""
    try:
        run()
    except VoiError as error:
        str(error).encode()  # its words can be sent to a client


def decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")
