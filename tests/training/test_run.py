import json
import os
import socket
from pathlib import Path

import pytest

from voi.errors import ConfigError
from voi.training.base import Base
from voi.training.run import Options, Run


def test_options_tell_all_mistakes() -> None:
    with pytest.raises(ConfigError) as caught:
        Options(batch_size=0, workers=-1, learning_rate=2.0, precision="fp8")
    assert len(caught.value.problems) == 4
    with pytest.raises(ConfigError, match="save_every must be a multiple of accumulate"):
        Options(accumulate=7)
    with pytest.raises(ConfigError, match="steps must be a multiple of accumulate"):
        Options(steps=5, accumulate=2)


def test_steps_follow_from_the_recordings() -> None:
    assert Options(steps=12).total_steps(1000) == 12
    assert Options(batch_size=4).total_steps(9) == 23
    assert Options(batch_size=4, accumulate=5, save_every=10).total_steps(9) == 25


def test_a_run_is_of_one_base_and_one_manifest(tmp_path: Path) -> None:
    run = Run.start(tmp_path / "run", tmp_path / "base", tmp_path / "data", Options())
    assert Run.at(tmp_path / "run") == run
    assert Run.start(tmp_path / "run", tmp_path / "base", tmp_path / "data", Options(steps=5)) == run
    corrected = Run.start(tmp_path / "run", tmp_path / "base", tmp_path / "other", Options())
    assert Run.at(tmp_path / "run") == corrected  # nothing had been trained yet
    (tmp_path / "run" / "checkpoint_1.pth").write_bytes(b"")
    with pytest.raises(ConfigError, match="name another folder"):
        Run.start(tmp_path / "run", tmp_path / "base", tmp_path / "data", Options())
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / ".run.json.partial").write_text("{")  # killed while it was written
    Run.start(tmp_path / "begun", tmp_path / "base", tmp_path / "data", Options())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(ConfigError, match="not empty"):
        Run.start(tmp_path / "full", tmp_path / "base", tmp_path / "data", Options())
    with pytest.raises(ConfigError, match="voi train run"):
        Run.at(tmp_path / "nowhere")


def test_the_last_checkpoint_has_the_most_steps(tmp_path: Path) -> None:
    run = Run.start(tmp_path / "run", tmp_path, tmp_path, Options())
    assert run.last_checkpoint() is None
    for name in ("checkpoint_90.pth", "checkpoint_100.pth", ".checkpoint_200.pth.partial", "best.pth"):
        (run.folder / name).write_bytes(b"")
    assert (last := run.last_checkpoint()) == run.folder / "checkpoint_100.pth"
    assert last is not None
    assert run.checkpoint_before(last) == run.folder / "checkpoint_90.pth"
    assert run.checkpoint_before(run.folder / "checkpoint_90.pth") == last  # where that is the only other one


def test_evaluations_after_the_last_checkpoint_are_forgotten(tmp_path: Path) -> None:
    run = Run.start(tmp_path / "run", tmp_path, tmp_path, Options())
    for step in (10, 20, 30):
        run.note({"step": step})
    run.forget_after(20)
    assert [entry["step"] for entry in run.progress()] == [10, 20]
    (run.folder / "progress.jsonl").write_text(json.dumps({"step": 1}) + '\n{"st')
    assert run.progress() == [{"step": 1}]
    run.forget_after(5)
    run.note({"step": 2})
    assert [entry["step"] for entry in run.progress()] == [1, 2]
    (run.folder / "progress.jsonl").write_text('{"st\n' + json.dumps({"step": 1}) + "\n")
    with pytest.raises(ConfigError, match="is broken"):
        run.progress()


def test_two_do_not_train_in_one_folder(tmp_path: Path) -> None:
    run = Run.start(tmp_path / "run", tmp_path, tmp_path, Options())
    with run.alone(), pytest.raises(ConfigError, match="being trained already"), run.alone():
        pass
    with run.alone():
        pass
    with pytest.raises(BlockingIOError), run.alone():
        raise BlockingIOError(11, "Resource temporarily unavailable")  # no more processes


def test_a_process_that_reads_recordings_keeps_no_lock(tmp_path: Path) -> None:
    """It lives on for some seconds when the one that trains is killed."""
    run = Run.start(tmp_path / "run", tmp_path, tmp_path, Options())
    ours, theirs = socket.socketpair()
    with run.alone():
        if not (reader := os.fork()):
            ours.close()
            theirs.send(b"here")
            theirs.recv(1)
            os._exit(0)
    theirs.close()
    ours.recv(4)
    try:
        with run.alone():
            pass
    finally:
        ours.close()
        os.waitpid(reader, 0)


def test_a_base_names_all_that_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"lacks config.json, vocab.json, dvae.pth, mel_stats.pth.*published beside"):
        Base.at(tmp_path)
