"""Makes onnxruntime sessions, alike for all models that it runs."""

from typing import Any


def cpu_session(model: bytes, threads: int = 1) -> Any:
    """An `onnxruntime.InferenceSession` on the CPU that computes on the calling thread, and on `threads` - 1 more.
    Raises ImportError without onnxruntime, and onnxruntime's errors for an invalid model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
