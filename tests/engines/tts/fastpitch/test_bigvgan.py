"""The vocoder on a tiny random checkpoint: beside the reference package where it is installed, beside the published
formulas written anew with numpy and scipy, and in windows."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.engines.tts.fastpitch import tiny_bigvgan  # noqa: E402
from voi.engines.tts.fastpitch.anti_alias import Snake, low_pass  # noqa: E402
from voi.engines.tts.fastpitch.bigvgan import BigVgan  # noqa: E402
from voi.engines.tts.fastpitch.mel import MelForm, mel_filters, model_mel, vocoder_mel  # noqa: E402
from voi.engines.tts.fastpitch.vocoder_folder import VocoderFolder  # noqa: E402
from voi.engines.tts.xtts.windows import Plan, steady_chunks  # noqa: E402
from voi.errors import ConfigError  # noqa: E402

Floats = Any
KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"activation": "snake", "snake_logscale": False, "use_tanh_at_final": True, "use_bias_at_final": True},
    {"resblock": "2", "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1, 3]]},
)


def mel(frames: int, bands: int = 80) -> Any:
    return torch.randn(1, bands, frames, generator=torch.Generator().manual_seed(3))


def sound(samples: int) -> Any:
    return torch.randn(1, samples, generator=torch.Generator().manual_seed(4)).clamp(-3, 3) / 4


# ---- by the published formulas, with numpy alone --------------------------------------------------


def snake_by_hand(x: Floats, alpha: Floats, beta: Floats) -> Floats:
    """Stretch by inserting zeros, filter, activate, filter, drop every second sample: (channels, samples)."""
    attenuation_db = 2.285 * 5 * np.pi * 1.2 + 7.95
    window = np.kaiser(12, 0.5842 * (attenuation_db - 21) ** 0.4 + 0.07886 * (attenuation_db - 21))
    taps = window * np.sinc((np.arange(12) - 5.5) / 2)
    taps /= taps.sum()
    rows = []
    for row, a, b in zip(x, alpha, beta, strict=True):
        zeros = np.zeros(2 * (len(row) + 10))
        zeros[::2] = np.pad(row, 5, mode="edge")
        doubled = 2 * np.convolve(zeros, taps)[15:][: 2 * len(row)]
        doubled = doubled + np.sin(a * doubled) ** 2 / (b + 1e-9)
        rows.append(np.correlate(np.pad(doubled, (5, 6), mode="edge"), taps, "valid")[::2])
    return np.stack(rows)


def convolved(x: Floats, weight: Floats, bias: Floats | None, dilation: int = 1) -> Floats:
    edge = dilation * (weight.shape[2] // 2)
    wide = np.pad(x, ((0, 0), (edge, edge)))
    made = sum(
        weight[:, :, tap] @ wide[:, tap * dilation : tap * dilation + x.shape[1]] for tap in range(weight.shape[2])
    )
    return made if bias is None else made + bias[:, None]


def stretched(x: Floats, weight: Floats, bias: Floats, rate: int) -> Floats:
    """A transposed convolution: each sample adds its kernel to the output."""
    kernel, cut = weight.shape[2], (weight.shape[2] - rate) // 2
    out = np.zeros((weight.shape[1], (x.shape[1] - 1) * rate + kernel))
    for at in range(x.shape[1]):
        out[:, at * rate : at * rate + kernel] += np.einsum("i,iok->ok", x[:, at], weight)
    return out[:, cut : out.shape[1] - cut] + bias[:, None]


def by_hand(config: dict[str, Any], x: Floats) -> Floats:
    raw = {name: value.double().numpy() for name, value in tiny_bigvgan.state(config).items()}

    def weight(layer: str) -> Floats:
        v, g = raw[f"{layer}.weight_v"], raw[f"{layer}.weight_g"]
        return v / np.sqrt((v**2).sum((1, 2), keepdims=True)) * g

    def snake(x: Floats, layer: str) -> Floats:
        alpha = raw[f"{layer}.act.alpha"]
        beta = raw.get(f"{layer}.act.beta", alpha)
        if config["snake_logscale"]:
            alpha, beta = np.exp(alpha), np.exp(beta)
        return snake_by_hand(x, alpha, beta)

    x = convolved(x, weight("conv_pre"), raw["conv_pre.bias"])
    blocks = len(config["resblock_kernel_sizes"])
    for number, rate in enumerate(config["upsample_rates"]):
        x = stretched(x, weight(f"ups.{number}.0"), raw[f"ups.{number}.0.bias"], rate)
        results = []
        for block in range(blocks):
            name, y = f"resblocks.{number * blocks + block}", x
            for at, dilation in enumerate(config["resblock_dilation_sizes"][block]):
                if config["resblock"] == "2":
                    layer = f"{name}.convs.{at}"
                    y = y + convolved(
                        snake(y, f"{name}.activations.{at}"), weight(layer), raw[f"{layer}.bias"], dilation
                    )
                    continue
                first, second = f"{name}.convs1.{at}", f"{name}.convs2.{at}"
                z = convolved(snake(y, f"{name}.activations.{2 * at}"), weight(first), raw[f"{first}.bias"], dilation)
                y = y + convolved(snake(z, f"{name}.activations.{2 * at + 1}"), weight(second), raw[f"{second}.bias"])
            results.append(y)
        x = sum(results) / blocks
    x = convolved(snake(x, "activation_post"), weight("conv_post"), raw.get("conv_post.bias"))[0]
    return np.tanh(x) if config["use_tanh_at_final"] else np.clip(x, -1, 1)


def test_it_computes_the_published_formulas(tmp_path: Path) -> None:
    """In float64 by hand, in float32 here: equal to 2e-5 of full scale, for all kinds of blocks and activations."""
    for number, changed in enumerate(KINDS):
        folder = tiny_bigvgan.write(tmp_path / str(number), **changed)
        ours = VocoderFolder.at(folder).load()(mel(9))[0].numpy()
        want = by_hand(tiny_bigvgan.SIZES | changed, mel(9)[0].double().numpy())
        assert ours.shape == want.shape == (9 * 256,)
        assert np.abs(ours - want).max() < 2e-5, changed
        assert np.abs(ours).max() > 0.02, changed
        assert np.abs(np.diff(ours)).max() > 1e-3, changed


def test_it_sounds_as_the_reference_package(tmp_path: Path) -> None:
    """`pip install --no-deps bigvgan==2.4.1`, the same checkpoint: equal to 2e-5 of full scale."""
    package = pytest.importorskip("bigvgan")
    from bigvgan.env import AttrDict

    for number, changed in enumerate(KINDS):
        folder = tiny_bigvgan.write(tmp_path / str(number), **changed)
        theirs = package.BigVGAN(AttrDict(json.loads((folder / "config.json").read_text())))
        missing, unexpected = theirs.load_state_dict(torch.load(folder / "bigvgan_generator.pt")["generator"], False)
        assert not unexpected
        assert all(name.endswith("filter") for name in missing)
        theirs.remove_weight_norm()
        # Their whole state, filters included, loads here as well.
        other = tmp_path / f"plain {number}"
        other.mkdir()
        (other / "config.json").write_bytes((folder / "config.json").read_bytes())
        torch.save({"generator": theirs.state_dict()}, other / "bigvgan_generator.pt")
        with torch.inference_mode():
            want = theirs.eval()(mel(40))[0, 0].numpy()
            for each in folder, other:
                ours = VocoderFolder.at(each).load()(mel(40))[0].numpy()
                assert np.abs(ours - want).max() < 2e-5, changed


def test_mel_spectra_are_those_of_the_reference_package() -> None:
    pytest.importorskip("bigvgan")
    from bigvgan.meldataset import mel_spectrogram

    for high_hz in (None, 8_000.0):
        form = MelForm(high_hz=high_hz)
        want = mel_spectrogram(sound(22_050), form.fft, form.bands, form.rate_hz, form.hop, form.window, 0, high_hz)
        assert torch.allclose(vocoder_mel(sound(22_050), form), want, atol=2e-4)


def test_mel_filters_have_slaneys_shape() -> None:
    """Peaks at the scale's own places, and areas of one band of hertz each."""
    form = MelForm()
    filters = mel_filters(form).numpy()
    assert filters.shape == (80, 513)
    peaks_hz = filters.argmax(1) * form.rate_hz / form.fft
    assert np.diff(peaks_hz[:20]).mean() == pytest.approx(37.2, abs=1.5)  # linear below 1 kHz
    assert peaks_hz[-1] / peaks_hz[-2] == pytest.approx(peaks_hz[-2] / peaks_hz[-3], rel=0.02)
    assert (filters[40:].sum(1) * form.rate_hz / form.fft) == pytest.approx(np.ones(40), rel=0.05)
    silence, tone = torch.zeros(1, 8_192), 0.5 * torch.sin(torch.arange(8_192) * 2 * np.pi * 440 / 22_050)[None]
    for spectra in vocoder_mel, model_mel:
        assert spectra(silence, form).max() < -9
        assert int(spectra(tone, form)[0, :, 10].argmax()) == int(np.abs(peaks_hz - 440).argmin())
    assert vocoder_mel(silence, form).shape == (1, 80, 32)
    assert model_mel(silence, form).shape == (1, 80, 33)


