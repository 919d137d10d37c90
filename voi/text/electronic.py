"""URLs, e-mail addresses, names of sites and files, and paths, as one says them: "example dot com"."""

import ipaddress
import re

from voi.text.tables.shape import Language
from voi.text.tables.shape import words as _set

_A = "0-9A-Za-zÀ-ÖØ-öø-\u052f"
"""Letters and digits of addresses. Chinese, Japanese and Korean ones belong to the sentence around."""
_W = f"{_A}_"
_URL = (
    rf"(?<![{_W}@])(?:(?:https?|ftp|wss?)://(?:[^\s/@<>\"]{{1,100}}@)?|www\.(?=[{_W}]))(?:www\.)?"
    rf"(?P<host>[{_W}-]{{1,63}}(?:\.[{_W}-]{{1,63}}){{0,8}})(?P<port>:\d{{1,5}})?"
    r"(?P<path>/[^\s<>\"'()\[\]{}?#\u2e80-\uffef]{0,2000})?(?:[?#][^\s<>\"'()\[\]\u2e80-\uffef]{0,2000})?"
)
_EMAIL = (
    rf"(?<![{_W}.+%-])(?:mailto:)?(?P<name>[{_W}.+%-]{{1,64}})@"
    rf"(?P<mail>[{_W}-]{{1,63}}(?:\.[{_W}-]{{1,63}}){{0,7}}\.[A-Za-zÀ-ÖØ-öø-\u052f]{{2,24}})(?![{_W}])"
)
_DOTTED = (
    rf"(?<![{_W}@/\\-])(?<![{_W}]\.)(?P<dotted>(?:[{_A}][{_W}-]{{0,62}})(?:\.[{_W}-]{{1,63}}){{0,5}}"
    rf"\.(?P<last>[A-Za-z]{{2,10}}|mp[34]|7z|h5))(?![{_W}@])(?P<rest>/[{_W}./-]{{0,200}})?(?P<query>[?#](?=\w)[^\s<>\"'()\[\]]{{1,500}})?"
)
_PATH = (
    r"(?<![0-9A-Za-z_À-ÖØ-öø-\u052f/.<~])(?P<unix>(?:~|\.{1,2})?(?:/[A-Za-z_.][\w.+-]{0,62}){2,12}+/?|(?:~|\.{1,2})/[\w./+-]{1,100}|/(?:usr|etc|var|tmp|home|opt|bin|dev|api|root|mnt|proc|sys|lib|data|v\d)(?:/[\w.+-]{1,62}){0,12}+(?!\w))(?:\?[\w=&%.,+-]{1,200})?"
    r"|(?<!\w)(?P<windows>[A-Za-z]:\\[\w.\\ -]{0,100}\w)"
    r"|(?<![\w/.-])(?P<relative>[A-Za-z_][\w-]{0,62}(?:/[\w-]{1,62}){1,8}\.(?P<kind>[A-Za-z]{1,5}\d?))(?!\w)"
)
_ALL = re.compile(f"{_EMAIL}|{_URL}|{_DOTTED}|{_PATH}", re.IGNORECASE)
_HINT = re.compile(r"\w[.@]\w|/\w|:\\")
_ENDINGS = _set(
    "com org net edu gov mil int info biz io ai dev app co uk de fr es it nl pl ru ch at eu us ca au in jp cn br "
    "ly gg gl fm cc ws me tv xyz site online shop store tech cloud blog "
    "html htm css js ts json xml yaml yml toml csv txt pdf doc "
    "docx xls xlsx ppt pptx png jpg jpeg gif svg mp3 mp4 wav zip gz tar exe py ipynb java rs go rb php cpp sh md "
    "sql log cfg ini env pt cz hu tr kr tw hk be se no dk fi ie nz za mx ar museum travel jobs coop "
    "pro name tsx jsx vue h5 "
    "bak bat dll iso dmg apk deb rpm webp heic mov avi mkv flac ogg psd odt rtf epub conf lock 7z"
)
_SPELT_ENDINGS = _set(
    "uk de fr es nl pl ru ch eu us ca au jp cn br tv io ai js ts md py rb rs css html php sql pdf csv xml gz mp "
    "png jpg gif svg txt mp3 mp4 wav pt cz hu tr kr tw hk se dk nz za mx tsx jsx apk dmg iso dll htm "
    "sh ly gg gl fm cc ws yml doc xls ppt avi mkv mov psd odt rtf"
)
_ENDINGS_THAT_ARE_WORDS = _set("in it at me us no be co so de es go pro name ca int pt se ar is")
_SITES = _set("com org net edu gov info biz io ai co uk de fr es it nl pl ru ch at eu ca au jp cn br pt cz hu tr kr be")
"""Endings of site names. Hyphens in these are read; in names of files they are not."""
_UNDERLINES = {"dash": "underscore", "Bindestrich": "Unterstrich", "tiret": "tiret bas", "guion": "guion bajo",
               "trattino": "trattino basso", "hífen": "sublinhado", "streepje": "liggend streepje",
               "myślnik": "podkreślnik", "дефис": "нижнее подчёркивание", "pomlčka": "podtržítko",
               "kötőjel": "alsó vonás", "tire": "alt tire", "短横线": "下划线", "ハイフン": "アンダースコア",
               "하이픈": "밑줄", "شرطة": "شرطة سفلية", "हाइफ़न": "अंडरस्कोर"}  # fmt: skip
_PATH_PARTS_MAX = 2
_PATH_PART_LETTERS_MAX = 24
_TRAILING = ".,;:!?…。"
_PARTS = re.compile(r"[A-Za-zÀ-ɏ]+|\d+|[^\W\d_²³¹]+")


