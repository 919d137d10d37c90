"""Prints a token: `python3 token_generator.py APP --expire DAYS`, the same as `voi token`."""

import sys

from voi.cli import main

if __name__ == "__main__":
    main(["token", *sys.argv[1:]])
