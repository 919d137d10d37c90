"""How a process leaves a GPU that others use: with its work done."""

import sys
import threading

LEAVE_DEADLINE_S = 1.0


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
