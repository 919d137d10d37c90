import runpy
import sys
import types
from typing import Any
from unittest.mock import patch

import pytest

pytest.importorskip("trainer", reason="the extra `train` is not installed")
pytest.importorskip("TTS", reason="the extra `train` is not installed")

import torch

from voi.training import coqui

pytestmark = pytest.mark.integration


def test_importing_coquis_trainer_leaves_torch_its_threads() -> None:
    class Trainer(types.ModuleType):
        def __getattr__(self, name: str) -> Any:
            torch.set_num_threads(1)  # as a module of it does when it is imported
            return object

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with patch.dict(sys.modules, {"trainer": Trainer("trainer")}):
            runpy.run_path(coqui.__file__)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
