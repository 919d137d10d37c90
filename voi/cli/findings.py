"""What `voi doctor` finds out about the machine, the configuration, and the system's resources for the server."""

import json
import os
import platform
import shutil
import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from voi.config.config import Config
from voi.config.settings import ENV_FILE, Settings
from voi.engines.device import OLDER_TORCH, Capability
from voi.engines.gpus import NO_CUDA, ask_driver, driver_wanted, order_is_doubtful, too_old_for_torch, torch_has_cuda
from voi.errors import ConfigError

CERTIFICATE_WARNING_DAYS = 14
HEALTH_TIMEOUT_S = 3.0
HEALTH_LIMIT_BYTES = 100_000


class Grade(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    MISSING = "missing"
    """Missing, but optional."""
    WRONG = "wrong"
    """`voi serve` will not work, or not safely."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. `cure`: what to do about it; empty if nothing."""

    group: str
    what: str
    state: Grade
    detail: str
    cure: str = ""


# ---- machine ------------------------------------------------------------------------------------


def machine() -> list[Finding]:
    """Python, processor, memory, GPU, and packages that are not needed by every server."""
    found = [_python(), Finding("machine", "CPU", Grade.OK, _cpu())]
    if memory_mb := _memory_mb():
        enough = memory_mb >= 1_000
        found.append(
            Finding(
                "machine", "memory", Grade.OK if enough else Grade.MISSING, f"{memory_mb:,} MB",
                "" if enough else "The embedded engines take about 300 MB; XTTS and Whisper need several GB.",
            )
        )  # fmt: skip
    return [*found, _gpu(), _package("av", "media", "webm, mp4 and ogg from clients, Opus blobs to them"), _sound()]


def _python() -> Finding:
    new_enough = sys.version_info >= (3, 11)
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding(
        "machine",
        "Python",
        Grade.OK if new_enough else Grade.WRONG,
        detail,
        "" if new_enough else "Install Python 3.11.",
    )


def _cpu() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        name = platform.processor()
    return f"{cores} cores{f', {name}' if name else ''}"


def _memory_mb() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (ValueError, OSError, AttributeError):
        return 0


def _gpu() -> Finding:
    torch, driver = _version("torch"), ask_driver()
    if driver.fault:
        return Finding("machine", "GPU", Grade.MISSING, driver.fault, driver.cure)
    if not driver.gpus:
        return Finding("machine", "GPU", Grade.MISSING, f"none{f'; torch {torch}' if torch else ''}; not needed")
    names = "; ".join(gpu.device for gpu in driver.gpus)
    if not torch:
        return Finding(
            "machine", "GPU", Grade.OK, f"{names}; torch is not installed, and not needed by embedded engines"
        )
    cure = "" if torch_has_cuda() else f"{NO_CUDA}."
    if oldest := driver_wanted(driver):
        cure = f"Its CUDA wants a driver from {oldest} on, and this is {driver.version}: update the driver."
    elif not cure and (old := too_old_for_torch(driver)):
        which = ", ".join(
            f"cuda:{number} (compute capability {_dotted(driver.capabilities[number])})" for number in old
        )
        cure = f"This torch has no kernels for {which}: {OLDER_TORCH}."
    elif not cure and order_is_doubtful(driver):
        cure = (
            "CUDA may number them otherwise, the fastest first: set CUDA_DEVICE_ORDER=PCI_BUS_ID in the environment of "
            "voi serve, and cuda:0 is the first one here."
        )
    return Finding("machine", "GPU", Grade.MISSING if cure else Grade.OK, f"{names}; torch {torch}", cure)


def _dotted(capability: Capability | None) -> str:
    return "{}.{}".format(*capability) if capability else "?"


def _sound() -> Finding:
    found = _package("sounddevice", "sound", "the microphone and speaker of this machine, for voi talk")
    if found.state is Grade.OK:
        try:
            import_module("sounddevice")
        except OSError:
            return Finding(
                "machine", found.what, Grade.MISSING, "no PortAudio", "apt install libportaudio2, or the like."
            )
    return found


def _package(name: str, extra: str, purpose: str, distribution: str = "") -> Finding:
    has = _version(name, distribution)
    if has:
        return Finding("machine", distribution or name, Grade.OK, f"{has}: {purpose}")
    return Finding("machine", distribution or name, Grade.MISSING, f"not installed: {purpose}", f"./install.sh {extra}")


def _version(name: str, distribution: str = "") -> str:
    try:
        return version(distribution or name) if find_spec(name) else ""
    except PackageNotFoundError:
        return "?"


# ---- configuration ------------------------------------------------------------------------------


def configuration(settings: Settings) -> tuple[list[Finding], Config | None]:
    """Files and secrets. Never a secret's value."""
    from voi.config.load import read_config
    from voi.config.problems import Problems
    from voi.config.settings import unknown_variables
    from voi.engines.registry import tts_info

    found = []
    there = ENV_FILE.is_file()
    if there:
        found.append(Finding("configuration", ".env", Grade.OK, "found"))
    else:
        detail = f"{Path.cwd()} has none: only the environment counts"
        cure = "Run voi in the folder where Voi was installed, or make one there with ./install.sh."
        found.append(Finding("configuration", ".env", Grade.MISSING, detail, cure))
    found += [Finding("configuration", "environment", Grade.MISSING, text) for text in unknown_variables()]
    for name, require in (("TOKEN_SECRET_KEY", settings.require_token_secret), ("API_KEY", settings.require_api_key)):
        try:
            require()
            found.append(Finding("configuration", name, Grade.OK, "set, strong"))
        except ConfigError as error:
            wrong, _, cure = str(error).partition(". ")
            found.append(Finding("configuration", name, Grade.WRONG, wrong.removeprefix(f"{name} "), cure))
    if settings.litellm_api_key and settings.litellm_api_key.get_secret_value():
        found.append(Finding("configuration", "LITELLM_API_KEY", Grade.OK, "set"))
    else:
        detail = "not set: only servers of LLMs that ask for no key will answer"
        found.append(Finding("configuration", "LITELLM_API_KEY", Grade.MISSING, detail))

    problems = Problems()
    config = read_config(settings, tts_info, problems)
    found += [Finding("configuration", "mistake", Grade.WRONG, text) for text in problems.errors]
    found += [Finding("configuration", "oddity", Grade.MISSING, text) for text in problems.warnings]
    if problems.errors:
        return found, None
    agents = f"{settings.agents_file}: {', '.join(config.agents)}"
    models = f"{settings.tts_models_file}: {', '.join(config.tts_models) or 'none'}"
    return [
        *found,
        Finding("configuration", "agents", Grade.OK, agents),
        Finding("configuration", "TTS models", Grade.OK, models),
        *_telephone(config, settings),
    ], config


def _telephone(config: Config, settings: Settings) -> list[Finding]:
    """Accounts of phones.json, and the packages that SIP can use."""
    if config.phones is None or not config.phones.accounts or not settings.sip:
        return []
    from voi.transports.sip.account import lacking

    accounts = config.phones.accounts
    wrong = [mistake for name, account in accounts.items() if (mistake := lacking(name, account))]
    found = [Finding("configuration", "SIP accounts", Grade.OK, f"{settings.phones_file}: {', '.join(accounts)}")]
    found += [Finding("configuration", "SIP accounts", Grade.WRONG, *mistake.split(". ", 1)) for mistake in wrong]
    return [
        *found,
        _package("pylibsrtp", "telephone", "encrypted sound of SIP calls"),
        _package("dns", "telephone", "SIP servers that are found by SRV records", "dnspython"),
    ]


# ---- system -------------------------------------------------------------------------------------


def system(settings: Settings) -> list[Finding]:
    """Port, certificate, open files, disk."""
    return [port(settings), *_certificate(settings), *_open_files(settings), _disk(settings)]


def port(settings: Settings) -> Finding:
    """Whether the server could listen at its port, or does so already."""
    where = f"{settings.host}:{settings.port}"
    try:
        family, kind, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if answer := _voi_at(settings):
            return Finding("system", "port", Grade.OK, f"{where}: {answer}")
        cure = "Stop what listens there, or set VOI_PORT and VOI_HOST."
        return Finding("system", "port", Grade.WRONG, f"{where}: {error.strerror or error}", cure)
    return Finding("system", "port", Grade.OK, f"{where} is free")


def _voi_at(settings: Settings) -> str:
    """The status of a Voi server that listens there; "" when there is none."""
    import ssl
    import urllib.error
    import urllib.request

    host = settings.host if settings.host not in ("0.0.0.0", "::", "") else "127.0.0.1"
    scheme = "https" if settings.tls_cert_file else "http"
    url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}/health"
    context = ssl._create_unverified_context() if settings.tls_cert_file else None  # it only asks what listens there
    try:
        with urllib.request.urlopen(url, timeout=HEALTH_TIMEOUT_S, context=context) as answer:
            told = json.loads(answer.read(HEALTH_LIMIT_BYTES))
    except urllib.error.HTTPError as error:  # 503: it starts or stops
        try:
            told = json.loads(error.read(HEALTH_LIMIT_BYTES))
        except ValueError:
            return ""
    except (OSError, ValueError):
        return ""
    if not isinstance(told, dict) or not {"status", "engines", "version"} <= told.keys():
        return ""
    return f"Voi {told['version']} listens there, {told['status']}"


