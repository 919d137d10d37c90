"""Client secrets: what is issued is read, and nothing else."""

import jwt
import pytest

from tests.server.fakes import SECRET
from voi.errors import ClientError
from voi.server.auth import issue_token, read_token
from voi.transports.realtime.client_secrets import ClientSecrets
from voi.transports.realtime.peer import RealtimeCaller

CALLER = RealtimeCaller("app", "ann", "friend", {"type": "realtime", "instructions": "Be brief."}, token_id="t1")


def test_a_secret_says_what_it_was_issued_for() -> None:
    value, expires_s = ClientSecrets([SECRET]).issue(CALLER, 60)
    assert value.startswith("ek_")
    assert ClientSecrets(["another secret that is long enough", SECRET]).read(value) == CALLER
    assert expires_s > 1_700_000_000


def test_what_is_not_one_is_refused() -> None:
    secrets = ClientSecrets([SECRET])
    expired, _ = secrets.issue(CALLER, -1)
    value, _ = secrets.issue(CALLER, 60)
    others = jwt.encode({"app": "x"}, SECRET, algorithm="HS256")
    for wrong in ("ek_", "ek_x.y.z", "ek_" + "x" * 30_000, expired, value[:-4] + "AAAA", f"ek_{others}",
                  f"ek_{issue_token('app', SECRET)}"):  # fmt: skip
        with pytest.raises(ClientError):
            secrets.read(wrong)


def test_a_secret_is_no_token() -> None:
    value, _ = ClientSecrets([SECRET]).issue(CALLER, 60)
    with pytest.raises(ClientError):
        read_token(value.removeprefix("ek_"), SECRET)


def test_settings_that_do_not_fit_are_refused() -> None:
    noise = "".join(chr(0x4E00 + number * 7_919 % 20_000) for number in range(30_000))
    with pytest.raises(ClientError, match="too large"):
        ClientSecrets([SECRET]).issue(RealtimeCaller("app", "", "friend", {"instructions": noise}), 60)
