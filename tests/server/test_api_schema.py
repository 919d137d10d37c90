"""The HTTP API against its own schema, by schemathesis: whatever a client sends, no answer is a server error."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.server.fakes import API_KEY
from tests.server.serving import fake_engines, serving

ROOT = Path(__file__).parents[2]
BESIDE = ROOT / ".venv-tools" / "bin" / "schemathesis"
SCHEMATHESIS = shutil.which("schemathesis") or (str(BESIDE) if BESIDE.exists() else None)
EXAMPLES = {API_KEY: 20, "a wrong one": 5}
"""By the key: most of what is sent with a wrong one is refused before it is read."""
LIMIT_S = 900.0
"""Half a minute of computing: a machine that others use too may take many times as long."""


@pytest.mark.integration
@pytest.mark.timeout(LIMIT_S + 60)
@pytest.mark.skipif(
    SCHEMATHESIS is None, reason="python3 -m venv .venv-tools && .venv-tools/bin/pip install schemathesis"
)
@pytest.mark.parametrize("key", EXAMPLES)
async def test_no_request_is_a_server_error(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SCHEMATHESIS
    store = {"store": "facts", "store_url": f"sqlite:{tmp_path}/voi.db"}
    async with serving(tmp_path, monkeypatch, fake_engines(), **store) as running:
        schema = tmp_path / "openapi.json"
        schema.write_text(json.dumps(running.server._app.openapi()))
        process = await asyncio.create_subprocess_exec(
            SCHEMATHESIS, "run", schema, "--url", f"http://127.0.0.1:{running.port}", "-H", f"API-Key: {key}",
            "--phases", "fuzzing", "--max-examples", str(EXAMPLES[key]), "--seed", "1",
            "--checks", "not_a_server_error", "--exclude-path", "/ws", cwd=tmp_path, env=os.environ | {"NO_COLOR": "1"},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            told, _ = await asyncio.wait_for(process.communicate(), LIMIT_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, told.decode()[-4_000:]
        status, _, _ = await running.http("GET", "/health")
        assert status == 200
