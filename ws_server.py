"""Starts the server: the same as `voi serve`."""

import sys

from voi.cli import main

if __name__ == "__main__":
    main(["serve", *sys.argv[1:]])
