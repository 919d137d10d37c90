"""Makes the sound of an agent's fixed phrases in advance, one engine after the other."""

from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from voi.audio.pcm import bytes_to_ms
from voi.cli.engine_of import running
from voi.config.config import Config
from voi.config.settings import Settings
from voi.engines.base import ContextTts, SentenceTts
from voi.engines.tts.adapter import sound_of
from voi.engines.tts.rendered import FOLDER, depends_on, file_name, save
from voi.errors import ConfigError, EngineError
from voi.session.phrases import FixedPiece, fixed_pieces


async def render_agent(config: Config, settings: Settings, name: str, force: bool, say: Callable[[str], None]) -> None:
    """Render an agent's phrases. `say` gets a line for each file. Raises ConfigError, EngineError."""
    if name not in config.agents:
        raise ConfigError(f"There is no agent {name!r}; there are: {', '.join(config.agents)}.")
    agent = config.agents[name]
    folder = settings.greetings_dir / FOLDER
    wanted = sorted(dict.fromkeys(fixed_pieces(agent, config)), key=lambda piece: piece.model)
    made = 0
    for model_name, group in groupby(wanted, key=lambda piece: piece.model):
        model = config.tts_models[model_name]
        options = model.engine_options()
        depends = depends_on(model.engine, options)
        files = {piece: file_name(model_name, depends, piece.text, piece.voice) for piece in group}
        todo = {piece: file for piece, file in files.items() if force or not (folder / file).exists()}
        if not todo:
            continue
        async with running("tts", model.engine, settings, options) as engine:
            for piece, file in todo.items():
                await _render(engine, piece, folder / file, say)
                made += 1
    already = len(wanted) - made
    say(f"{folder}: {made} made{f', {already} were there' if already else ''}. The server plays them at once.")


async def _render(engine: SentenceTts | ContextTts, piece: FixedPiece, path: Path, say: Callable[[str], None]) -> None:
    pcm = b"".join([chunk async for chunk in sound_of(engine, piece.text, piece.voice)])
    if not pcm:
        raise EngineError(f"{engine.info.name} made no sound of {piece.text!r}.")
    save(path, pcm, engine.info.sample_rate_hz)
    seconds = bytes_to_ms(len(pcm), engine.info.sample_rate_hz) / 1_000
    say(f"  {seconds:5.1f} s  {piece.voice.role}, {piece.voice.tone}: {piece.text}")
