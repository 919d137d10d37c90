"""An MCP server that misbehaves: over stdio, without any package. Its argument says how."""

import json
import sys
from typing import Any

HOW = sys.argv[1]


def send(number: Any, result: Any) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": number, "result": result}) + "\n")
    sys.stdout.flush()


def main() -> None:
    if HOW == "exits":
        sys.exit(3)
    if HOW == "never ends a line":
        while True:
            sys.stdout.write("x" * 65_536)
    for line in sys.stdin:
        asked = json.loads(line)
        if HOW == "prints garbage":
            sys.stdout.write("{not json\n\n" * 500)
        match asked.get("method"):
            case "initialize":
                version = asked["params"]["protocolVersion"]
                about = {"serverInfo": {"name": "x", "version": "1"}, "capabilities": {"tools": {}}}
                send(asked["id"], {"protocolVersion": version, **about})
            case "tools/list":
                tool = {"inputSchema": {"type": "object"}, "description": "d" * 10_000}
                send(asked["id"], {"tools": [{"name": f"t{n}", **tool} for n in range(300)]})
            case "tools/call":
                size = 5 << 20 if HOW == "tells too much" else 30_000
                send(asked["id"], {"content": [{"type": "text", "text": "x" * size}]})
            case _ if "id" in asked:
                sys.stdout.write(
                    json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no"}}) + "\n"
                )
                sys.stdout.flush()


if __name__ == "__main__":
    main()
