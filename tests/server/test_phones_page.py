"""The page for telephone accounts: what it is served with, and how it is used, in Debian's Chromium."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.devtools import Page, opened
from tests.peers.browser import CHROMIUM
from tests.server.fakes import API_KEY
from tests.server.serving import fake_engines, serving
from tests.server.test_phone_accounts_http import TRUNK, ask, sip_port, stored
from tests.transports.sip.peers.processes import free_port, kamailio, needs_kamailio
from tests.transports.sip.test_real_peers import noted, until, write_phones
from tests.transports.sip.test_service import telephone

pytestmark = pytest.mark.integration
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
Patch = pytest.MonkeyPatch
GREEN = {"light": "rgb(19, 115, 51)", "dark": "rgb(95, 211, 138)"}


def field(name: str, value: str) -> str:
    return f"document.getElementById({json.dumps(name)}).value = {json.dumps(value)}"


async def enter(page: Page, key: str = API_KEY) -> None:
    await page.run(f"{field('key', key)}; document.querySelector('#enter button').click()")


async def submit(page: Page, **values: str) -> None:
    for name, value in values.items():
        await page.run(field(name, value))
    await page.run("document.getElementById('save').click()")


def row(name: str, rest: str = "") -> str:
    """Of that account, as an expression."""
    return f"[...document.querySelectorAll('.account')].find(r => r.querySelector('h3').textContent === '{name}'){rest}"


async def click(page: Page, label: str) -> None:
    await page.run(f"document.querySelector('button[aria-label={json.dumps(label)}]').click()")


async def colour_of_light(page: Page, name: str) -> str:
    return str(await page.run(f"getComputedStyle({row(name)}.querySelector('.light')).backgroundColor"))


async def test_it_is_served_with_a_strict_policy_and_without_a_key(tmp_path: Path, monkeypatch: Patch) -> None:
    async with serving(tmp_path, monkeypatch, fake_engines()) as running:
        for path, kind in (("", "html"), ("/page.js", "javascript"), ("/page.css", "css"), ("/icon.svg", "svg")):
            status, headers, body = await running.http("GET", f"/phones{path}")
            assert (status, kind in headers["content-type"]) == (200, True)
            assert headers["content-security-policy"].startswith("default-src 'self';")
            assert headers["x-content-type-options"] == "nosniff"
            text = body.decode()
            assert not re.search(
                r"<style|style=|\son\w+=|<script(?![^>]*src=)|https?://(?!www\.w3\.org/2000/svg)", text
            )
            assert API_KEY not in text


@needs_chromium
@needs_kamailio
async def test_the_light_turns_green_with_the_right_password(tmp_path: Path, monkeypatch: Patch) -> None:
    pytest.importorskip("sqlalchemy")
    noted(monkeypatch)
    server = free_port()
    write_phones(tmp_path, 0, trunk=TRUNK)
    async with (
        kamailio(tmp_path, server),
        serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running,
        opened(f"http://127.0.0.1:{running.port}/phones", tmp_path) as page,
    ):
        await page.size(1440, 900)
        await enter(page)
        await page.until(row("trunk"))
        assert await page.run("document.getElementById('key').value") == ""
        assert await page.run("localStorage.length + document.cookie.length") == 0
        assert "from the file phones.json" in await page.run(row("trunk", ".textContent"))
        assert await page.run(row("trunk", ".querySelectorAll('button').length")) == 0
        await submit(page, name="desk", user="1001", password="wrong", server="127.0.0.1", port=str(server),
                     display_name="The desk", agent="echo", greeting="Good day.")  # fmt: skip
        await page.until(row("desk", "?.dataset.state === 'refused'"))
        shown = await page.run(row("desk", ".innerText"))
        assert "401 Unauthorized" in shown
        assert "Next attempt at" in shown
        assert await colour_of_light(page, "desk") != GREEN["light"]
        assert await page.run("document.getElementById('password').value") == ""

        await click(page, "Change desk")
        assert await page.run("document.getElementById('port').value") == str(server)
        assert await page.run("document.getElementById('greeting').value") == "Good day."
        await submit(page, password="secret", display_name="Desk")
        await page.until(row("desk", "?.dataset.state === 'registered'"))
        assert await colour_of_light(page, "desk") == GREEN["light"]
        assert "registered" in await page.run(row("desk", ".innerText"))
        await page.until("document.getElementById('spoken').textContent.includes('desk')")
        account = running.server.sip.accounts["desk"].config
        assert (account.display_name, account.user, account.server) == ("Desk", "1001", (f"127.0.0.1:{server}",))

        async with telephone(sip_port(running)) as phone:
            call = phone.call("1001")
            await call.answered(30)
            await page.until(row("desk", ".innerText.includes('From outside, talking since')"))
            call.hang_up()
        await page.until(row("desk", ".querySelector('.calls').hidden"))

        await click(page, "Stop desk")
        await page.until(row("desk", ".dataset.state === 'stopped'"))
        await click(page, "Start desk")
        await page.until(row("desk", ".dataset.state === 'registered'"))
        await click(page, "Delete desk")
        await page.until("document.getElementById('sure').open")
        await page.run("document.getElementById('sure-no').click()")
        assert await page.run(f"!!({row('desk')})")
        await click(page, "Delete desk")
        await page.until("document.getElementById('sure').open")
        await page.run("document.getElementById('sure-yes').click()")
        await page.until(f"!({row('desk')})")
        await until(lambda: list(running.server.sip.accounts) == ["trunk"])
        await page.run("document.getElementById('leave').click()")
        await page.until("document.getElementById('inside').hidden && !sessionStorage.length")
        assert page.problems == []


@needs_chromium
async def test_a_trunk_is_changed_and_what_it_says_is_only_text(tmp_path: Path, monkeypatch: Patch) -> None:
    """It has no user, no server and no agent, which a new account has to have here."""
    pytest.importorskip("sqlalchemy")
    noted(monkeypatch)
    hostile = "<img src=x onerror='document.title=1'>"
    async with (
        serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running,
        opened(f"http://127.0.0.1:{running.port}/phones", tmp_path) as page,
    ):
        made = {"name": "trunk", "registers": False, "allow": "127.0.0.0/8", "display_name": hostile,
                "greeting": f"</textarea>{hostile}"}  # fmt: skip
        status, _, _ = await running.http("POST", "/phones/accounts", f"API-Key: {API_KEY}\r\n", made)
        assert status == 201
        await enter(page)
        await page.until(row("trunk"))
        await click(page, "Change trunk")
        assert await page.run("document.getElementById('display_name').value") == hostile
        assert await page.run("document.getElementById('greeting').value") == f"</textarea>{hostile}"
        await submit(page, greeting="Good day.")
        await page.until("document.getElementById('form-head').textContent === 'Add an account'")
        account = running.server.sip.accounts["trunk"].config
        assert (account.display_name, account.agent, account.server) == (hostile, None, ())
        assert account.greeting is not None
        assert "Good day." in str(account.greeting)
        assert await page.run("document.querySelectorAll('img').length") == 0
        assert await page.run("document.getElementById('agent').required"), "a new one has to have all"
        assert page.problems == []


@needs_chromium
async def test_it_works_by_keyboard_alone_and_says_what_it_is(tmp_path: Path, monkeypatch: Patch) -> None:
    pytest.importorskip("sqlalchemy")
    write_phones(tmp_path, 0)
    focused = "document.activeElement.id || document.activeElement.getAttribute('aria-label')"
    async with (
        serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running,
        opened(f"http://127.0.0.1:{running.port}/phones", tmp_path) as page,
    ):

        async def to(wanted: str, *, shift: bool = False) -> None:
            for _ in range(40):
                await page.press("Tab", shift=shift)
                if await page.run(focused) == wanted:
                    return
            raise AssertionError(f"no way by Tab to {wanted}")

        await to("key")
        await page.write(API_KEY)
        await page.press("Enter")
        await page.until("!document.getElementById('inside').hidden")
        for name, value in (("name", "desk"), ("user", "1001"), ("password", "x"), ("server", "127.0.0.1"),
                            ("port", str(free_port()))):  # fmt: skip
            await to(name)
            await page.write(value)
        await to("auto_answer")
        await page.press(" ")
        await to("save")
        await page.press("Enter")
        await page.until(row("desk"))
        assert running.server.sip.accounts["desk"].config.auto_answer is False

        names = await page.names()
        controls = [
            name for role in ("button", "textbox", "checkbox", "combobox", "spinbutton") for name in names[role]
        ]
        assert all(controls), names
        assert {"Stop desk", "Change desk", "Delete desk", "Add", "Client id", "Server", "Answer calls"} <= {*controls}
        assert {"Telephone accounts", "Accounts", "Add an account", "desk"} <= {*names["heading"]}

        await to("Stop desk", shift=True)
        await page.press("Enter")
        await page.until(row("desk", ".dataset.state === 'stopped'"))
        await page.until(f"({focused}) === 'Start desk'")  # the focus stays where it was
        await to("Delete desk")
        await page.press("Enter")
        await page.until("document.getElementById('sure').open")
        await page.press("Escape")
        await page.until("!document.getElementById('sure').open")
        assert await page.run(f"!!({row('desk')})")
        await page.until(f"({focused}) === 'Delete desk'")
        await page.press("Enter")
        await page.until("document.getElementById('sure').open")
        await to("sure-yes", shift=True)
        await page.press("Enter")
        await page.until(f"!({row('desk')})")
        assert page.problems == []


@needs_chromium
async def test_a_dialog_that_was_left_does_not_answer_for_the_next(tmp_path: Path, monkeypatch: Patch) -> None:
    """The event of the one that was left comes after the next one is open."""
    pytest.importorskip("sqlalchemy")
    noted(monkeypatch)
    write_phones(tmp_path, 0)
    fields = {"server": "127.0.0.1:1", "user": "1", "password": "x", "agent": "echo"}
    async with (
        serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running,
        opened(f"http://127.0.0.1:{running.port}/phones", tmp_path) as page,
    ):
        for name in ("desk", "hall"):
            await ask(running, "POST", body={"name": name, **fields})
        await enter(page)
        await page.until(row("hall"))
        ask_and_leave = "document.querySelector('[aria-label=\"Delete desk\"]').click(); sure.close('no')"
        await page.run(f"{ask_and_leave}; document.querySelector('[aria-label=\"Delete hall\"]').click()")
        await page.until("document.getElementById('sure').open")
        await page.run("document.getElementById('sure-yes').click()")
        await page.until(f"!({row('hall')})")
        assert await page.run(f"!!({row('desk')})")
        assert page.problems == []


CONTRAST = """(() => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (!colour.endsWith(', 0)')) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  return [...document.querySelectorAll('h1, h2, h3, p, label, button, input, select, .state, li')]
    .filter((element) => element.offsetParent && (element.innerText || element.value))
    .map((element) => {
      const [one, two] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
      return [(one + 0.05) / (two + 0.05), element.outerHTML.slice(0, 80)];
    }).filter(([ratio]) => ratio < 4.5);
})()"""


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1440])
async def test_small_and_large_light_and_dark(width: int, dark: bool, tmp_path: Path, monkeypatch: Patch) -> None:
    pytest.importorskip("sqlalchemy")
    long = {"server": f"{'a' * 60}.example.com:5060", "user": "1" * 60, "password": "x", "agent": "echo"}
    write_phones(tmp_path, 0, trunk=TRUNK)
    async with (
        serving(tmp_path, monkeypatch, fake_engines(), **stored(tmp_path)) as running,
        opened(f"http://127.0.0.1:{running.port}/phones", tmp_path) as page,
    ):
        await ask(running, "POST", body={"name": "a" * 41, **long})
        await ask(running, "POST", body={"name": "rests", "started": False, **TRUNK})
        await page.size(width, 900, dark=dark)
        assert await page.run(CONTRAST) == []
        await enter(page)
        await page.until(f"{row('trunk')}?.dataset.state === 'ready' && {row('a' * 41)}?.dataset.state === 'trying'")
        assert await colour_of_light(page, "trunk") == GREEN["dark" if dark else "light"]
        assert await page.run(CONTRAST) == []
        assert await page.run("document.documentElement.scrollWidth") <= width
        wide: Any = await page.run(
            "[...document.querySelectorAll('body *')].filter(e => e.offsetParent && !e.classList.contains('skip')"
            f" && e.getBoundingClientRect().right > {width}).map(e => e.outerHTML.slice(0, 80))"
        )
        assert wide == []
        small = "[...document.querySelectorAll('button')].filter(b => b.offsetParent && b.offsetHeight < 44).length"
        assert await page.run(small) == 0, "a finger hits them"
        await page.picture(tmp_path / "page.png")
        assert page.problems == []


@needs_chromium
async def test_a_wrong_key_is_told_and_limited(tmp_path: Path, monkeypatch: Patch) -> None:
    async with (
        serving(tmp_path, monkeypatch, fake_engines()) as running,
        opened(f"http://127.0.0.1:{running.port}/phones", tmp_path) as page,
    ):
        said = "document.getElementById('message').textContent"
        await enter(page, "wrong")
        await page.until(f"{said} === 'The API key is wrong.'")
        assert await page.run("sessionStorage.length") == 0
        for number in range(9):
            assert (await ask(running, "GET", key=f"guess {number}"))[0] == 403
        await enter(page)
        await page.until(f"{said}.startsWith('Too many wrong API keys came from this address. Try again in ')")
        assert await page.run("document.getElementById('inside').hidden")
