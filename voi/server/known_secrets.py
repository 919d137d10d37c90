"""The secrets that a server knows from its settings and its configuration, to be kept out of the logs."""

from voi.config.config import Config
from voi.config.secret_refs import values_of
from voi.config.settings import Settings
from voi.config.usual_variables import usual_keys
from voi.tools.toolbox import secrets_in


def secrets_of_settings(settings: Settings) -> list[str]:
    """The server's own: what signs tokens, what opens its admin routes, and what its store is locked with."""
    given = (settings.token_secret_key, settings.old_token_secret_key, settings.api_key, settings.litellm_api_key)
    return [secret.get_secret_value() for secret in given if secret] + settings.secrets_of_the_store()


def secrets_of_services(settings: Settings, config: Config) -> list[str]:
    """Those for services of others: values of the environment variables that options of engines, telephones, WebRTC
    servers and tools refer to."""
    options = [model.engine_options() for model in config.tts_models.values()]
    options += [*settings.webrtc_ice_servers.values(), settings.engine_options, settings.stt_options]
    if phones := config.phones:
        options += [carrier.secrets for carrier in phones.carriers.values()]
        options += [account.secrets for account in phones.accounts.values()]
        options += [{"secret": phones.outgoing.webhook_secret}] if phones.outgoing else []
        options += [{"password": server.password} for server in phones.asterisk.values()]
    return [value for each in options for value in values_of(each)] + usual_keys() + secrets_in(config)
