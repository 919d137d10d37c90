"""FastPitch on a tiny random model: beside what NeMo 2.5.0 computes from it, alone and in a batch; .nemo files."""

import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.engines.tts.fastpitch import tiny_bigvgan, tiny_fastpitch  # noqa: E402
from voi.engines.tts.fastpitch import nemo_file  # noqa: E402
from voi.engines.tts.fastpitch.graphemes import tokenizer_of  # noqa: E402
from voi.engines.tts.fastpitch.layout import FastPitchLayout, resolved  # noqa: E402
from voi.engines.tts.fastpitch.model import LoadedVoice, PartToSpeak, names_of  # noqa: E402
from voi.engines.tts.fastpitch.nemo_file import read_nemo, write_nemo  # noqa: E402
from voi.engines.tts.fastpitch.net import MEL_FRAMES_MAX  # noqa: E402
from voi.errors import ConfigError  # noqa: E402

FILES = {"nemo:0a_dict": tiny_fastpitch.DICTIONARY, "nemo:0b_heteronyms": b"tea\n"}


def tokenizer(kind: str, **more: Any) -> Any:
    return tokenizer_of({"_target_": f"nemo.{kind}", **more}, lambda name: FILES.get(str(name)), "it")


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> LoadedVoice:
    folder = tmp_path_factory.mktemp("voice")
    return LoadedVoice(tiny_fastpitch.write(folder / "vi.nemo"), tiny_bigvgan.write(folder / "vocoder"))


def test_it_computes_what_nemo_computes(voice: LoadedVoice) -> None:
    """The spectrum that NeMo's FastPitchModule 2.5.0 made of the same weights: equal to 1e-4, of values around 1."""
    recorded = np.load(Path(__file__).with_name("recorded_nemo.npz"))
    ids = voice.tokenizer.encode("Xin chào Việt Nam.")
    assert ids == recorded["ids"].tolist()
    (mel,) = voice.spectra([PartToSpeak(ids, speaker=2, pace=1.2)])
    assert mel.shape == recorded["mel"].shape
    assert np.abs(mel.numpy() - recorded["mel"]).max() < 1e-4 < recorded["mel"].std()


def test_vocabularies_have_nemos_order() -> None:
    """Digests of the tokens of NeMo 2.5.0's tokenizers."""
    for made, digest in (
        (tokenizer("VietnameseCharsTokenizer"), "b35779cd5f06f888"),
        (tokenizer("EnglishCharsTokenizer"), "1d5cc0ead3541651"),
        (tokenizer("GermanCharsTokenizer"), "6f44dfe2afdd3eb0"),
        (tokenizer("SpanishCharsTokenizer", add_blank_at="last"), "23c16101e8e87b4e"),
        (tokenizer_of(tiny_fastpitch.ENGLISH, lambda name: FILES.get(str(name)), "it"), "ca7af910e5a53f43"),
    ):
        assert hashlib.sha256("\0".join(made.tokens).encode()).hexdigest()[:16] == digest, made.language


def test_a_text_sounds_the_same_alone_and_among_others(voice: LoadedVoice) -> None:
    texts = ["Xin chào.", "Tôi là người Việt Nam, và bạn là ai?", "Ừ"]
    rows = [PartToSpeak(voice.tokenizer.encode(text), number, 1 + number / 10) for number, text in enumerate(texts)]
    together = voice.spectra(rows)
    assert len({mel.shape[1] for mel in together}) == 3
    for row, mel in zip(rows, together, strict=True):
        assert torch.allclose(voice.spectra([row])[0], mel, atol=1e-5)


def test_pace_pitch_and_speaker_change_what_they_should(voice: LoadedVoice) -> None:
    ids = voice.tokenizer.encode("Tôi là người Việt Nam.")
    usual, fast, high, flat, other = voice.spectra(
        [PartToSpeak(ids), PartToSpeak(ids, pace=2), PartToSpeak(ids, pitch=1.3), PartToSpeak(ids, movement=0),
         PartToSpeak(ids, speaker=1)]
    )  # fmt: skip
    assert fast.shape[1] == pytest.approx(usual.shape[1] / 2, rel=0.2)
    assert high.shape == flat.shape == usual.shape
    for changed in high, flat, other:
        assert changed.shape != usual.shape or not torch.allclose(changed, usual, atol=1e-3)
    # A text that would never end is cut.
    (endless,) = voice.spectra([PartToSpeak(ids * 40, pace=0.3)])
    assert MEL_FRAMES_MAX - 300 < endless.shape[1] <= MEL_FRAMES_MAX


def test_letters_with_tone_marks_in_either_form() -> None:
    vietnamese = tokenizer("VietnameseCharsTokenizer", pad_with_space=True)
    ids = vietnamese.encode("Tiếng Việt")
    assert ids == vietnamese.encode("Tie\u0302\u0301ng Vie\u0323\u0302t") == vietnamese.encode(" TIẾNG   VIỆT ")
    assert [vietnamese.tokens[at] for at in ids] == [" ", *"tiếng việt", " "]
    assert len({*vietnamese.encode("a á à ã ả ạ ă ắ ằ ẵ ẳ ặ â ấ ầ ẫ ẩ ậ đ")}) == 20
    assert vietnamese.encode("— … 中 !") == []


