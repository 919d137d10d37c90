"""Values in queries say nothing in the query's language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.fakes.services import soql_literals
from voi.config.tools import AgentTool
from voi.tools.base import ToolFailed
from voi.tools.templates import Values
from voi.tools.written import digits, local, soql, soql_like

TEXTS = st.text(st.characters(exclude_categories=("Cs",))) | st.text("'\\\"%_\n\r\t\b\f\0\x7fnu0 ")


@given(TEXTS, TEXTS)
def test_a_value_stays_inside_its_quotes_and_is_itself(first: str, second: str) -> None:
    template = "SELECT Id FROM Contact WHERE Name = '{soql:a}' AND City = '{soql:b}'"
    query = Values({"a": first, "b": second}, {}).text(template)
    assert soql_literals(query) == ("SELECT Id FROM Contact WHERE Name = ? AND City = ?", [first, second])


@given(TEXTS)
def test_a_pattern_has_no_wildcards_but_its_authors(value: str) -> None:
    written = soql_like(value)
    plain = written.replace("\\\\", "")
    assert all(plain[at - 1 : at] == "\\" for at, c in enumerate(plain) if c in "%_")
    assert written.replace("\\%", "%").replace("\\_", "_") == soql(value)


@given(st.text())
def test_digits_are_digits_or_nothing_is_asked(value: str) -> None:
    try:
        found = digits(value)
    except ToolFailed:
        return
    assert found.isascii()
    assert found.isdecimal()


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("+1 (415) 555-0199", "4155550199"),
        ("+49 30 90182", "03090182"),
        ("0049 30 90182", "03090182"),
        ("+39 06 1234567", "061234567"),
        ("415 555 0199", "4155550199"),
        ("+999", "999"),
    ],
)
def test_local_numbers_are_those_that_are_dialled_within_the_country(number: str, written: str) -> None:
    assert local(number) == written


POST: dict[str, object] = {"url": "https://a.example/x", "query": {}, "method": "POST"}
REFRESHED = {"grant": "refresh_token", "client_id": "x", "refresh_token": "x"}


def http(q: str, fields: dict[str, object]) -> AgentTool:
    request = {"url": "https://a.example/services/data/v66.0/query", "query": {"q": q}, **fields}
    properties = {name: {"type": "string"} for name in ("a", "b")}
    parameters = {"type": "object", "properties": properties}
    return AgentTool.model_validate({"description": "x", "parameters": parameters, "http": request})


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("SELECT Id FROM A WHERE B = '{a}'", {}),
        ("select Id from A where B = {soql:a}", {}),
        ("SELECT Id FROM A WHERE B = 'x' AND C = {soql:a}", {}),
        (r"SELECT Id FROM A WHERE B = 'it\'s' AND C = {soql:a}", {}),
        ("SELECT Id FROM A WHERE B = '{soql:a}' AND C = {b}", {}),
        ("SELECT Id FROM {a}", {}),
        ("{a}", {}),
        ("FIND {{a}} IN PHONE FIELDS", {}),
        ("SELECT Id FROM A WHERE B = '{call:caller}'", {}),
        ("", {"url": "https://a.example/x?q=SELECT+Id+FROM+A+WHERE+B='{a}'", "query": {}}),
        ("", {**POST, "body": {"select_query": "{a}"}}),
        (
            "",
            {"url": "https://a.example/x", "query": {}, "method": "POST", "body": "select id\nfrom b where c = '{a}'"},
        ),
    ],
)
def test_an_argument_that_could_change_a_query_is_refused(query: str, fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="in a query"):
        http(query, fields)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT Id FROM A WHERE B = '{soql:a}' AND C LIKE '{soql_like:b}%'",
        "SELECT Id FROM A WHERE Phone LIKE '%{digits:a}' LIMIT 3",
        r"SELECT Id FROM A WHERE B = 'it\'s' AND C = '{soql:call:caller}'",
        "SELECT Id FROM A WHERE Email = '{soql:captured:email}'",
        "FIND {{digits:a}} IN PHONE FIELDS RETURNING Contact(Id)",
        "FIND {{digits:a} OR {local:a}} IN PHONE FIELDS RETURNING Contact(Id)",
    ],
)
def test_queries_that_are_safe(query: str) -> None:
    http(query, {})


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"url": "{auth:instance_url}/x"}, "has no auth"),
        ({"headers": {"X": "{auth:x}"}}, "elsewhere"),
        ({"url": "{auth:instance_url}.evil/x", "auth": "crm"}, "needs a url like"),
        ({"auth": "crm", "headers": {"authorization": "x"}}, "of its own"),
        ({"url": "https://a.{a}/x", "auth": "crm"}, "sends a secret"),
        ({"auth": {"grant": "jwt_bearer", "token_url": "https://a.example/"}}, "needs client_id and private_key"),
        ({"auth": {**REFRESHED, "token_url": "http://a.example/"}}, "token_url like"),
    ],
)  # fmt: skip
def test_mistakes_of_authors(fields: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        http("", {"query": {}, **fields})
