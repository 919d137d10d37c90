"""Subtitles of a transcript, as SubRip (srt) and WebVTT files."""

from collections.abc import Iterable

from voi.engines.stt.utterances import TimedUtterance


def srt(heard: Iterable[TimedUtterance]) -> str:
    """A SubRip file: numbered cues."""
    cues = (
        f"{number}\n{_time(each.start_s, ',')} --> {_time(each.end_s, ',')}\n{_line(each.text)}\n\n"
        for number, each in enumerate(heard, 1)
    )
    return "".join(cues)


def vtt(heard: Iterable[TimedUtterance]) -> str:
    """A WebVTT file (W3C, WebVTT: The Web Video Text Tracks Format)."""
    cues = (f"{_time(each.start_s, '.')} --> {_time(each.end_s, '.')}\n{_escaped(each.text)}\n\n" for each in heard)
    return "WEBVTT\n\n" + "".join(cues)


def _time(at_s: float, point: str) -> str:
    ms = round(at_s * 1_000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1_000 % 60:02}{point}{ms % 1_000:03}"


def _line(text: str) -> str:
    """The text without line breaks: an empty line would end the cue."""
    return " ".join(text.split()).replace("-->", "→")


def _escaped(text: str) -> str:
    return _line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
