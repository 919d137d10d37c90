"""Settings of a server, from the environment and the file .env (the environment wins). Four names have no prefix; all
others begin with VOI_."""

import json
import os
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from voi.config.parts import LanguageCode
from voi.config.problems import did_you_mean, explain
from voi.errors import ConfigError

PREFIX = "VOI_"
ENV_FILE = Path(".env")
TALK_TOKEN = "VOI_TOKEN"
"""No setting of the server: the token that `voi talk` connects with."""
SECRET_LENGTH = 32
API_KEY_LENGTH = 16
_MAKE_ONE = 'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
_PLACEHOLDER_WORDS = ("change", "example", "placeholder", "replace", "your_", "your-", "yoursecret", "<", ">")


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Names between commas."""


def _from_json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        quotes = " (names and words stand in double quotes)" if "'" in value or '"' not in value else ""
        raise ValueError(f"is not a JSON object: {error.msg} at character {error.pos + 1}{quotes}") from None
    except (ValueError, RecursionError):
        raise ValueError("is not a JSON object") from None


JsonObject = Annotated[dict[str, Any], NoDecode, BeforeValidator(_from_json)]
"""A JSON object."""
JsonObjects = Annotated[dict[str, dict[str, Any]], NoDecode, BeforeValidator(_from_json)]
"""A JSON object of objects."""


class Settings(BaseSettings):
    """All settings. Fields may also be given by their own names, as keywords."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )
    CONTRACT_NAMES: ClassVar[Mapping[str, str]] = {
        "token_secret_key": "TOKEN_SECRET_KEY",
        "api_key": "API_KEY",
        "litellm_api_base": "LITELLM_API_BASE",
        "litellm_api_key": "LITELLM_API_KEY",
    }

    token_secret_key: SecretStr | None = Field(default=None, validation_alias="TOKEN_SECRET_KEY")
    """Signs the tokens that clients connect with; anyone who knows it can make tokens. At least 32 random
    characters."""
    old_token_secret_key: SecretStr | None = None
    """The TOKEN_SECRET_KEY of before, while it is being replaced: tokens that it signed are still accepted."""
    api_key: SecretStr | None = Field(default=None, validation_alias="API_KEY")
    """Lets your services ask for tokens (POST /integrations/APP) and read /metrics. At least 16 random characters."""

    litellm_api_base: str | None = Field(default=None, validation_alias="LITELLM_API_BASE")
    """Address of a LiteLLM proxy, or of anything that speaks the OpenAI format, such as http://localhost:4000."""
    litellm_api_key: SecretStr | None = Field(default=None, validation_alias="LITELLM_API_KEY")
    """Key for that address."""
    litellm_config_file: Path = Path("litellm_config.yaml")
    """Without an address: LLMs that LiteLLM calls from inside the server (needs the extra `litellm`)."""
    llm_first_token_timeout_s: float = Field(default=20, gt=0, le=30)
    """An LLM that has not begun its answer by then, second try included, has failed: the caller hears the apology."""
    llm_next_token_timeout_s: float = Field(default=15, gt=0, le=30)
    """The same for an LLM that stops in the middle of its answer."""
    llm_habits_file: Path = Path("data/llm_habits.json")
    """Where Voi notes which LLMs begin their replies with thoughts, so that only the first reply of an unknown one has
    to wait until it is complete."""

    agents_file: Path = Path("agents.json")
    """The agents."""
    tts_models_file: Path = Path("tts_models.json")
    """The models that agents speak with."""
    phones_file: Path = Path("phones.json")
    """The telephone numbers that agents answer (see docs/telephone.md). Without such a file there is no telephone."""
    prices_file: Path = Path("prices.json")
    """What models cost (see prices.example.json). LLMs that it does not name cost what LiteLLM's own list says, where
    that is installed."""
    greetings_dir: Path = Path("data/cached/voice")
    """Folder of pre-recorded greetings; agents can name no file outside of it."""
    knowledge_dir: Path = Path("data/knowledge")
    """Folder for the indexes of the files that agents draw on. What is in it can be made again."""
    models_dir: Path = Path("models")
    """Folder of weights that engines look into."""
    client_llm_models: Names = ()
    """LLMs, between commas, that clients may name in agents of their own, besides those of agents.json; * for any."""
    client_agent_apps: Names = ()
    """Apps, between commas, whose clients may bring agents of their own (agent_config); * for all, - for none. Empty:
    all as long as only this machine reaches the server, none with another VOI_HOST or with VOI_TRUSTED_PROXIES. Tokens
    made with `voi token --own-agents` need no setting."""
    client_agent_fields: Names = ("*",)
    """Fields, between commas, that such agents may have, such as system_prompt,voices; * for all of an agent's."""

    host: str = "127.0.0.1"
    """Address to listen at; 0.0.0.0 for the whole network (then give a certificate, or put a TLS proxy in front)."""
    port: int = Field(default=8765, ge=0, le=65_535)
    """Port to listen at; 0 for any free one."""
    tls_cert_file: Path | None = None
    """Certificate chain (PEM). With the key, the server speaks https and wss."""
    tls_key_file: Path | None = None
    """Private key of the certificate (PEM)."""
    trusted_proxies: Names = ()
    """Addresses or networks, between commas, of proxies whose X-Forwarded-For or Forwarded header says who the client
    is, such as 127.0.0.1,10.0.0.0/8; empty: no proxy is trusted."""
    cors_origins: Names = ()
    """Web origins, between commas, whose pages may call the HTTP endpoints; * for all, nothing for none."""
    metrics: bool = True
    """Serve /metrics."""

    max_conversations: int = Field(default=200, ge=1, le=100_000)
    """More conversations at once are refused."""
    max_conversations_per_app: int = Field(default=0, ge=0, le=100_000)
    """Most conversations at once of each app that tokens are made for; 0: no limit for an app."""
    admit_by_load: bool = True
    """Refuse new conversations while the server is too busy for them, so that those under way do not suffer."""
    init_timeout_s: float = Field(default=10, gt=0, le=300)
    """A client that has not sent `init` by then is disconnected."""
    asterisk: bool = True
    """Answer and make calls over the Asterisks of phones.json. Of several workers the first does."""
    sip: bool = True
    """Answer and make calls over the SIP accounts of phones.json. Of several workers the first does."""
    realtime: bool = True
    """Serve OpenAI's Realtime protocol at /v1/realtime."""
    vocal_agent: str = ""
    """Agent of clients of the Vocal node (docs/vocal-node.md) whose configuration names none of this server; empty: the
    first of agents.json."""
    vocal_open_app: str = Field(default="", max_length=100)
    """Clients of the Vocal node that bring no token belong to this app, if they are on this machine and only it can
    reach the server; empty: they need a token."""
    webrtc_ice_servers: JsonObjects = {}
    """A STUN and a TURN server for Realtime clients over WebRTC, by names of your own: {"relay": {"url":
    "turn:turn.example.org:3478", "username": "voi", "credential": "${TURN_CREDENTIAL}"}}."""
    webrtc_external_address: str = ""
    """IP address that WebRTC clients reach this server at, if a NAT is in front of it; empty: its own."""
    resume_s: float = Field(default=60, ge=0, le=3_600)
    """A client that asked for it may come back within that time after its connection was lost; 0: no client may."""
    resume_restart_s: float = Field(default=300, ge=0, le=86_400)
    """Such a client may also come back within that time after the server was stopped, to its next process; 0: none
    may. What was said is kept meanwhile, encrypted with a secret that only the client has."""
    resume_dir: Path = Path("data/resume")
    """Folder for the calls that are kept for the server's next process."""
    listeners: JsonObjects = {}
    """Transports besides the WebSocket: `wyoming` (docs/wyoming.md), or one from a package that adds it (entry points
    `voi.listeners`): name -> options, as JSON."""
    shutdown_grace_s: float = Field(default=30, ge=0, le=3_600)
    """Running conversations may last this long after the server was told to stop."""
    max_frame_bytes: int = Field(default=8 * 1024 * 1024, ge=64 * 1024, le=256 * 1024 * 1024)
    """Largest message of a client; pictures are the largest."""
    pictures_mb: int = Field(default=1_024, ge=1, le=1_000_000)
    """Memory for the pictures that all conversations hold, as clients sent them; more are refused. A conversation holds
    at most 48 MB."""
    llm_context_tokens: int = Field(default=0, ge=0, le=100_000_000)
    """Size of the context, in tokens, of language models of which neither the agent nor LiteLLM's list tells it. A
    conversation that fills it is condensed. 0: not known, so all of it is sent."""
    invoke_llm_per_minute: int = Field(default=60, ge=0, le=1_000_000)
    """How often the clients of an app may ask an LLM outside of their conversation (`invoke_llm`); 0: never."""
    invoke_llm_max_tokens: int = Field(default=4_000, ge=1, le=100_000)
    """Longest answer to such a question."""
    max_messages_per_s: int = Field(default=200, ge=10, le=100_000)
    """A client that keeps sending more is disconnected. Sound in 20 ms frames is 50 messages a second."""

    language: LanguageCode = "en"
    """ISO code of the language of agents that name none, or "auto" to detect it."""
    vad_engine: str = "silero"
    """Voice activity detection."""
    stt_engine: str = "moonshine"
    """Speech to text."""
    stt_options: JsonObject = {}
    """Options of that engine as a JSON object, such as {"model": "large-v3-turbo"} for whisper."""
    engine_options: JsonObjects = {}
    """Options of engines of any kind as a JSON object, by KIND.NAME, such as {"stt.whisper": {"model": "small"}}; with
    "engine" a name of your own: {"stt.big": {"engine": "whisper", "model": "large-v3"}}."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    """Where models for a GPU compute: auto (a GPU where there is one), cpu, cuda, cuda:1. A model of tts_models.json
    may name another in its options."""
    engine_processes: bool = True
    """Models for a GPU run in worker processes, which are restarted when the GPU hangs; each takes some 400 MB more."""
    engines_socket: Path | None = None
    """Models for a GPU are those that `voi engines` serves at this Unix socket, to all servers of this machine; empty:
    the server has its own."""
    workers: int = Field(default=1, ge=1, le=64)
    """Run so many servers, each in a process of its own and at a port of its own, from VOI_PORT on. They share models
    for a GPU. A proxy goes in front of them."""
    renew_pause_s: float = Field(default=5, ge=0, le=600)
    """Wait so long after one server was renewed before the next one is: a proxy has to see that the first is back,
    or it has nowhere to send the calls of the second. Longer than its health_interval and fail_duration together."""
    worker_name: str = Field(default="", max_length=40)
    """Name of this server among others, for its log lines."""
    turn_engine: str = "smart-turn"
    """Semantic turn detection: smart-turn or turn-1-mini, used when its weights are in the models folder; none: silence
    and words alone decide."""
    turn_weights: Path | None = None
    """File of `voi train turns`, with weights of the end of a turn that were fitted to your own calls; empty: those
    that Voi ships."""
    voice_engine: str = "voice-judge"
    """Tells speech from coughs, keys and noise, and a listening "yeah" from an interruption; none: whatever sounds like
    a voice for long enough interrupts the agent."""

    echo_canceller: Literal["none", "webrtc"] = "none"
    """Takes the agent's own voice out of what callers send: for clients that play it on a loudspeaker and do not cancel
    the echo themselves, as browsers do. webrtc needs the extra `echo`, and 1.5 % of a core a caller."""
    echo_guard: bool = True
    """On telephone calls, the agent's voice that comes back over the line does not interrupt the agent. Not needed with
    VOI_ECHO_CANCELLER=webrtc, which is then used for all callers."""

    disclose: Names = ("telephone",)
    """Kinds of doors, between commas, where agents say at their first words that they are an AI and, where it is, that
    the conversation is recorded: telephone, app (the program in between shows it by itself); * for all, - for none."""
    record: bool = False
    """Keep conversations: what happened, and both sides as WAV. Ask the people who speak."""
    recordings_dir: Path = Path("recordings")
    """Folder of the recordings."""
    recording_limit_mb: int = Field(default=100, ge=1, le=1_000_000)
    """A conversation's recording stops growing at this size."""
    recordings_keep_days: int = Field(default=30, ge=0, le=36_500)
    """Older recordings are deleted; 0: never."""

    store: Literal["off", "facts", "words"] = "facts"
    """What the store keeps of each conversation: facts (who called which agent when, for how long, how it ended, how
    quick the answers were), words (the transcript too), or nothing (off)."""
    store_url: str = Field(default="sqlite:data/voi.db", repr=False)
    """Where: sqlite:FILE, or postgresql://user:password@host/name (needs the extra `postgres`)."""
    store_key: SecretStr | None = None
    """Encrypts transcripts, sound and people's names. At least 32 random characters. Who loses it cannot read them
    again."""
    old_store_key: SecretStr | None = None
    """The key before it, until `voi store rekey` has been run."""
    store_keep_days: int = Field(default=30, ge=0, le=36_500)
    """Older conversations are deleted from the store; 0: never."""
    memory_keep_days: int = Field(default=365, ge=0, le=36_500)
    """What agents remember of people is deleted after this time; 0: never."""
    usage_keep_days: int = Field(default=400, ge=0, le=36_500)
    """The sums of what was used on a day, which name nobody, and the record of `voi audit` are deleted after this time;
    0: never."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is logged."""
    log_format: Literal["text", "json"] = "text"
    """text for people, json for machines."""
    trace_words: bool = False
    """Put what people and agents say into traces as well. Private: for debugging only."""
    log_words: bool = False
    """Log what people and agents say. Private: for debugging only."""

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("engine_options")
    @classmethod
    def _are_of_a_kind(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        kinds = ("vad", "turn", "voice", "stt", "llm", "tts")
        for key in value:
            kind, _, name = key.partition(".")
            if kind not in kinds or not name:
                raise ValueError(f"must have keys KIND.NAME with one of the kinds {', '.join(kinds)}")
        return value

    @field_validator("litellm_api_base")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        try:
            usable = not value or (urlsplit(value).hostname and (urlsplit(value).port or True))
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("is not a URL like http://localhost:4000 or https://host/v1")
        return value.rstrip("/") if value else None

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            try:
                ip_network(network)
            except ValueError:
                raise ValueError("must be IP addresses or networks such as 10.0.0.0/8, between commas") from None
        return value

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("VOI_TLS_CERT_FILE and VOI_TLS_KEY_FILE belong together: give both or neither")
        return self

    @model_validator(mode="after")
    def _recordings_have_their_keys(self) -> Self:
        if self.store_key is not None and self.store == "off" and self.record:
            raise ValueError("VOI_STORE_KEY needs a store, which keeps the keys of recordings: set VOI_STORE")
        return self

    @property
    def reachable(self) -> bool:
        """Whether others than this machine can reach the server, as far as settings tell."""
        return not _is_loopback(self.host) or bool(self.trusted_proxies)

    @property
    def granted_agent_apps(self) -> frozenset[str]:
        """Apps whose clients may bring agents of their own; "*": all."""
        return frozenset(self.client_agent_apps or (() if self.reachable else ("*",)))

    def store_secrets(self) -> tuple[str, ...]:
        """The key of the store, and the one before it; none: nothing is encrypted. Raises ConfigError for a weak
        one."""
        if self.store_key is None:
            return ()
        given = {"store_key": self.store_key, "old_store_key": self.old_store_key}
        return tuple(_strong(key, env_name(field), SECRET_LENGTH) for field, key in given.items() if key is not None)

    def secrets_of_the_store(self) -> list[str]:
        """What the log must not hold: its keys, and the password in its address."""
        url = self.store_url
        try:
            password = unquote(urlsplit(url).password or "")
        except ValueError:
            password = url
        keys = [key.get_secret_value() for key in (self.store_key, self.old_store_key) if key]
        return [secret for secret in (*keys, password) if secret]

    def require_secrets(self) -> tuple[tuple[str, ...], str]:
        """The token secrets, today's first, and the API key. Raises ConfigError with what is wrong with any."""
        problems, found = [], []
        for require in (self.require_token_secret, self.old_token_secret, self.require_api_key):
            try:
                found.append(require())
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(problems)
        token_secret, old, api_key = found
        return tuple(secret for secret in (token_secret, old) if secret), api_key or ""

    def require_token_secret(self) -> str:
        """The secret that signs tokens. Raises ConfigError when there is none, or a weak one."""
        return _strong(self.token_secret_key, "TOKEN_SECRET_KEY", SECRET_LENGTH)

    def old_token_secret(self) -> str:
        """The secret that signed tokens before; "" if none does any more. Raises ConfigError when it is a weak one."""
        if self.old_token_secret_key is None:
            return ""
        return _strong(self.old_token_secret_key, env_name("old_token_secret_key"), SECRET_LENGTH)

    def require_api_key(self) -> str:
        """The key of POST /integrations/APP and /metrics. Raises ConfigError when there is none, or a weak one."""
        return _strong(self.api_key, "API_KEY", API_KEY_LENGTH)


def load_settings(**overrides: Any) -> Settings:
    """The settings, some of them overridden (None: not). Raises ConfigError with every mistake; never quotes a value,
    since it may be a secret."""
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as failed:
        raise ConfigError([_explain(error) for error in failed.errors(include_url=False)]) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{ENV_FILE}: is not UTF-8 text; save the file with that encoding") from None
    except OSError as error:
        raise ConfigError(f"{ENV_FILE}: cannot be read: {error.strerror or error}") from None


def env_name(field: str) -> str:
    """The environment variable of a setting."""
    return Settings.CONTRACT_NAMES.get(field, f"{PREFIX}{field.upper()}")


def unknown_variables() -> list[str]:
    """Warnings about variables that begin with VOI_ and mean nothing to Voi, such as misspelt ones."""
    known = {env_name(field) for field in Settings.model_fields} | {TALK_TOKEN}
    given = {**dotenv_values(ENV_FILE), **os.environ} if ENV_FILE.is_file() else dict(os.environ)
    return [
        f"environment: {name}: is no setting of Voi, and is ignored{did_you_mean(name, known, list_them=False)}"
        for name in sorted(given)
        if name.startswith(PREFIX) and name.upper() not in known
    ]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _strong(secret: SecretStr | None, name: str, length: int) -> str:
    value = secret.get_secret_value() if secret else ""
    wrong = (
        "is not set" if not value
        else f"is only {len(value)} characters long; at least {length} are needed" if len(value) < length
        else "is a placeholder" if any(word in value.casefold() for word in _PLACEHOLDER_WORDS)
        else "is too regular to be random" if len(set(value)) < 8
        else ""
    )  # fmt: skip
    if wrong:
        raise ConfigError(f"{name} {wrong}. Make one with: {_MAKE_ONE} and put it into .env as {name}=…")
    return value


def _explain(error: ErrorDetails) -> str:
    place = [str(step) for step in error["loc"]]
    names = {env_name(field).lower(): env_name(field) for field in Settings.model_fields}
    names |= {field: env_name(field) for field in Settings.model_fields}
    where = f"{names.get(place[0].lower(), place[0])}: " if place else ""
    return f"environment: {where}{explain(error, quote=False)}"