# ---- its own promises -----------------------------------------------------------------------------


def test_windows_give_exactly_the_whole_sound(tmp_path: Path) -> None:
    """Computed piece by piece with its context: equal to 1e-6. With less context it is not."""
    net = VocoderFolder.at(tiny_bigvgan.write(tmp_path)).load()
    whole = net(mel(120))[0].numpy()

    def in_windows(context: int) -> Floats:
        plan, done, number, pieces = Plan(context, steady_chunks(10, 1.5, 30)), 0, 0, []
        while (window := plan.next(number, done, 120, 120)) is not None:
            made = net(mel(120)[:, :, window.start : window.stop])[0].numpy()
            pieces.append(made[(window.keep - window.start) * 256 : (window.keep_stop - window.start) * 256])
            done, number = window.keep_stop, number + 1
        return np.concatenate(pieces)

    assert net.sizes.context_frames == 10
    assert np.abs(in_windows(net.sizes.context_frames) - whole).max() < 1e-6
    assert np.abs(in_windows(3) - whole).max() > 1e-5


def test_the_low_pass_keeps_a_constant_and_the_activation_its_length() -> None:
    assert float(low_pass().sum()) == pytest.approx(1)
    snake = Snake(2, own_beta=True, log_scale=True)
    snake.requires_grad_(False)
    for samples in 1, 2, 3, 50:
        assert snake(torch.ones(1, 2, samples)).shape == (1, 2, samples)
    # A constant: x + sin²(x), as both weights are exp(0).
    assert snake(torch.ones(1, 2, 9))[0, 0].numpy() == pytest.approx(1 + np.sin(1) ** 2, abs=1e-5)


