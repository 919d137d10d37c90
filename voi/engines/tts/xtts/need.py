"""Computes the memory that a model takes, from its sizes. Pure: `voi doctor` uses it too, without torch."""

from dataclasses import dataclass

from voi.engines.tts.xtts.layout import Layout

MIB = 2**20
# An allowance for what CUDA needs beside weights and slots: results between the layers of 8 of the longest windows (6
# times 40 MB) and of 8 prefixes (100 MB), cuBLAS's workspace for two streams (64 MiB), and some 100 recordings of 300
# to 700 kernels each (up to 2 MiB).
WORKSPACE_BYTES = 600 * MIB


@dataclass(frozen=True, slots=True)
class Need:
    """Memory in bytes. `per_slot`: keys, values, latents and rules of one sentence."""

    weights: int
    per_slot: int
    slots: int

    def total(self, workspace: int) -> int:
        """All bytes, including one more slot, which is for padding."""
        return self.weights + self.per_slot * (self.slots + 1) + workspace


def slot_bytes(layout: Layout, conditioning: int, bytes_each: int) -> int:
    """Bytes of one sentence. `bytes_each`: size of a number in the GPT's precision."""
    steps = layout.max_codes + 1
    latents = steps * layout.gpt_n_model_channels * bytes_each
    rules = steps * 4 + layout.gpt_num_audio_tokens  # quantiles, and which codes were used
    return layout.cache_bytes(conditioning, bytes_each) + latents + rules
