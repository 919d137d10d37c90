"""URLs, e-mail addresses and names of sites and files, as one says them: "example dot com"."""

import re

from voi.text.english_tables import words as _set
from voi.text.other_tables import Words

_URL = re.compile(
    r"(?<![\w@])(?:(?:https?|ftp|wss?)://(?:[^\s/@<>\"]{1,100}@)?|www\.(?=\w))(?:www\.)?"
    r"(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){0,8})(?::\d{1,5})?(?P<path>/[^\s<>\"'()\[\]{}?#]{0,2000})?(?:[?#][^\s<>\"'()\[\]]{0,2000})?",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    r"(?<![\w.+%-])(?:mailto:)?(?P<name>[\w.+%-]{1,64})@(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})", re.IGNORECASE
)
_DOTTED = re.compile(
    r"(?<![\w.@-])(?P<host>[^\W\d_][\w-]{0,62}(?:\.[\w-]{1,63}){0,5}\.(?P<last>[A-Za-z]{2,10}|mp[34]))(?![\w@])"
    r"(?P<path>/[\w./-]{0,200})?"
)
_ENDINGS = _set(
    "com org net edu gov mil int info biz io ai dev app co uk de fr es it nl pl ru ch at eu us ca au in jp cn br "
    "me tv xyz site online shop store tech cloud blog html htm css js ts json xml yaml yml toml csv txt pdf doc "
    "docx xls xlsx ppt pptx png jpg jpeg gif svg mp3 mp4 wav zip gz tar exe py ipynb java rs go rb php cpp sh md "
    "sql log cfg ini env"
)
_SPELT_ENDINGS = _set(
    "uk de fr es nl pl ru ch eu us ca au jp cn br tv io ai js ts md py rb rs css html php sql pdf csv xml gz mp"
)
_PATH_PARTS_MAX = 2
_PATH_PART_CHARACTERS_MAX = 24
_TRAILING = ".,;:!?…。"


def spoken_addresses(text: str, words: Words) -> str:
    """Addresses of the web in words. Query strings and long paths are dropped: nobody can follow them by ear."""
    if "." not in text and "://" not in text:
        return text
    if "://" in text or "www." in text.lower():
        text = _URL.sub(lambda url: _url(url, words), text)
    if "@" in text:
        at = f" {words.at} " if words.at else "@"
        text = _EMAIL.sub(lambda mail: _name(mail["name"], words) + at + _host(mail["host"], words), text)
    return _DOTTED.sub(lambda name: _dotted(name, words), text)


def _url(url: re.Match[str], words: Words) -> str:
    whole = url[0]
    trailing = whole[len(whole.rstrip(_TRAILING)) :]
    path = (url["path"] or "").rstrip(_TRAILING)
    return _host(url["host"], words) + _path(path, words) + trailing


def _dotted(name: re.Match[str], words: Words) -> str:
    ending = name["last"]
    if ending not in _ENDINGS and ending.lower() not in ("net", "js"):
        return name[0]
    path = name["path"] or ""
    trailing = path[len(path.rstrip(_TRAILING)) :]
    return _host(name["host"], words) + _path(path.rstrip(_TRAILING), words) + trailing


def _host(host: str, words: Words) -> str:
    if not words.dot:
        return host
    parts = [part for part in host.split(".") if part]
    parts[1:] = [" ".join(part.upper()) if part.lower() in _SPELT_ENDINGS else part for part in parts[1:]]
    return f" {words.dot} ".join(part.replace("_", " ") for part in parts)


def _name(name: str, words: Words) -> str:
    if not words.dot:
        return name
    return f" {words.dot} ".join(part for part in name.strip(".").split(".") if part)


def _path(path: str, words: Words) -> str:
    """` slash docs slash start`, as far as it can be remembered."""
    parts = [part for part in path.split("/") if part]
    if not words.slash or len(parts) > _PATH_PARTS_MAX or any(len(part) > _PATH_PART_CHARACTERS_MAX for part in parts):
        return ""
    return "".join(f" {words.slash} {_name(part, words)}" for part in parts)
