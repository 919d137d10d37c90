"""What `voi check` finds out about the agents' tools, and what they sign in with. Nothing is called or reached."""

import json
from importlib.util import find_spec

from voi.config.config import Config
from voi.config.parts import FileModel
from voi.config.problems import Problems
from voi.config.secret_refs import missing_variables, plain_secrets, told
from voi.errors import ConfigError
from voi.tools import python
from voi.tools.mcp import INSTALL
from voi.tools.toolbox import credentials_in, tools_in, webhooks_in


def check_tools(config: Config, problems: Problems) -> None:
    """Variables that are not set, secrets in plain text, functions and packages that are not there."""
    referring: list[tuple[str, FileModel]] = [*credentials_in(config), *webhooks_in(config)]
    referring += [(where, have) for where, _, tool in tools_in(config) if (have := tool.http or tool.mcp) is not None]
    for where, model in dict.fromkeys((where, model.model_dump_json()) for where, model in referring):
        texts = json.loads(model)
        for name in missing_variables(texts):
            problems.errors.append(f"{where}: the environment variable {name} is not set; put it into .env")
        problems.warnings += [told(where, path) for path in plain_secrets(texts)]
    for where, _, tool in tools_in(config):
        if tool.mcp is not None and find_spec("mcp") is None:
            problems.errors.append(f"{where}: {INSTALL}")
        if tool.python is not None:
            try:
                python.described(python.find(tool.python))
            except ConfigError as error:
                problems.errors += [f"{where}: {problem}" for problem in error.problems]
