"use strict";
// The telephone accounts of this server, over /phones/accounts. The key lies in this tab's sessionStorage alone.

const KEY = "voi-api-key";
const LOOK_EVERY_MS = 1500;
const MUST = ["user", "server", "agent"]; // fields that a new account has to have
const STATES = {
  registered: "registered", ready: "ready", trying: "trying", refused: "refused", unusable: "cannot be used",
  stopped: "stopped", deleted: "deleted, with calls under way",
};
const $ = (id) => document.getElementById(id);
let edited = null; // the account that the form changes; null: it adds one
let before = {}; // what the form said of it at first
let states = new Map(); // what was last said of each account
let looking = 0;
let asked = 0; // answers to older questions are not shown

class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function ask(method, path, body, at = "/phones/accounts") {
  const headers = { "API-Key": sessionStorage.getItem(KEY) || "" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(`${at}${path}`, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store", signal: AbortSignal.timeout(15000),
    });
  } catch {
    throw new Refused(0, "The server does not answer.");
  }
  const text = await answer.text();
  let found = null;
  try {
    found = text ? JSON.parse(text) : null;
  } catch {
    // an answer of a proxy, say
  }
  if (!answer.ok) {
    const detail = found && typeof found.detail === "string" ? found.detail : `The server answers ${answer.status}.`;
    const after = answer.status === 429 && answer.headers.get("Retry-After");
    throw new Refused(answer.status, after ? `${detail} Try again in ${after} s.` : detail);
  }
  return found;
}

function tell(text) {
  if ($("message").textContent !== text) $("message").textContent = text;
}

function say(text) {
  $("spoken").textContent = text;
}

function locked(why) {
  clearTimeout(looking);
  sessionStorage.removeItem(KEY);
  $("inside").hidden = $("leave").hidden = true;
  $("enter").hidden = false;
  tell(why);
  states = new Map();
  $("key").focus();
}

async function look() {
  clearTimeout(looking);
  const mine = ++asked;
  try {
    const found = await ask("GET", "");
    if (mine !== asked) return;
    show(found);
    if (lost) tell("");
    lost = false;
  } catch (error) {
    if (mine !== asked) return;
    if (error.status === 401 || error.status === 403) return locked(error.message);
    if (error.status === 429 && $("inside").hidden) return locked(error.message);
    lost = true;
    tell(error.message);
  }
  looking = setTimeout(look, document.hidden ? LOOK_EVERY_MS * 8 : LOOK_EVERY_MS);
}
let lost = false;

function show(found) {
  if ($("inside").hidden) {
    $("inside").hidden = $("leave").hidden = false;
    $("enter").hidden = true;
    $("key").value = "";
    $("main").focus();
  }
  fill($("notes"), found.notes, (note) => line(note));
  $("none").hidden = found.accounts.length > 0;
  showAgents(found.agents);
  const rows = new Map([...$("accounts").children].map((row) => [row.dataset.key, row]));
  const said = [];
  const now = new Map();
  for (const account of found.accounts) {
    const key = `${account.from}/${account.name}`;
    const row = rows.get(key) || newRow(key);
    rows.delete(key);
    showAccount(row, account);
    $("accounts").append(...(row.isConnected ? [] : [row]));
    const state = STATES[account.status.state] || account.status.state;
    now.set(key, state);
    if (states.size && states.get(key) !== state) said.push(`${account.name}: ${state}`);
  }
  for (const row of rows.values()) row.remove();
  states = now;
  if (said.length) say(said.join(", "));
}

function showAgents(agents) {
  const select = $("agent");
  const chosen = select.value;
  const shown = [...select.options].map((option) => option.value);
  if (shown.join("\n") === agents.join("\n")) return;
  select.replaceChildren(...agents.map((name) => new Option(name, name)));
  if (edited || agents.includes(chosen)) select.value = chosen;
}

function newRow(key) {
  const row = $("row").content.firstElementChild.cloneNode(true);
  row.dataset.key = key;
  return row;
}

function line(text) {
  const made = document.createElement("li");
  made.textContent = text;
  return made;
}