def electronic(text: str, language: Language) -> dict[int, tuple[str, int]]:
    """By the index where each name begins: what is said for it (with digits still to be read), and where it ends."""
    found = _addresses_of_machines(text, language)
    if not _HINT.search(text):
        return found
    for match in _ALL.finditer(text):
        said, end = _read(match, language)
        if said:
            found[match.start()] = said, end
    return found


_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}+(?![\w:.]\w|\w)")


def _addresses_of_machines(text: str, language: Language) -> dict[int, tuple[str, int]]:
    """2001:db8::1, sign by sign."""
    found: dict[int, tuple[str, int]] = {}
    if text.count(":") < 2 or "colon" not in language.say:
        return found
    colon = f" {language.say['colon']} "
    for match in _IPV6.finditer(text):
        written = match[0] if match[0].endswith("::") else match[0].rstrip(":")
        try:
            ipaddress.IPv6Address(written)
        except ValueError:
            continue
        if any(map(str.isdigit, written)):
            said = colon.join(" ".join(part.upper()) for part in written.split(":"))
            found[match.start()] = " ".join(said.split()), match.start() + len(written)
    return found


def _read(match: re.Match[str], language: Language) -> tuple[str, int]:
    say = language.say
    if "dot" not in say:
        return "", match.end()
    dot, slash = say["dot"], say["slash"]
    if match["host"]:
        whole = match[0].rstrip(_TRAILING)
        path = (match["path"] or "").rstrip(_TRAILING)
        port = f" {say['colon']} {match['port'][1:]}" if match["port"] and "colon" in say else ""
        return _host(match["host"], dot, say.get("hyphen", "")) + port + _path(path, dot, slash), match.start() + len(
            whole
        )
    if match["mail"]:
        name = f" {dot} ".join(
            f" {say['plus']} ".join(_dashed(part, say.get("hyphen", "")) for part in label.split("+") if part)
            for label in match["name"].strip(".").split(".")
            if label
        )
        return f"{name} {say['at']} {_host(match['mail'], dot, say.get('hyphen', ''))}", match.end()
    if match["dotted"]:
        last, rest = match["last"], match["rest"] or ""
        if not _is_ending(match["dotted"], last):
            return "", match.end()
        bare = rest.rstrip(_TRAILING)
        query = match["query"]
        end = (
            match.end() - (len(query) - len(query.rstrip(_TRAILING)))
            if query
            else match.end() - (len(rest) - len(bare))
        )
        site = say.get("hyphen", "") if last in _SITES else ""
        return _host(match["dotted"], dot, site) + _path(bare, dot, slash), end
    whole = match[0].rstrip(_TRAILING)
    if match["windows"]:
        drive, *parts = whole.split("\\")
        return " ".join(
            [
                drive[0].upper(),
                say.get("colon", ""),
                *(f"{say.get('backslash', slash)} {_host(part, dot)}" for part in parts if part),
            ]
        ), match.start() + len(whole)
    if match["relative"] and match["kind"].lower() not in _ENDINGS:
        return "", match.end()
    head = f"{say.get('tilde', '')} " if whole.startswith("~") else f"{dot} " * (len(whole) - len(whole.lstrip(".")))
    if whole.startswith(("/", ".")) or head:
        parts = [part for part in whole.lstrip("~.").split("/") if part]
        return head + " ".join(
            f"{slash} {f'{dot} ' if part.startswith('.') else ''}{_host(part.lstrip('.'), dot)}" for part in parts
        ), match.start() + len(whole)
    return f" {slash} ".join(_host(part, dot) for part in whole.split("/")), match.start() + len(whole)


def _is_ending(name: str, last: str) -> bool:
    """True if that is the end of an address, rather than two sentences without a space between them."""
    if last.lower() not in _ENDINGS or not (
        last.islower()
        or last in ("JS", "NET", "PDF", "TXT", "CSV", "MP3", "JPG", "PNG")
        or last.lower() in ("net", "js")
    ):
        return False
    if name in ("x.ai", "t.co", "t.me", "x.com"):
        return True
    host = name[: -len(last) - 1]
    if (host.isdigit() and last in _ENDINGS_THAT_ARE_WORDS) or (last in _ENDINGS_THAT_ARE_WORDS and len(host) <= 1):
        return False
    return not (len(host) == 1 and len(last) <= 2 and host.isalpha() and name.count(".") == 1)


def _host(host: str, dot: str, dash: str = "") -> str:
    parts = [part for part in host.split(".") if part]
    parts[1:] = [
        " ".join(part.upper()) if part.lower() in _SPELT_ENDINGS else _dashed(part, dash) for part in parts[1:]
    ]
    return f" {dot} ".join([_dashed(parts[0], dash), *parts[1:]] if parts else [])


def _dashed(part: str, dash: str) -> str:
    """The words of a name that a listener may have to write down: its hyphens and underscores are read."""
    if not dash or not ("-" in part or "_" in part):
        return _words(part)
    line = _UNDERLINES.get(dash, dash)
    pieces = re.split("([-_]+)", part.strip("-_"))
    return " ".join(
        (dash if piece[0] == "-" else line) if piece[0] in "-_" else _words(piece) for piece in pieces if piece
    )


def _words(part: str) -> str:
    """report_final_v2: report final v 2; the digits are read as numbers later."""
    return " ".join(_PARTS.findall(part.replace("_", " "))) if not part.isalpha() else part


def _path(path: str, dot: str, slash: str) -> str:
    """` slash docs slash start`, cut to a length that a listener can remember."""
    parts = [part for part in path.split("/") if part]
    if not slash or len(parts) > _PATH_PARTS_MAX or any(len(part) > _PATH_PART_LETTERS_MAX for part in parts):
        return ""
    return "".join(f" {slash} {_host(part, dot)}" for part in parts)
