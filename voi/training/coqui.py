"""The only import of Coqui's XTTS and trainer; when they are missing, it says what to do. Importing it takes seconds.

torchaudio built for CUDA cannot load its library with a CPU build of torch. XTTS does not need that library, so then it
is left out, and the rest of torchaudio, which is plain torch, works.
"""

import sys
import types

from voi.errors import ConfigError


def _without_torchaudio_library() -> None:
    stub = types.ModuleType("torchaudio._extension")
    for flag in ("_IS_TORCHAUDIO_EXT_AVAILABLE", "_IS_ALIGN_AVAILABLE", "_IS_RIR_AVAILABLE"):
        setattr(stub, flag, False)
    stub.__dict__["_load_lib"] = lambda *_: False
    stub.__dict__["_check_cuda_version"] = lambda: None
    for decorator in ("fail_if_no_align", "fail_if_no_rir"):
        stub.__dict__[decorator] = lambda function: function
    sys.modules["torchaudio._extension"] = stub


try:
    import torch

    _threads = torch.get_num_threads()
    try:
        import torchaudio  # noqa: F401
    except OSError:
        _without_torchaudio_library()
    from trainer import Trainer, TrainerArgs
    from trainer.io import keep_n_checkpoints, save_model
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.layers.xtts.trainer.gpt_trainer import GPTTrainer, GPTTrainerConfig
    from TTS.tts.models.xtts import Xtts

    torch.set_num_threads(_threads)  # Coqui's data set sets it to one, for all of the process
except ImportError as error:
    raise ConfigError(f"Fine-tuning needs Coqui's trainer: ./install.sh train ({error})") from error

__all__ = [
    "GPTTrainer",
    "GPTTrainerConfig",
    "Trainer",
    "TrainerArgs",
    "Xtts",
    "XttsConfig",
    "keep_n_checkpoints",
    "save_model",
]
