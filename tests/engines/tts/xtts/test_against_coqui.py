"""The same weights in Coqui's reference: greedy decoding gives the same codes, and the sound is the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `xtts` is not installed")

import torch

from tests.engines.tts.xtts import tiny
from tests.engines.tts.xtts.speaking import TEXTS, alone, job, run
from voi.engines.tts.xtts.model import Running
from voi.text.speakable import speakable

pytestmark = pytest.mark.integration

ONE_STEP = 1 / 32_767  # of int16: the only difference that is allowed


@pytest.fixture(scope="module")
def coqui(files: dict[str, Path]) -> Any:
    return tiny.reference(files)


@pytest.fixture(scope="module")
def latents(files: dict[str, Path]) -> Any:
    return torch.load(files["voices"], weights_only=True)


def reference_codes(coqui: Any, latents: Any, text: str, voice: str = "Robin") -> list[int]:
    ids = torch.tensor([coqui.tokenizer.encode(text, lang="en")])
    codes = coqui.gpt.generate(
        cond_latents=latents[voice]["gpt_cond_latent"], text_inputs=ids, do_sample=False, num_beams=1,
        repetition_penalty=5.0,
    )  # fmt: skip
    return codes[0].tolist()  # type: ignore[no-any-return]


def reference_sound(coqui: Any, latents: Any, text: str, speed: float, voice: str = "Robin") -> Any:
    return coqui.inference(
        text, "en", latents[voice]["gpt_cond_latent"], latents[voice]["speaker_embedding"], do_sample=False,
        num_beams=1, repetition_penalty=5.0, speed=speed,
    )["wav"]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_alone_it_has_the_references_codes(model: Running, coqui: Any, latents: Any, text: str) -> None:
    assert alone(model, text).codes == reference_codes(coqui, latents, text)


@pytest.mark.parametrize("speed", [1.0, 1.3, 0.8])
def test_alone_it_has_the_references_sound(model: Running, coqui: Any, latents: Any, speed: float) -> None:
    ours, theirs = alone(model, TEXTS[0], speed=speed).sound, reference_sound(coqui, latents, TEXTS[0], speed)
    assert len(ours) == len(theirs) > 40_000
    assert np.std(theirs) > 0.05
    assert np.abs(ours - theirs).max() < ONE_STEP


def test_together_they_have_the_references_codes_and_sound(model: Running, coqui: Any, latents: Any) -> None:
    saids = [job(model, text, voice=voice) for text in TEXTS[:3] for voice in tiny.VOICES]
    run(model.batch, *saids)  # more than there are slots
    expected = [(text, voice) for text in TEXTS[:3] for voice in tiny.VOICES]
    compared = 0
    for said, (text, voice) in zip(saids, expected, strict=True):
        assert said.codes == reference_codes(coqui, latents, text, voice)
        if len(said.codes) > 2:  # torch does not interpolate at all where it would only lengthen by less than one frame
            assert np.abs(said.sound - reference_sound(coqui, latents, text, 1.0, voice)).max() < ONE_STEP
            compared += 1
    assert compared >= 6


def test_the_sound_is_that_of_the_references_stream(model: Running, coqui: Any, latents: Any) -> None:
    """Coqui's stream vocodes all latents again for every chunk; with top_k 1 it draws the likeliest code. Its chunks
    are cross-faded, so only the first is compared."""
    voice = latents["Robin"]
    stream = coqui.inference_stream(
        TEXTS[0], "en", voice["gpt_cond_latent"], voice["speaker_embedding"], top_k=1, repetition_penalty=5.0
    )
    first = next(stream).numpy()
    settled = len(first) - 15 * 256  # at its end it lacks what follows
    assert np.abs(alone(model, TEXTS[0]).sound[:settled] - first[:settled]).max() < ONE_STEP
    stream.close()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I don't know, Mr. Smith; it was 5 o'clock & late!"), ("de", "Das sind 12 Häuser, Dr. Weiß."),
        ("fr", "Il y a 12 maisons, Dr. Dupont."), ("pl", "Mam 5 kotów."), ("zh-cn", "我有3个苹果。"),
        ("es", "¿Qué tal está usted? Muy bien, señor."),
        ("fr", "L'été dernier, nous étions à la plage."), ("de", "Schöne Grüße aus München, Frau Müller."),
        ("it", "Perché non vieni con noi?"), ("pt", "Não há de quê, até amanhã."), ("pl", "Zażółć gęślą jaźń."),
        ("tr", "İyi günler, nasılsınız?"), ("ru", "Съешь ещё этих мягких булок."), ("nl", "Het is vijf uur, denk ik."),
        ("cs", "Příliš žluťoučký kůň."), ("ar", "مرحبا، كيف حالك؟"), ("hu", "Árvíztűrő tükörfúrógép."),
        ("hi", "नमस्ते, आप कैसे हैं।"), ("ko", "안녕하세요, 반갑습니다."),
    ],
)  # fmt: skip
def test_text_has_the_references_ids(model: Running, coqui: Any, language: str, text: str) -> None:
    unknown = coqui.tokenizer.tokenizer.token_to_id("[UNK]")
    expected = [token for token in coqui.tokenizer.encode(text, lang=language) if token != unknown]
    assert model.tokenizer.ids(speakable(text, language), language)[1:-1] == expected


@pytest.mark.parametrize(("language", "text", "package"), [("zh-cn", "你好，我们走吧。", "pypinyin"),
                                                           ("ja", "お元気ですか。", "cutlet")])  # fmt: skip
def test_text_in_letters_of_its_own_has_the_references_ids(
    model: Running, coqui: Any, language: str, text: str, package: str
) -> None:
    pytest.importorskip(package)
    test_text_has_the_references_ids(model, coqui, language, text)
