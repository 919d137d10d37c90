"""Which running STT engine hears, and how: an agent's with its language and words, or one by its name."""

from dataclasses import dataclass, replace

from voi.config.config import Config
from voi.engines.base import Stt, SttOptions
from voi.engines.startup import Engines
from voi.text.language import AUTO


@dataclass(frozen=True, slots=True)
class Ear:
    """A running STT engine, and how it is to hear."""

    engine: Stt
    name: str
    options: SttOptions

    def why_not(self, language: str | None) -> str:
        """Why it cannot hear that language, in words for a client; "": it can, or nobody knows."""
        known = self.engine.info.languages
        if not language or not known or language.lower().split("-")[0] in (AUTO, *known):
            return ""
        return f"{self.name} does not hear {language!r}; it hears {', '.join(known)}."

    def hearing(self, language: str | None) -> "Ear":
        """The same for speech in that language; None: in its usual one; AUTO: in any."""
        options = self.options if language is None else replace(self.options, language=language)
        return replace(self, options=replace(options, language=None) if options.language == AUTO else options)


@dataclass(frozen=True, slots=True)
class RunningEars:
    """The ears of a server."""

    config: Config
    engines: Engines

    def named(self, name: str, prompt: str = "") -> Ear | None:
        """The ear of the agent or engine of that name; None: there is none. `prompt`: in place of the agent's. Raises
        ClientError for an agent whose engine does not run."""
        if (agent := self.config.agents.get(name)) is not None:
            engine = self.engines.of(agent).stt
            known = SttOptions(agent.language, prompt or agent.stt.prompt, tuple(agent.stt.hot_words))
            return Ear(engine, agent.engines.stt or engine.info.name, known)
        if (other := self.engines.others.get(("stt", name))) is not None:
            return Ear(other, name, SttOptions(None, prompt))
        if name == (usual := self.engines.stt).info.name:
            return Ear(usual, name, SttOptions(None, prompt))
        return None

    def all(self) -> dict[str, Stt]:
        """The running engines by name, the server's own first."""
        others = {name: each for (kind, name), each in self.engines.others.items() if kind == "stt" and each}
        return {self.engines.stt.info.name: self.engines.stt} | others
