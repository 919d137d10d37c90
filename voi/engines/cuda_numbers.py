"""How exactly CUDA's libraries compute. Their switches are torch's, and hold for the whole process."""

import contextlib
from collections.abc import Iterator

import torch


def sum_in_single_precision() -> None:
    """Products of half-precision numbers are summed in single precision, also where cuBLAS splits a sum into parts:
    else it may add these up in half precision, as torch lets it."""
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False


@contextlib.contextmanager
def convolutions(*, tf32: bool) -> Iterator[None]:
    """Whether cuDNN may round the factors of single-precision convolutions to TF32's 11 bits."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=tf32):
        yield
