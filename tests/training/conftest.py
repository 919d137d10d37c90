import pytest

pytest.importorskip("soundfile", reason="the extra `train` is not installed")
pytest.importorskip("soxr", reason="the extra `train` is not installed")
pytest.importorskip("pyarrow", reason="the extra `train` is not installed")
