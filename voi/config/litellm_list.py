"""What LiteLLM's package knows of models: their prices, and how much they can read."""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LITELLM_LIST = "model_prices_and_context_window_backup.json"
"""The list that comes with the package and that `litellm.model_cost` is read from. Importing LiteLLM takes seconds."""
LIST_MAX_BYTES = 64 * 1024 * 1024


def litellm_list() -> Mapping[str, Any]:
    """The list, by model; empty if LiteLLM is not installed. Reads a file of some megabytes: call it in a thread."""
    spec = find_spec("litellm")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(place) / LITELLM_LIST
        try:
            if file.stat().st_size <= LIST_MAX_BYTES:
                found = json.loads(file.read_bytes())
                return found if isinstance(found, dict) else {}
        except (OSError, ValueError):
            continue
    return {}