// Nothing is touched that is as it was: focus and a screen reader's place stay.
function fill(list, values, make) {
  const text = JSON.stringify(values);
  if (list.dataset.shown === text) return;
  list.dataset.shown = text;
  list.replaceChildren(...values.map(make));
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

function showAccount(row, account) {
  const { status } = account;
  const part = (selector) => row.querySelector(selector);
  row.dataset.state = status.state;
  put(part("h3"), account.name);
  put(part(".state"), STATES[status.state] || status.state);
  const user = account.account.user || "";
  const server = status.server || [account.account.server || []].flat().join(", ");
  put(part(".where"), [user && server ? `${user} at ${server}` : user || server,
    account.account.agent && `agent ${account.account.agent}`,
    account.from === "file" && "from the file phones.json"].filter(Boolean).join(" · "));
  const next = status.next_try ? `Next attempt at ${new Date(status.next_try).toLocaleTimeString()}.` : "";
  put(part(".reason"), [status.reason && `${status.reason}.`.replace("..", "."), next].filter(Boolean).join(" "));
  fill(part(".warnings"), account.warnings, line);
  part(".calls").hidden = !account.calls.length;
  fill(part(".calls ul"), account.calls, showCall);
  showActions(part(".actions"), account);
}

function showCall(call) {
  const since = new Date(call.since).toLocaleTimeString();
  const made = line(`${call.direction === "in" ? "From outside" : "From here"}, ${call.state} since ${since} `);
  if (call.id && call.state === "talking") {
    const end = () => act("POST", `/${call.id}/hang_up`, undefined, "/calls");
    made.append(button("End", `the call of ${since}`, "end", end));
  }
  return made;
}

function showActions(place, account) {
  const kind = account.from !== "store" ? "" : account.started ? "started" : "stopped";
  place.account = account;
  if (place.dataset.kind === kind) return;
  const had = place.contains(document.activeElement) ? document.activeElement.dataset.does : null;
  place.dataset.kind = kind;
  const { name } = account;
  const made = !kind ? [] : [
    kind === "started" ? button("Stop", name, "toggle", () => act("POST", `/${name}/stop`))
      : button("Start", name, "toggle", () => act("POST", `/${name}/start`)),
    button("Change", name, "change", () => edit(place.account)),
    button("Delete", name, "delete", () => remove(name)),
  ];
  place.replaceChildren(...made);
  if (had) place.querySelector(`[data-does="${had}"]`)?.focus();
}

function button(word, name, does, clicked) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = word;
  made.dataset.does = does;
  made.setAttribute("aria-label", `${word} ${name}`);
  made.addEventListener("click", clicked);
  return made;
}

async function act(method, path, body, at) {
  tell("");
  try {
    await ask(method, path, body, at);
    await look();
    return true;
  } catch (error) {
    if (error.status === 401 || error.status === 403) locked(error.message);
    else tell(error.message);
    return false;
  }
}

let doomed = ""; // the account that the dialog asks about

function remove(name) {
  doomed = name;
  $("sure-head").textContent = `Delete ${name}?`;
  $("sure").returnValue = "no";
  $("sure").showModal();
}

// One listener for all: the event of a dialog that Escape closed may come after the next one is open.
$("sure").addEventListener("close", async () => {
  if ($("sure").returnValue !== "yes") return;
  $("sure").returnValue = "no";
  const name = doomed;
  if (await act("DELETE", `/${name}`)) {
    say(`${name} is deleted`);
    if (edited === name) clear();
    $("accounts-head").tabIndex = -1;
    $("accounts-head").focus();
  }
});

function hostAndPort(server) {
  const text = [server || []].flat()[0] || "";
  const found = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(text);
  return found ? [found[1], found[2]] : [text, ""];
}

function greetingOf(account) {
  return ((account.greeting && account.greeting.choices) || []).map((choice) => choice.content).join("\n");
}

function edit(account) {
  const fields = account.account;
  edited = account.name;
  $("form-head").textContent = $("save").textContent = `Change ${account.name}`;
  $("cancel").hidden = false;
  $("name").value = account.name;
  $("name").readOnly = true;
  $("user").value = fields.user || "";
  $("password").value = "";
  $("password-hint").textContent = account.has_password ? "Empty: it stays as it is." : "There is none yet.";
  [$("server").value, $("port").value] = hostAndPort(fields.server);
  $("display_name").value = fields.display_name || "";
  $("agent").value = fields.agent || "";
  $("greeting").value = greetingOf(fields);
  $("auto_answer").checked = fields.auto_answer !== false;
  for (const id of MUST) $(id).required = $(id).value !== ""; // a trunk may have none of them
  before = formFields();
  $("form-head").focus();
}

function clear() {
  edited = null;
  $("account").reset();
  for (const id of MUST) $(id).required = true;
  $("name").readOnly = false;
  $("form-head").textContent = "Add an account";
  $("save").textContent = "Add";
  $("password-hint").textContent = "It is never shown again.";
  $("cancel").hidden = true;
}

function formFields() {
  const text = (id) => $(id).value.trim();
  const port = text("port");
  const greetings = text("greeting").split("\n").map((each) => each.trim()).filter(Boolean);
  return {
    user: text("user"), server: port ? `${text("server")}:${port}` : text("server"),
    display_name: text("display_name"), agent: text("agent"), auto_answer: $("auto_answer").checked,
    greeting: greetings.length ? greetings : null,
  };
}

async function save() {
  let fields = formFields();
  if (edited) { // only what was changed: an account may have more than the form shows
    const changed = ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]);
    fields = Object.fromEntries(Object.entries(fields).filter(changed));
  }
  if ($("password").value) fields.password = $("password").value;
  const name = edited || $("name").value.trim();
  $("save").disabled = true;
  const done = edited ? await act("PATCH", `/${name}`, fields) : await act("POST", "", { name, ...fields });
  $("save").disabled = false;
  if (!done) return;
  say(edited ? `${name} is changed` : `${name} is added`);
  clear();
}

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, $("key").value.trim());
  tell("");
  look();
});
$("account").addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
$("cancel").addEventListener("click", clear);
$("leave").addEventListener("click", () => locked(""));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !$("inside").hidden) look();
});
if (sessionStorage.getItem(KEY)) look();
