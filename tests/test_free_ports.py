"""Test runs side by side are given different ports."""

import socket
import subprocess
import sys
from pathlib import Path

from tests.free_ports import BLOCK, free_port

ROOT = Path(__file__).parent.parent
PRINTS = "from tests.free_ports import free_port; print([free_port() for _ in range(200)], flush=True); input()"


def test_processes_side_by_side_share_none() -> None:
    command = [sys.executable, "-c", PRINTS]
    children = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    ours = {free_port() for _ in range(200)}
    given = [ours]
    for child in children:
        assert child.stdout is not None
        given.append(set(map(int, child.stdout.readline().strip("[]\n").split(","))))
    for child in children:
        child.communicate("\n", timeout=10)
    assert len(set().union(*given)) == sum(map(len, given))
    assert all(port % 2 == 0 for ports in given for port in ports)
    assert all(len(ports) <= BLOCK // 2 for ports in given)


def test_one_that_is_in_use_is_not_given() -> None:
    taken = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as used:
        used.bind(("127.0.0.1", taken))
        assert taken not in {free_port() for _ in range(BLOCK)}