def test_english_words_by_the_dictionary_of_the_file() -> None:
    english = tokenizer_of(tiny_fastpitch.ENGLISH, lambda name: FILES.get(str(name)), "it")

    def said(text: str) -> list[str]:
        return [english.tokens[at] for at in english.encode(text)[1:-1]]

    assert said("Hello, world!") == ["HH", "AH0", "L", "OW1", ",", " ", "W", "ER1", "L", "D", "!"]
    assert said("World’s worlds") == ["W", "ER1", "L", "D", "Z", " ", "W", "ER1", "L", "D", "Z"]
    assert said("read tea café") == [*"read", " ", *"tea", " ", *"cafe"]  # unclear, unclear, unknown
    assert said("hello-you") == ["HH", "AH0", "L", "OW1", "-", *"you"]
    plain = tokenizer("EnglishPhonemesTokenizer", g2p={"phoneme_dict": "nemo:0a_dict"})
    assert [plain.tokens[at] for at in plain.encode("hello")] == ["HH", "AH", "L", "OW"]


def test_names_of_speakers() -> None:
    assert names_of({"speaker_names": ["An", "Bình"]}, 2) == {"An": 0, "Bình": 1}
    assert names_of({"speaker_names": ["An"]}, 2) == {"speaker 0": 0, "speaker 1": 1}
    assert names_of({}, 1) == {"speaker": 0}


def test_configurations_that_do_not_fit(tmp_path: Path) -> None:
    vocoder = tiny_bigvgan.write(tmp_path / "vocoder")
    settings = tiny_fastpitch.config(tiny_fastpitch.VIETNAMESE)
    state = tiny_fastpitch.state(settings)
    for changed, why in (
        ({"symbols_embedding_dim": 24}, "weights do not fit"),
        ({"symbols_embedding_dim": 100_000}, "input_fft: width is 100000"),
        ({"text_tokenizer": {"_target_": "a.b.IPATokenizer"}}, "'IPATokenizer' is not supported"),
        ({"text_tokenizer": {"_target_": "a.EnglishCharsTokenizer"}}, "its table of tokens is"),
        ({"text_tokenizer": {"_target_": "a.EnglishPhonemesTokenizer"}}, "lacks the dictionary"),
        ({"energy_predictor": {"x": 1}}, "energy predictor"),
        ({"input_fft": {"n_layer": 2}}, "does not describe a FastPitch"),
        ({"max_token_duration": 10**9}, "max_token_duration"),
        ({"highfreq": 4_000}, "highest frequency 4000 and 8000"),
        ({"preprocessor": {}}, "preprocessor"),
        ({"a": "${b}", "b": "${a}"}, "refers to itself"),
    ):
        write_nemo(tmp_path / "x.nemo", settings | changed, state)
        with pytest.raises(ConfigError, match=why):
            LoadedVoice(tmp_path / "x.nemo", vocoder)
    state["fastpitch.proj.bias"] = torch.full((80,), float("inf"))
    write_nemo(tmp_path / "x.nemo", settings, state)
    with pytest.raises(ConfigError, match="no numbers"):
        LoadedVoice(tmp_path / "x.nemo", vocoder)
    assert FastPitchLayout.of(resolved(settings), "it").encoder.width == 16


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch harmed",)


def test_archives_that_are_none_or_harmful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.nemo"

    def archive(*members: tuple[str, bytes], link: str = "", mode: str = "w") -> None:
        with tarfile.open(path, mode) as made:  # type: ignore[call-overload]
            for name, content in members:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                made.addfile(member, io.BytesIO(content))
            if link:
                member = tarfile.TarInfo("model_config.yaml")
                member.type, member.linkname = tarfile.SYMTYPE, link
                made.addfile(member)

    weights = io.BytesIO()
    torch.save({"w": torch.zeros(1)}, weights)
    good = (("./model_config.yaml", b"a: 1"), ("./model_weights.ckpt", weights.getvalue()), ("d", b"words"))
    for mode in "w", "w:gz":
        archive(*good, mode=mode)
        found = read_nemo(path)
        assert (found.config, list(found.state), found.artefact("nemo:d")) == ({"a": 1}, ["w"], b"words")
        assert found.artefact("nemo:e") is None is found.artefact(None)
    harmful = io.BytesIO()
    torch.save(Harmful(), harmful)
    bomb = ("model_config.yaml", bytes(2**20 + 1))
    for members, link, why in (
        ((("../up", b""),), "", "leads out of it"),
        ((("/etc/x", b""),), "", "leads out of it"),
        ((), "/etc/passwd", "a link or a device"),
        ((good[0],), "", "lacks model_weights.ckpt"),
        ((bomb,), "", "too large"),
        (tuple((f"f{n}", b"") for n in range(101)), "", "too many files"),
        ((good[0], ("model_weights.ckpt", harmful.getvalue())), "", "cannot be loaded"),
        ((("model_config.yaml", b"a: !!python/object/apply:os.system ['touch harmed']"), good[1]), "", "no YAML"),
        ((("model_config.yaml", b"[1]"), good[1]), "", "no .nemo file of a model"),
    ):
        archive(*members, link=link, mode="w:gz")
        with pytest.raises(ConfigError, match=why):
            read_nemo(path)
    monkeypatch.setattr(nemo_file, "ALL_MAX_BYTES", 3)
    archive(*good)
    with pytest.raises(ConfigError, match="too large"):
        read_nemo(path)
    path.write_bytes(b"no archive")
    with pytest.raises(ConfigError, match=r"no \.nemo file"):
        read_nemo(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_nemo(tmp_path / "none.nemo")
    assert not (tmp_path / "harmed").exists()
