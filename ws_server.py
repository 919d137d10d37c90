"""Starts the server: the same as `voi serve`. Any Python will do: it goes on with the one of .venv."""

import sys

from voi.launcher import run

if __name__ == "__main__":
    run("serve", *sys.argv[1:])
