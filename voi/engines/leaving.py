"""How a process leaves a GPU that others use: with its work done."""

import os
import signal
import sys
import threading
import time

LEAVE_DEADLINE_S = 1.0
LEAVE_SIGNAL = signal.SIGUSR1
"""What a worker gets that does not answer, or whose server has died."""
TOLD_DEADLINE_S = LEAVE_DEADLINE_S + 0.5
"""How long a worker that was told to leave may take. One that has not ended then is killed."""
ORDERLY_S = 1.5
"""How long a worker whose server has died may take to close its engines."""


def leave_when_told() -> None:
    """From now on `LEAVE_SIGNAL` ends this process with its GPU's work done, even if its main thread hangs. A thread
    does that; only code that never lets Python's other threads run keeps it from it. Call it on the main thread."""
    server = os.getppid()
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.signal(LEAVE_SIGNAL, lambda *_: None)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)  # written to at once, on whichever thread the signal arrives

    def wait() -> None:
        while LEAVE_SIGNAL not in os.read(told, 64):
            pass
        if os.getppid() != server:  # it has died, and the main thread notices that too
            time.sleep(ORDERLY_S)
        finish_gpu_work()
        os._exit(1)

    threading.Thread(target=wait, name="leaving when told", daemon=True).start()


def finish_gpu_work(deadline_s: float = LEAVE_DEADLINE_S) -> bool:
    """Wait until the GPU has done all that this process asked of it, as long as it may take. Under CUDA's multi-process
    service a client that ends with work outstanding may disturb the others. False: it was not done in time. Does
    nothing where torch has not used CUDA."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return True

    def wait() -> None:
        for device in range(torch.cuda.device_count()):
            torch.cuda.synchronize(device)

    waiting = threading.Thread(target=wait, name="finishing the GPU's work", daemon=True)  # it may hang in the driver
    waiting.start()
    waiting.join(deadline_s)
    return not waiting.is_alive()
