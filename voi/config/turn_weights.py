"""Weights of the end of a turn, as `voi train turns` writes them: fitted to an owner's own calls.

    {"voi_turn_weights": 1, "engine": {"name": "smart-turn", "sha256": "…"}, "signs": {"sound": 0.25, …}, "head": null}

`signs` replace the weights that Voi ships. `head`, if there is one, is a logistic regression on the output of the turn
model's encoder; it belongs to the model that it was fitted to.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from voi.config.json_file import read_object, validated
from voi.config.problems import Problems

Number = Annotated[float, Field(ge=-1_000, le=1_000, allow_inf_nan=False)]
Numbers = Annotated[tuple[Number, ...], Field(min_length=1, max_length=4_096)]
Sign = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Head(BaseModel):
    """Log-odds that the turn is over = `bias` + `slope` x the model's own log-odds + `weights` x the encoder's output,
    standardized by `mean` and `scale`."""

    model_config = _FROZEN
    mean: Numbers
    scale: Annotated[tuple[Annotated[float, Field(gt=0, le=1e6)], ...], Field(min_length=1, max_length=4_096)]
    weights: Numbers
    bias: Number
    slope: Number

    @model_validator(mode="after")
    def _are_of_one_length(self) -> Self:
        if not len(self.mean) == len(self.scale) == len(self.weights):
            raise ValueError("mean, scale and weights must be of one length")
        return self


class FittedTo(BaseModel):
    """A turn model: its name, and the SHA-256 of its file."""

    model_config = _FROZEN
    name: str = Field(max_length=100)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class TurnWeights(BaseModel):
    """One file of weights."""

    model_config = _FROZEN
    voi_turn_weights: Literal[1]
    engine: FittedTo
    signs: Annotated[dict[Sign, Number], Field(min_length=1, max_length=100)]
    head: Head | None = None


def read_turn_weights(file: Path, problems: Problems) -> TurnWeights | None:
    """The weights in that file; None with the reasons in `problems`. Raises ConfigError when it cannot be read."""
    raw = read_object(file, problems, missing="`voi train turns` writes one; else leave VOI_TURN_WEIGHTS empty")
    return validated(TurnWeights, raw, str(file), (), problems)
