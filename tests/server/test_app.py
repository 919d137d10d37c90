from tests.fakes.engines import FakeTts
from voi.engines.supervised import SupervisedTts
from voi.server.app import Readiness


def test_health_tells_of_engines_and_nothing_else() -> None:
    readiness = Readiness()
    for said in (
        "STT moonshine: ready in 0.60 s",
        "turn detection smart-turn: left out. No weights at /srv/models",
        "LLM: LiteLLM is not installed",
        "LLM model 'secret-plan' is not in the list of the server at LITELLM_API_BASE. Agents that use it will fail.",
        "Agent spy speaks de, and STT moonshine hears only en: it can be typed to, not spoken to.",
    ):
        readiness.note(said)
    assert readiness.engines == {"STT moonshine": "ready", "turn detection smart-turn": "left out", "LLM": "limited"}


async def test_health_tells_of_engines_that_are_restarting() -> None:
    engine = SupervisedTts(FakeTts)
    await engine.warm_up()
    readiness = Readiness(supervised={"TTS voice, fake": engine})
    readiness.note("TTS voice, fake: loading")
    assert readiness.engines_now() == {"TTS voice, fake": "loading"}
    readiness.note("TTS voice, fake: ready in 0.60 s")
    engine.supervisor.ended("Its process ended.")
    assert readiness.engines_now() == {"TTS voice, fake": "restarting"}
    await engine.close()
