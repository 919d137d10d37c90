"""Prints a token: `python3 token_generator.py APP --expire DAYS`, the same as `voi token`. Any Python will do."""

import sys

from voi.launcher import run

if __name__ == "__main__":
    run("token", *sys.argv[1:])