def _certificate(settings: Settings) -> list[Finding]:
    import ssl

    from cryptography import x509

    cert, key = settings.tls_cert_file, settings.tls_key_file
    if cert is None or key is None:
        cure = "Browsers give no microphone to such a page from another machine: voi cert, or a TLS proxy in front."
        return [Finding("system", "TLS", Grade.MISSING, "no certificate: ws and http only", cure)]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        expires = x509.load_pem_x509_certificate(cert.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        detail = f"{cert} and {key}: {getattr(error, 'strerror', None) or type(error).__name__}"
        return [Finding("system", "TLS", Grade.WRONG, detail, "Make a pair with voi cert, or correct VOI_TLS_….")]
    days = (expires - datetime.now(UTC)).days
    state = Grade.WRONG if days < 0 else Grade.MISSING if days < CERTIFICATE_WARNING_DAYS else Grade.OK
    return [Finding("system", "TLS", state, f"{cert}: {days} days left", "" if state is Grade.OK else "Renew it.")]


def _open_files(settings: Settings) -> list[Finding]:
    try:
        import resource
    except ImportError:  # not on Windows
        return []
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A socket to the client and one to the LLM, four files of a recording; and the server's own.
    needed = settings.max_conversations * (6 if settings.record else 2) + 100
    enough = limit == resource.RLIM_INFINITY or limit >= needed
    detail = f"{limit} may be open, {needed} for {settings.max_conversations} conversations"
    cure = "" if enough else f"ulimit -n {needed}, or lower VOI_MAX_CONVERSATIONS."
    return [Finding("system", "files", Grade.OK if enough else Grade.MISSING, detail, cure)]


def _disk(settings: Settings) -> Finding:
    folder = settings.recordings_dir.absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free_mb = shutil.disk_usage(there).free // 2**20
    detail = f"{settings.recordings_dir}: {free_mb:,} MB free, recording is {'on' if settings.record else 'off'}"
    cure = ""
    if not os.access(there, os.W_OK):
        cure = f"{there} is not writable: set VOI_RECORDINGS_DIR."
    elif free_mb < settings.recording_limit_mb:
        cure = "One conversation could fill the disk: lower VOI_RECORDING_LIMIT_MB or VOI_RECORDINGS_KEEP_DAYS."
    state = Grade.OK if not cure else Grade.WRONG if settings.record else Grade.MISSING
    return Finding("system", "recordings", state, detail, cure)


def as_json(findings: list[Finding], ok: bool) -> str:
    """The findings as JSON, for programs. `ok`: whether the command found no mistake."""
    rows = [
        {"group": each.group, "what": each.what, "state": each.state, "detail": each.detail, "cure": each.cure}
        for each in findings
    ]
    return json.dumps({"ok": ok, "findings": rows}, indent=2, ensure_ascii=False)
