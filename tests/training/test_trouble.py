import pytest

from voi.errors import ConfigError, EngineError
from voi.training.trouble import disk_told, gpu_memory_told, readers_told


def test_a_disk_names_the_file_and_the_reason() -> None:
    with (
        pytest.raises(ConfigError, match=r"The export cannot go on. out/model.pth: No space left"),
        disk_told("The export"),
    ):
        raise OSError(28, "No space left on device", "out/model.pth")


def test_a_full_gpu_is_told_with_advice() -> None:
    torch = pytest.importorskip("torch", reason="the extra `train` is not installed")
    with pytest.raises(EngineError, match=r"memory does not suffice.* Take less.$"), gpu_memory_told("Take less."):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


@pytest.mark.parametrize(
    "said",
    [
        "DataLoader worker (pid 12) is killed by signal: Bus error. It is possible that dataloader's workers are",
        "DataLoader worker (pid(s) 12, 13) exited unexpectedly",
        "DataLoader timed out after 120 seconds",
        "unable to write to file </torch_12_34_0>: No space left on device (28)",
        "unable to allocate shared memory(shm) for file </torch_12_34_0>: Resource temporarily unavailable (11)",
    ],
)
def test_readers_that_were_killed_are_told(said: str) -> None:
    """Messages of torch's loader."""
    with pytest.raises(ConfigError, match="fewer --workers"), readers_told():
        raise RuntimeError(said)


def test_other_faults_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match=r"^mat1 and mat2"), readers_told():
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
