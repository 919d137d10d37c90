"""What is imported is declared, what is declared is locked, and install.sh knows the same extras as pyproject.toml."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[Requirement]] = {
    extra: [Requirement(line) for line in lines] for extra, lines in PROJECT["optional-dependencies"].items()
}
BASE = [Requirement(line) for line in PROJECT["dependencies"]]
LOCKS = sorted((ROOT / "locks").glob("*.lock"))
ALWAYS = {"media", "turn", "voice"}  # install.sh brings them with the server
IMPORTED_AS = {
    "TTS": "coqui-tts",
    "dns": "dnspython",
    "dotenv": "python-dotenv",
    "google": "google-cloud-speech",
    "grpc": "grpcio",
    "hibari": "hibari-tts",
    "jwt": "pyjwt",
    "opentelemetry": "opentelemetry-api",
    "trainer": "coqui-tts-trainer",
    "phonenumbers": "phonenumberslite",
    "whisper": "openai-whisper",
    "yaml": "pyyaml",
}
BY_HAND = {"atheris", "bigvgan"}
"""`tools/fuzz.py` and `test_bigvgan.py` say how to install them; the tests of CI do without."""
OURS = {"voi", "tests", "bench", *(path.stem for path in (ROOT / "bench").iterdir())}


def tops(source: str) -> set[str]:
    """The first part of the name of each module that this code imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_all_ways_to_import_are_seen() -> None:
    source = "import a.x, b as c\nfrom d.y import e\nfrom . import f\ndef g():\n    import h\n" + '"""\nimport i\n"""'
    assert tops(source) == {"a", "b", "d", "h"}


def imported(folder: str) -> dict[str, str]:
    """Each package of others that the files import, by its name in an index, and one file that does."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        if path.match("tests/peers/*/clients/*"):
            continue  # each runs with the packages of a list beside it
        for top in tops(path.read_text()) - sys.stdlib_module_names - OURS:
            found.setdefault(canonicalize_name(IMPORTED_AS.get(top, top)), str(path.relative_to(ROOT)))
    return found


def names(requirements: list[Requirement]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in requirements}


@pytest.mark.parametrize("folder", ["voi", "tests", "tools"])
def test_every_imported_package_is_declared(folder: str) -> None:
    chosen = [lines for extra, lines in EXTRAS.items() if folder != "voi" or extra != "dev"]
    declared = names(BASE).union(*map(names, chosen))
    found = imported(folder)
    assert "numpy" in found
    assert {name: path for name, path in found.items() if name not in declared | BY_HAND} == {}


def locked(path: Path) -> Iterator[Requirement]:
    """What the lock file pins for this Python."""
    for block in re.findall(r"^[a-z0-9].*(?:\n .*)*", path.read_text(), re.MULTILINE):
        requirement = Requirement(re.split(r"\\?\n", block)[0])
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement


@pytest.mark.parametrize("extra", sorted({"server", *EXTRAS} - ALWAYS))
def test_the_locks_fit_the_ranges(extra: str) -> None:
    """The lock of every extra exists, and with the server's has a version in each declared range."""
    declared = [*BASE, *(line for one in ALWAYS for line in EXTRAS[one])] if extra == "server" else EXTRAS[extra]
    pins = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for lock in ("server", extra, "torch")
        for pin in locked(ROOT / "locks" / f"{lock}.lock")
    }
    declared = [line for line in declared if line.marker is None or line.marker.evaluate()]
    stale = {str(line) for line in declared if not line.specifier.contains(pins.get(canonicalize_name(line.name), "0"))}
    assert stale == set(), "run `make lock`"


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_locks_have_hashes_and_no_addresses(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert "--index" not in text
    blocks = re.findall(r"^[a-z0-9].*(?:\n .*)*", text, re.MULTILINE)
    without = [block for block in blocks if "--hash=sha256:" not in block]
    assert without == (["torch==" + block.partition("==")[2] for block in blocks] if path.stem == "torch" else [])


@pytest.mark.parametrize("version", ["1.82.7", "1.82.8"])
def test_the_releases_that_stole_credentials_are_excluded(version: str) -> None:
    (litellm,) = [one for one in EXTRAS["litellm"] if one.name == "litellm"]
    assert litellm.specifier.contains("1.106.2")
    assert f"!={version}" in str(litellm.specifier)


def test_install_sh_knows_the_extras() -> None:
    script = (ROOT / "install.sh").read_text()
    known = re.search(r"^EXTRAS=\((.*)\)$", script, re.MULTILINE)
    assert known is not None
    assert set(known[1].split()) == set(EXTRAS) - ALWAYS
    for extra in EXTRAS.keys() - ALWAYS:
        needs_torch = "torch" in names(EXTRAS[extra])
        assert needs_torch == bool(re.search(rf"\b{extra}\b[^)]*\) torch=1", script)), extra


def test_ci_tests_every_python_that_is_declared() -> None:
    declared = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert workflow["jobs"]["python"]["strategy"]["matrix"]["python"] == declared
    assert PROJECT["requires-python"] == f">={declared[0]}"
