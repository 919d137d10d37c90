"""An agent's second choices, which take over within a turn when the first fail."""

from typing import Self

from pydantic import Field

from voi.config.parts import FileModel, VoiceChoice


class FallbackVoices(FileModel):
    """Who speaks when the agent's own voices fail."""

    character: VoiceChoice | None = None
    """Speaks the agent's own words."""
    narrator: VoiceChoice | None = None
    """Speaks the narrator's comments, with the silence around them of the first narrator."""

    def faster(self, factor: float) -> Self:
        """The same voices, that many times as fast, within what voices can do."""
        roles = (("character", self.character), ("narrator", self.narrator))
        return self.model_copy(update={role: voice.faster(factor) for role, voice in roles if voice})


class Fallback(FileModel):
    """What takes over when a first choice fails, is over its limit, or is slow before anything was heard of it. After a
    failure the first choice rests for a while, for all agents, and is then tried again."""

    stt: str | None = Field(default=None, min_length=1)
    """Name of the speech-to-text engine that hears in the place of the agent's."""
    llm_model: str | None = Field(default=None, min_length=1)
    """The model that answers in the place of llm_model."""
    voices: FallbackVoices = FallbackVoices()
    """The voices that speak in the place of the agent's."""
    stt_after_s: float = Field(default=2.5, ge=0.1, le=30)
    """How long the first may take for the final text of an utterance, in seconds."""
    llm_after_s: float = Field(default=5.0, ge=0.1, le=30)
    """How long the first may take for the first word of an answer, or of a thought."""
    voices_after_s: float = Field(default=2.5, ge=0.1, le=30)
    """How long the first may take for the first sound of a sentence."""
