"""`voi mcp`: the bench as an MCP server."""


def mcp() -> None:
    """Offer check, test, simulate and the stored calls to coding assistants, as an MCP server over standard input and
    output."""
    from voi.scenarios.mcp_server import bench_server

    bench_server().run("stdio")
