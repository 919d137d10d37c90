import re
from pathlib import Path

import pytest

from tests.config.conftest import ROOT
from voi.config.settings import Settings, env_name, load_settings, unknown_variables
from voi.errors import ConfigError

GOOD = "kT3v9_Qm2-xZ7wLr4Yb8NcJ5sHd1FgPa0UeVi6Oo"


def test_names_in_the_environment_and_in_env_files(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(
        f"TOKEN_SECRET_KEY={GOOD}\nLITELLM_API_BASE=http://a:4000/\nVOI_PORT=1\nUSER_ID=1000\nVOI_HOST=\n"
    )
    monkeypatch.setenv("VOI_PORT", "2")
    monkeypatch.setenv("VOI_CORS_ORIGINS", "http://a, http://b")
    monkeypatch.setenv("API_KEY", "key")
    settings = load_settings()
    assert (settings.port, settings.host, settings.litellm_api_base) == (2, "127.0.0.1", "http://a:4000")
    assert settings.cors_origins == ("http://a", "http://b")
    assert settings.require_token_secret() == GOOD
    assert settings.api_key
    assert settings.api_key.get_secret_value() == "key"


def test_overrides_win_and_none_is_no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOI_PORT", "2")
    monkeypatch.setenv("TOKEN_SECRET_KEY", "x")
    settings = load_settings(port=3, host=None, token_secret_key=GOOD)
    assert (settings.port, settings.host) == (3, "127.0.0.1")
    assert settings.require_token_secret() == GOOD


def test_every_mistake_at_once_and_no_value_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "VOI_PORT": "70000",
        "VOI_RECORD": "s3cret",
        "LITELLM_API_BASE": "s3cret",
        "VOI_LOG_LEVEL": "s3cret",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert sorted(line.split(": ")[1] for line in caught.value.problems) == [
        "LITELLM_API_BASE", "VOI_LOG_LEVEL", "VOI_PORT", "VOI_RECORD",
    ]  # fmt: skip
    assert "s3cret" not in str(caught.value)


def test_an_env_file_that_cannot_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_bytes(b"VOI_PORT=1\nAPI_KEY=caf\xe9")
    with pytest.raises(ConfigError, match=r"^\.env: is not UTF-8"):
        load_settings()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pydantic_settings.sources.providers.dotenv.dotenv_values", refuse)
    with pytest.raises(ConfigError, match=r"^\.env: cannot be read: Permission denied$"):
        load_settings()


def test_certificate_and_key_belong_together() -> None:
    with pytest.raises(ConfigError, match="belong together"):
        load_settings(tls_cert_file="cert.pem")


@pytest.mark.parametrize(
    ("secret", "wrong"),
    [
        (None, "is not set"),
        ("", "is not set"),
        ("short", "only 5 characters"),
        ("your_secret_key_please_change_me_now_thanks", "placeholder"),
        ("ab" * 20, "too regular"),
    ],
)
def test_weak_secrets_are_refused_with_a_cure(secret: str | None, wrong: str) -> None:
    settings = load_settings(token_secret_key=secret)
    with pytest.raises(ConfigError) as caught:
        settings.require_token_secret()
    assert wrong in str(caught.value)
    assert "secrets.token_urlsafe" in str(caught.value)
    assert not secret or secret not in str(caught.value)


def test_weak_api_keys_are_refused() -> None:
    with pytest.raises(ConfigError, match="API_KEY is only 3 characters"):
        load_settings(api_key="abc").require_api_key()


def test_both_secrets_are_looked_at_at_once() -> None:
    assert load_settings(token_secret_key=GOOD, api_key=GOOD).require_secrets() == ((GOOD,), GOOD)
    old = GOOD[::-1]
    both = load_settings(token_secret_key=GOOD, old_token_secret_key=old, api_key=GOOD)
    assert both.require_secrets() == ((GOOD, old), GOOD)
    with pytest.raises(ConfigError, match=r"^VOI_OLD_TOKEN_SECRET_KEY is only 3 characters"):
        load_settings(token_secret_key=GOOD, old_token_secret_key="abc", api_key=GOOD).require_secrets()
    with pytest.raises(ConfigError) as caught:
        load_settings(api_key="abc").require_secrets()
    assert [problem.split()[0] for problem in caught.value.problems] == ["TOKEN_SECRET_KEY", "API_KEY"]


def test_secrets_are_not_shown() -> None:
    assert GOOD not in repr(load_settings(token_secret_key=GOOD, api_key=GOOD, litellm_api_key=GOOD))


def test_misspelt_variables_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("VOI_PROT=1\nOTHER=2\n")
    monkeypatch.setenv("VOI_HSOT", "x")
    monkeypatch.setenv("VOI_PORT", "1")
    monkeypatch.setenv("VOI_TOKEN", "for voi talk")
    found = unknown_variables()
    assert len(found) == 2
    assert 'VOI_HSOT: is no setting of Voi, and is ignored (did you mean "VOI_HOST"?)' in found[0]
    assert "VOI_PROT" in found[1]


def test_every_setting_is_described_and_in_the_example_with_its_default() -> None:
    text = (ROOT / ".env.example").read_text()
    given = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert set(given) == {env_name(name) for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        assert field.description, name
        default = "" if field.default in (None, ()) else str(field.default)
        if isinstance(field.default, tuple):
            default = ",".join(field.default)
        assert given[env_name(name)].lower() == default.lower(), name


def test_the_example_as_it_stands_is_valid_and_holds_no_secret() -> None:
    text = (ROOT / ".env.example").read_text()
    Path(".env").write_text(re.sub(r"^#(VOI_)", r"\1", text, flags=re.MULTILINE))
    settings = load_settings()
    assert settings == Settings(_env_file=None)  # type: ignore[call-arg]
    with pytest.raises(ConfigError):
        settings.require_token_secret()
    assert unknown_variables() == []


@pytest.mark.parametrize("url", ["http://", "https://[::1", "http://a:70000", "localhost:4000"])
def test_an_address_of_the_llm_that_no_request_could_use_is_refused_at_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_API_BASE", url)
    with pytest.raises(ConfigError, match="LITELLM_API_BASE"):
        load_settings()


def test_the_key_of_the_store_is_strong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().store_secrets() == ()
    assert load_settings(store_key=GOOD, old_store_key=GOOD[::-1]).store_secrets() == (GOOD, GOOD[::-1])
    with pytest.raises(ConfigError, match="VOI_OLD_STORE_KEY is only 3"):
        load_settings(store_key=GOOD, old_store_key="abc").store_secrets()


def test_recordings_are_not_encrypted_without_a_place_for_their_keys() -> None:
    with pytest.raises(ConfigError, match="VOI_STORE_KEY needs a store"):
        load_settings(store="off", record=True, store_key=GOOD)


def test_the_log_is_kept_free_of_the_stores_secrets() -> None:
    settings = load_settings(store_url="postgresql://voi:pass%20word@db/voi", store_key=GOOD)
    assert settings.secrets_of_the_store() == [GOOD, "pass word"]
    assert "pass" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("VOI_STT_OPTIONS", "{model: small}", "is not a JSON object: Expecting property name"),
        ("VOI_ENGINE_OPTIONS", "{'stt.whisper': {}}", "(names and words stand in double quotes)"),
        ("VOI_ENGINE_OPTIONS", '{"stt.whisper": 5}', "must be an object"),
        ("VOI_LISTENERS", "x", "is not a JSON object: Expecting value at character 1"),
        ("VOI_LISTENERS", "[" * 100_000, "is not a JSON object"),
        ("VOI_STT_OPTIONS", "[]", "must be an object"),
    ],
)
def test_json_that_is_none_is_one_mistake_among_others(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("VOI_PORT", "many")
    with pytest.raises(ConfigError) as wrong:
        load_settings()
    assert len(wrong.value.problems) == 2
    (found,) = (problem for problem in wrong.value.problems if name in problem)
    assert told in found
    assert "small" not in found


def test_json_is_read_from_the_environment_and_from_env_files(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text('VOI_STT_OPTIONS={"model": "small"}\n')
    monkeypatch.setenv("VOI_LISTENERS", '{"fax": {"port": 1}}')
    settings = load_settings()
    assert (settings.stt_options, settings.listeners) == ({"model": "small"}, {"fax": {"port": 1}})
