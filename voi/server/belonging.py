"""For a process that another process of Voi started (`workers`): it reports when it is ready, and ends with its
parent."""

import contextlib
import ctypes
import os
import signal
import sys

READY_FD = "_VOI_READY_FD"
"""Environment variable: the number of a file descriptor to write a line to when ready."""
PARENT = "_VOI_PARENT"
"""Environment variable: the id of the process that started this one."""
_PR_SET_PDEATHSIG = 1  # prctl(2)


def report_ready() -> None:
    """Tell the parent process that this one is ready, if it asked for that."""
    if fd := os.environ.pop(READY_FD, ""):
        with contextlib.suppress(OSError, ValueError):  # the parent is gone
            os.write(int(fd), b"ready\n")
            os.close(int(fd))


def stop_with_parent() -> None:
    """Get SIGTERM when the process that started this one ends, even if it was killed (Linux)."""
    parent = os.environ.pop(PARENT, "")
    if not parent or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # the parent ended before
        os.kill(os.getpid(), signal.SIGTERM)
