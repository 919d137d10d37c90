"""A real LiteLLM proxy, from an environment of its own: .venv-litellm, or wherever LITELLM_PROGRAM says."""

import http.client
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
MASTER_KEY = "sk-5f0c9b1e7d3a48c2b6e1f4a79d20c835"
START_S = 60.0
TRIES = 3
"""It crashes now and then while it starts."""

CONFIG = """
model_list:
  - model_name: m
    litellm_params: {{model: openai/m, api_base: "http://127.0.0.1:{upstream}/v1", api_key: x}}
  - model_name: with-a-fallback
    litellm_params: {{model: openai/first, api_base: "http://127.0.0.1:{upstream}/v1", api_key: x}}
  - model_name: second
    litellm_params: {{model: openai/second, api_base: "http://127.0.0.1:{upstream}/v1", api_key: x}}
litellm_settings: {{drop_params: true, num_retries: 0, request_timeout: 8}}
router_settings:
  num_retries: 0
  disable_cooldowns: true
  fallbacks: [{{with-a-fallback: [second]}}]
general_settings: {{master_key: os.environ/LITELLM_MASTER_KEY}}
"""


def program() -> str | None:
    """The proxy's program; None: not installed here."""
    own = os.environ.get("LITELLM_PROGRAM") or str(ROOT / ".venv-litellm" / "bin" / "litellm")
    return shutil.which(own)


class LiteLlmProxy:
    """Answers on `port` of 127.0.0.1 for the fake provider on port `upstream`."""

    def __init__(self, folder: Path, port: int, upstream: int) -> None:
        self.port = port
        self._folder = folder
        self._config = folder / "litellm.yaml"
        self._config.write_text(CONFIG.format(upstream=upstream))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises RuntimeError with the end of its log when it does not come up."""
        for _ in range(TRIES):
            if self._came_up():
                return
            self.kill()
        raise RuntimeError((self._folder / "litellm.log").read_text()[-2_000:])

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def _came_up(self) -> bool:
        found = program()
        assert found
        command = [found, "--config", str(self._config), "--host", "127.0.0.1", "--port", str(self.port)]
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "LITELLM_MASTER_KEY": MASTER_KEY,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_MODE": "PRODUCTION",
        }
        with (self._folder / "litellm.log").open("wb") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, env=environ, stdout=log, stderr=log)
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s and self._process.poll() is None:
            if self._is_alive():
                return True
            time.sleep(0.2)
        return False

    def _is_alive(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health/liveliness")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
