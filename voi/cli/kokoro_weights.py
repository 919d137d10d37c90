"""Which files of the hub are Kokoro, for `voi models`: the network in one of two precisions, and all of its voices."""

from typing import Final

REPOSITORY: Final = "onnx-community/Kokoro-82M-v1.0-ONNX"
COMMIT: Final = "1939ad2a8e416c0acfeecc08a694d14ef25f2231"  # pragma: allowlist secret
VOICES: Final = (
    "af_alloy", "af_aoede", "af_bella", "af_heart", "af_jessica", "af_kore", "af_nicole", "af_nova", "af_river",
    "af_sarah", "af_sky", "am_adam", "am_echo", "am_eric", "am_fenrir", "am_liam", "am_michael", "am_onyx", "am_puck",
    "am_santa", "bf_alice", "bf_emma", "bf_isabella", "bf_lily", "bm_daniel", "bm_fable", "bm_george", "bm_lewis",
    "ef_dora", "em_alex", "em_santa", "ff_siwis", "hf_alpha", "hf_beta", "hm_omega", "hm_psi", "if_sara", "im_nicola",
    "jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo", "pf_dora", "pm_alex", "pm_santa",
    "zf_xiaobei", "zf_xiaoni", "zf_xiaoxiao", "zf_xiaoyi", "zm_yunjian", "zm_yunxi", "zm_yunxia", "zm_yunyang",
)  # fmt: skip


def files(network: str) -> dict[str, str]:
    """File in the models folder -> path in the repository. `network`: model_quantized or model."""
    named = {f"kokoro/voices/{voice}.bin": f"voices/{voice}.bin" for voice in VOICES}
    return {f"kokoro/{network}.onnx": f"onnx/{network}.onnx"} | named