def test_folders_that_are_wrong(tmp_path: Path) -> None:
    folder = tiny_bigvgan.write(tmp_path / "b")
    for changed, why in (
        ({"hop_size": 512}, "the product of upsample_rates is 256, and hop_size is 512"),
        ({"upsample_initial_channel": 100_000}, "at most 4096"),
        ({"activation": "relu"}, "no activation 'relu'"),
        ({"resblock": "3"}, "no resblock '3'"),
        ({"resblock_kernel_sizes": [4, 5]}, "must be odd"),
        ({"resblock_kernel_sizes": [3, 3, 3]}, "the same length"),
        ({"upsample_kernel_sizes": [15, 16, 4, 4]}, "longer by an even number"),
        ({"num_mels": 0}, "num_mels"),
        ({"fmax": 20_000}, "do not fit"),
        ({"n_fft": 1_000_000}, "FFT must grow"),
        ({"upsample_rates": "none"}, "does not describe a BigVGAN"),
    ):
        (folder / "config.json").write_text(json.dumps(tiny_bigvgan.SIZES | changed))
        with pytest.raises(ConfigError, match=why):
            VocoderFolder.at(folder)
    (folder / "config.json").write_text(json.dumps(tiny_bigvgan.SIZES | {"upsample_initial_channel": 32}))
    with pytest.raises(ConfigError, match=r"does not fit the config\.json"):
        VocoderFolder.at(folder).load()
    (folder / "config.json").write_text("[]")
    with pytest.raises(ConfigError, match="does not describe"):
        VocoderFolder.at(folder)
    with pytest.raises(ConfigError, match="cannot be read"):
        VocoderFolder.at(tmp_path / "nowhere")
    (folder / "config.json").write_text(" " * 2**21)
    with pytest.raises(ConfigError, match="too large"):
        VocoderFolder.at(folder)


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch harmed",)


def test_weights_that_are_none_and_code_that_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tiny_bigvgan.write(tmp_path / "b")
    weights = folder / "bigvgan_generator.pt"
    torch.save({"generator": Harmful()}, weights)
    for content in (None, b"no weights"):
        if content is not None:
            weights.write_bytes(content)
        with pytest.raises(ConfigError, match="cannot be loaded as a BigVGAN"):
            VocoderFolder.at(folder).load()
    assert not (tmp_path / "harmed").exists()
    state = tiny_bigvgan.state(tiny_bigvgan.SIZES)
    state["conv_pre.bias"][0] = float("nan")
    torch.save({"generator": state}, weights)
    with pytest.raises(ConfigError, match="no numbers"):
        VocoderFolder.at(folder).load()
    weights.unlink()
    with pytest.raises(ConfigError, match=r"holds no bigvgan_generator\.pt"):
        VocoderFolder.at(folder).load()
    torch.save({"generator": tiny_bigvgan.state(tiny_bigvgan.SIZES)}, folder / "g_00050000")
    assert isinstance(VocoderFolder.at(folder).load(), BigVgan)
