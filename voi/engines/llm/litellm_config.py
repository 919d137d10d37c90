"""The list of models in litellm_config.yaml: https://docs.litellm.ai/docs/proxy/configs"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from voi.errors import ConfigError, EngineError

ENV_REFERENCE = "os.environ/"
MAX_FILE_BYTES = 1 << 20
# Meant for LiteLLM's router and budgets, unknown to a completion.
_ROUTER_PARAMS = frozenset(
    {"rpm", "tpm", "weight", "order", "tags", "max_parallel_requests", "max_budget", "budget_duration"}
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One entry of model_list. `name` may have a wildcard (`openai/*`) that `params["model"]` repeats."""

    name: str
    params: Mapping[str, Any]


def covers(name: str, model: str) -> bool:
    """Whether an entry of that name, perhaps with a wildcard, serves the model."""
    head, wildcard, tail = name.partition("*")
    if not wildcard:
        return model == name
    return len(model) >= len(head) + len(tail) and model.startswith(head) and model.endswith(tail)


class LiteLlmConfig:
    """The model list. Entries of the same name take turns with its requests. Raises ConfigError."""

    def __init__(self, file: Path, environ: Mapping[str, str | None] | None = None) -> None:
        self._file = file
        # Keys live in .env beside Voi's own settings; the environment wins, as there.
        self._environ = {**dotenv_values(".env"), **os.environ} if environ is None else environ
        self._deployments = _read(file)
        self._turn = count()

    def params(self, model: str) -> dict[str, Any]:
        """Keyword arguments for a completion with that model. Raises EngineError."""
        able = [deployment for deployment in self._deployments if deployment.name == model]
        able = able or [deployment for deployment in self._deployments if covers(deployment.name, model)]
        if not able:
            raise EngineError(f"There is no LLM model {model[:80]!r} in model_list of {self._file.name}: add it there.")
        deployment = able[next(self._turn) % len(able)]
        params = {key: self._resolve(value) for key, value in deployment.params.items() if key not in _ROUTER_PARAMS}
        if "*" in deployment.name and "*" in params["model"]:
            head, _, tail = deployment.name.partition("*")
            params["model"] = params["model"].replace("*", model[len(head) : len(model) - len(tail)], 1)
        return params

    def aliases(self) -> dict[str, str]:
        """Each name without a wildcard, and the model behind it."""
        return {each.name: each.params["model"] for each in self._deployments if "*" not in each.name}

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._resolve(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._resolve(inner) for inner in value]
        if not isinstance(value, str) or not value.startswith(ENV_REFERENCE):
            return value
        name = value.removeprefix(ENV_REFERENCE)
        secret = self._environ.get(name)
        if not secret:
            raise EngineError(
                f"{self._file.name} takes {name} from the environment, and it is not set: put it into .env."
            )
        return secret


def _read(file: Path) -> tuple[Deployment, ...]:
    import yaml

    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}.") from None
    if len(text) > MAX_FILE_BYTES:
        raise ConfigError(f"{file}: is larger than {MAX_FILE_BYTES} bytes.")
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(f"{file}: is not YAML{f' at line {mark.line + 1}' if mark else ''}.") from None
    entries = content.get("model_list") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise ConfigError(f"{file}: needs model_list, a list of entries with model_name and litellm_params.")
    problems, deployments = [], []
    for index, entry in enumerate(entries):
        name = entry.get("model_name") if isinstance(entry, dict) else None
        params = entry.get("litellm_params") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name:
            problems.append(f"{file}: model_list[{index}].model_name must be a name.")
        elif not isinstance(params, dict) or not isinstance(params.get("model"), str):
            problems.append(f"{file}: model_list[{index}].litellm_params.model must be a model, such as openai/gpt-4o.")
        else:
            deployments.append(Deployment(name, params))
    if problems:
        raise ConfigError(problems)
    return tuple(deployments)
