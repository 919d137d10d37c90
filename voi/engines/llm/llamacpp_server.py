"""The worker process of `llamacpp`: llama.cpp's server with one GGUF model, on a free port of the loopback address.

A fault in native code ends this process and not Voi's. The first line of standard input is a JSON object of options,
the first line of standard output the server's address. The process ends with its standard input, so it never outlives
Voi.
"""

import json
import sys
from typing import Any


def main() -> None:
    """Serve until standard input ends. Raises what xllamacpp raises when the model cannot be loaded."""
    import xllamacpp

    options: dict[str, Any] = json.loads(sys.stdin.readline())
    params = xllamacpp.CommonParams()
    params.model.path = options["model"]
    params.api_keys = [options["api_key"]]  # other users of this machine can reach the port as well
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = options["callers"]
    params.n_ctx = options["context_tokens"] * options["callers"]
    params.kv_unified = False  # each caller has its own part, so a long conversation takes no room from another
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options["threads"]
    params.n_gpu_layers = options["gpu_layers"]
    params.use_jinja = True  # the chat template of the file, tools included
    params.ctx_shift = False  # a conversation that is too long is refused, never cut in silence
    params.verbosity = -1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
