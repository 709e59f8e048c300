// The panel. Everything that others have written is put in as text, never as HTML.
"use strict";

const $ = (id) => document.getElementById(id);
const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const ANSWER_MS = 15_000, LONG_MS = 300_000; // what is asked in words is answered when it has been spoken
const POLL_MS = 10_000; // for what no event tells, and to notice that the box has gone
const HIDDEN_MS = 20_000; // whoever does not look needs no events
const BARS = 100, WORDS = 60, NEWS = 40;

let socket = null, tries = 0, last = 0, poll = 0, retry = 0, hiding = 0, since = 0, allowed = false;
const waiting = new Map();

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// -- the line to the box ----------------------------------------------------------------------------

async function connect() {
  clearTimeout(retry);
  if (socket || document.hidden) return;
  let session;
  try {
    session = await fetch("/session", { signal: AbortSignal.timeout(5000) });
  } catch {
    return gone("The box does not answer. Is it switched on, and is this device at home?");
  }
  if (session.status === 401) return login();
  if (!session.ok || socket) return gone("The box does not let this page in.");
  let opened = false;
  const line = new WebSocket(`ws://${location.host}/live`);
  socket = line;
  line.onmessage = (message) => {
    if (!opened) { opened = true; here(); }
    hear(JSON.parse(message.data));
  };
  line.onclose = () => {
    if (socket !== line) return;
    socket = null;
    for (const { refuse } of waiting.values()) refuse(new Error("the box has gone"));
    waiting.clear();
    if (!document.hidden) gone(opened ? "The box has gone. It may be starting anew." : "The box has no room for another page: close one.");
  };
}

function here() {
  tries = 0;
  $("login").hidden = $("away").hidden = true;
  $("main").hidden = $("main").inert = false;
  $("main").classList.remove("stale");
  show("here", "connected");
  refresh();
  clearInterval(poll);
  poll = setInterval(() => ask({ do: "status" }).then(status, () => socket?.close()), POLL_MS);
}

function gone(why) {
  clearInterval(poll);
  show("away", "not connected");
  $("main").inert = true;
  $("main").classList.add("stale");
  const seen = since ? ` What you see is from ${clock(since)}.` : "";
  $("away").textContent = `${why}${seen}`;
  $("away").hidden = false;
  quieten();
  retry = setTimeout(connect, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
}

function show(state, text) {
  $("link").dataset.state = state;
  $("link-text").textContent = text;
}

function login() {
  clearInterval(poll);
  show("away", "not logged in");
  $("main").hidden = $("away").hidden = $("leave").hidden = true;
  $("login").hidden = false;
  $("password").focus();
}

$("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const bytes = new TextEncoder().encode($("password").value);
  const word = btoa(String.fromCharCode(...bytes));
  $("login-error").textContent = "";
  let answer;
  try {
    answer = await fetch("/session", { headers: { Authorization: `Password ${word}` } });
  } catch {
    $("login-error").textContent = "The box does not answer. Try again.";
    return;
  }
  $("password").value = "";
  if (answer.ok) return connect();
  $("login-error").textContent = answer.status === 429
    ? `Too many tries. Wait ${answer.headers.get("Retry-After")} seconds.` : "That is not the password.";
  $("password").focus();
});

$("leave").addEventListener("click", async () => {
  await fetch("/leave").catch(() => {});
  const line = socket;
  socket = null;
  line?.close();
  login();
});

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (!document.hidden) return connect();
  hiding = setTimeout(() => socket?.close(), HIDDEN_MS);
});

function ask(body, limit = ANSWER_MS) {
  return new Promise((take, refuse) => {
    if (socket?.readyState !== WebSocket.OPEN) return refuse(new Error("the box is not there"));
    const id = ++last;
    const timer = setTimeout(() => { waiting.delete(id); refuse(new Error("no answer")); }, limit);
    waiting.set(id, { take: (answer) => { clearTimeout(timer); take(answer); }, refuse: (error) => { clearTimeout(timer); refuse(error); } });
    socket.send(JSON.stringify({ id, ...body }));
  });
}

// Do it, and say why it could not be done.
async function act(body, limit) {
  let answer;
  try {
    answer = await ask(body, limit);
  } catch (error) {
    answer = { ok: false, error: error.message };
  }
  $("notice").textContent = answer.ok ? "" : answer.error + (answer.remedy ? `: ${answer.remedy}` : "");
  return answer;
}

function refresh() {
  ask({ do: "status" }).then(status, () => {});
  ask({ do: "scene" }).then(scenes, () => {});
  ask({ do: "history" }).then(history, () => {});
}

const soon = {}; // several events in a row are one look
function later(name, look, ms = 120) {
  clearTimeout(soon[name]);
  soon[name] = setTimeout(look, ms);
}

// -- what it says -----------------------------------------------------------------------------------

function hear(told) {
  since = Date.now();
  if ("id" in told) {
    const { id, ...answer } = told;
    waiting.get(id)?.take(answer);
    waiting.delete(id);
    return;
  }
  const look = () => ask({ do: "status" }).then(status, () => {});
  switch (told.kind) {
    case "hello":
      allowed = told.transcript;
      $("leave").hidden = !told.locked;
      $("no-words").textContent = allowed ? "" : "What is said is not shown here; [panel] transcript changes that.";
      return;
    case "level": return level(told);
    case "phase": mood(told.mood); break;
    case "transcript": words(told.who, told.text, told.turn); return;
    case "turn": later("history", () => ask({ do: "history" }).then(history, () => {})); break;
    case "mute": muted(told.state === "on"); break;
    case "microphone": quieten(); break;
  }
  later("status", look);
  const text = phrase(told);
  if (text) news(text, told.at);
}

function phrase(told) {
  const name = told.name ? ` “${told.name}”` : "";
  switch (told.kind) {
    case "lights": return Object.entries(told.lights ?? {}).map(([light, state]) => `${light}: ${Object.values(state).join(", ")}`).join("; ");
    case "timer": return `timer${name || ` ${told.number}`} ${told.state}`;
    case "line": return told.state === "down" ? `line down: ${told.why}${told.advice ? `; ${told.advice}` : ""}` : `line ${told.state}`;
    case "turn": {
      const ms = told.speech_end_to_first_sample;
      return `turn ${told.turn} ${told.outcome}${ms === undefined ? "" : `, after ${seconds(ms)}`}`;
    }
    case "lost": return `lost: ${told.count} ${told.what}`;
    case "trouble": return `${told.what}${told.reason ? `: ${told.reason}` : ""}`;
    case "microphone": case "speaker": case "camera": return `${told.kind} ${told.state}${told.reason ? `: ${told.reason}` : ""}`;
    case "mute": return told.state === "on" ? "muted" : "unmuted";
    case "conversation": return `conversation ${told.state}`;
    case "barge-in": return `turn ${told.turn} was spoken over`;
    case "budget": return `the ${told.limit} limit of the budget is reached`;
    case "countdown": return `${told.to} in ${told.in_s} s: the button is held`;
    case "call": return `function ${told.name} called`;
  }
  return "";
}

function news(text, at) {
  $("no-news").hidden = true;
  $("news").prepend(make("li", {}, make("time", { datetime: at }, clock(Date.parse(at))), make("span", {}, text)));
  while ($("news").children.length > NEWS) $("news").lastChild.remove();
}

const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const seconds = (ms) => `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`;

// -- now --------------------------------------------------------------------------------------------

const REASONS = {
  idle: "Tap Talk, or hold it while you speak. The button on the box does the same.", listening: "Speak. It notices when you have finished.",
  "follow-up": "You may go on without a press.", thinking: "It has heard you.", speaking: "Talk interrupts it.",
  connecting: "You may speak: it is kept.", muted: "The microphone is closed. Unmute opens it.",
  "timer ringing": "Stop silences it.", starting: "It will be ready at once.",
};

function mood(name, trouble) {
  if ($("mood").textContent !== name) $("mood").textContent = name;
  $("orb").dataset.mood = name;
  $("why").textContent = trouble ? `${trouble.what}${trouble.advice ? `: ${trouble.advice}` : ""}` : REASONS[name] ?? "";
}

function muted(on) {
  $("mute").setAttribute("aria-pressed", on);
  $("mute").textContent = on ? "Unmute" : "Mute";
  if (on) quieten();
  $("ear").dataset.muted = on ? "microphone closed" : "";
}

function status(found) {
  if (!found.ok) return;
  mood(found.phase, found.trouble);
  muted(found.muted);
  $("ear").textContent = found.muted ? "microphone closed" : found.microphone === "open" ? "" : found.microphone;
  if (!held("volume")) { $("volume").value = found.volume; $("volume-shown").textContent = `${found.volume} %`; }
  lights(found.lights ?? {});
  timers(found);
  steps(found.turns_ms ?? {});
  usage(found.usage);
}

// As the button of the box: a tap, or held for as long as somebody speaks. Of a click that no finger made (the keyboard's)
// nobody knows how long it is: it is a tap.
const talk = $("talk");
talk.addEventListener("pointerdown", (event) => {
  if (event.button || talk.dataset.pressed) return;
  talk.setPointerCapture(event.pointerId);
  talk.dataset.pressed = event.pointerId;
  act({ do: "press" });
});
function lift(event) {
  if (talk.dataset.pressed !== String(event.pointerId)) return;
  delete talk.dataset.pressed;
  ask({ do: "release" }).catch(() => {});
}
for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) talk.addEventListener(end, lift);
talk.addEventListener("contextmenu", (event) => event.preventDefault());
talk.addEventListener("click", (event) => { if (!event.detail) act({ do: "talk" }); });
$("cancel").addEventListener("click", () => act({ do: "cancel" }));
$("mute").addEventListener("click", async () => {
  const answer = await act({ do: $("mute").getAttribute("aria-pressed") === "true" ? "unmute" : "mute" });
  if (answer.ok) muted(answer.muted);
});

// A slider sends while it is moved, but not more often than a person can tell; what the box says does not move it then.
const moved = {};
const held = (key) => Date.now() - (moved[key]?.at ?? 0) < 800;
function slide(key, value, send) {
  const state = (moved[key] ??= { at: 0, timer: 0 });
  state.at = Date.now();
  state.value = value;
  state.timer ||= setTimeout(() => { state.timer = 0; send(state.value); }, 150);
}

$("volume").addEventListener("input", () => {
  $("volume-shown").textContent = `${$("volume").value} %`;
  slide("volume", Number($("volume").value), (level) => act({ do: "volume", level }));
});

// -- level and speech -------------------------------------------------------------------------------

const strip = Array(BARS).fill({ level: 0, speech: false });
let heard = 0;

function level(told) {
  strip.push({ level: told.level, speech: told.speech });
  strip.shift();
  $("orb").style.setProperty("--level", told.level / 10);
  draw();
  clearTimeout(heard);
  heard = setTimeout(quieten, 1500);
}

function quieten() {
  clearTimeout(heard);
  $("orb").style.setProperty("--level", 0);
  strip.fill({ level: 0, speech: false });
  draw();
}

function draw() {
  const canvas = $("strip"), pen = canvas.getContext("2d"), style = getComputedStyle(canvas);
  const sound = style.getPropertyValue("--sound"), speech = style.getPropertyValue("--speech");
  const width = canvas.width / BARS, height = canvas.height;
  pen.clearRect(0, 0, canvas.width, height);
  strip.forEach((bar, n) => {
    const tall = Math.max(3, (bar.level / 10) * (height - 14));
    pen.fillStyle = bar.speech ? speech : sound;
    pen.fillRect(n * width + 1, height - 8 - tall, width - 2, tall);
    if (bar.speech) pen.fillRect(n * width, height - 4, width, 4);
  });
}

// -- lights -----------------------------------------------------------------------------------------

const lamps = new Map();

function lights(found) {
  const names = Object.keys(found);
  if (names.join("\n") !== [...lamps.keys()].join("\n")) {
    lamps.clear();
    $("lights").replaceChildren(...names.map((name) => lamp(name, found[name])));
    if (!names.length) $("lights").append(make("li", { class: "hint" }, "No lights are configured."));
  }
  for (const name of names) lamps.get(name)(found[name]);
}

function lamp(name, first) {
  const set = (change) => act({ do: "lights", name, change });
  const kind = "colour" in first ? "colour" : "brightness" in first ? "dimmer" : "switch";
  const small = make("small", {}, kind);
  const toggle = make("button", { type: "button", class: "switch", role: "switch", "aria-label": name, onclick: () => set(toggle.getAttribute("aria-checked") === "true" ? "off" : "on") });
  const row = make("div", { class: "item" }, make("div", {}, name, small));
  const item = make("li", {}, row);
  let colour, range, shown;
  if (kind === "colour") {
    colour = make("input", { type: "color", "aria-label": `colour of ${name}`, oninput: () => slide(`${name} colour`, colour.value, set) });
    row.append(colour);
  }
  row.append(toggle);
  if (kind !== "switch") {
    range = make("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": `brightness of ${name}`, oninput: () => { shown.textContent = `${range.value} %`; slide(`${name} brightness`, range.value, set); } });
    shown = make("output", {});
    item.append(make("div", { class: "field" }, range, shown));
  }
  lamps.set(name, (state) => {
    const on = state.power === "on";
    toggle.setAttribute("aria-checked", on);
    small.textContent = kind + (state.effect ? `, ${state.effect === "blink" ? "blinks" : "breathes"}` : "");
    if (colour && !held(`${name} colour`)) colour.value = state.colour;
    if (range && !held(`${name} brightness`)) {
      range.value = on ? state.brightness : 0;
      shown.textContent = on ? `${state.brightness} %` : "off";
    }
  });
  return item;
}

function scenes(found) {
  const names = found.scenes ?? [], shown = [...$("scenes").children].map((button) => button.textContent);
  if (JSON.stringify(names) === JSON.stringify(shown)) return;
  $("scenes-box").hidden = !names.length;
  $("scenes").replaceChildren(...names.map((name) => make("button", { type: "button", onclick: () => act({ do: "scene", name }) }, name)));
}

// -- the conversation -------------------------------------------------------------------------------

function words(who, text, turn) {
  const box = $("words"), former = box.lastElementChild;
  const low = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  if (former?.dataset.who === who && former.dataset.turn === String(turn)) {
    former.lastChild.textContent += text;
  } else {
    box.append(make("li", { class: who, "data-who": who, "data-turn": turn }, make("small", {}, who === "person" ? "you" : "the box"), make("span", {}, text.trimStart())));
  }
  while (box.children.length > WORDS) box.firstChild.remove();
  if (low) box.scrollTop = box.scrollHeight;
}

$("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("question").value.trim();
  if (!text) return;
  $("question").value = "";
  words("person", text, `asked ${last}`);
  const answer = await act({ do: "ask", text }, LONG_MS);
  if (!allowed && answer.ok) words("model", answer.answer || "(it chose to say nothing)", `answered ${last}`);
  if (!answer.ok) words("model", `No answer: ${answer.error}`, `failed ${last}`);
});

// -- timers -----------------------------------------------------------------------------------------

let rows = ""; // what is shown: a button that is replaced under a finger is never clicked

function timers(found) {
  const now = Date.now();
  const shape = JSON.stringify([found.ringing, (found.timers ?? []).map(({ left_s, left, ...rest }) => [rest, left_s === undefined])]);
  if (shape === rows) {
    for (const timer of found.timers ?? []) {
      const time = $("timers").querySelector(`[data-number="${timer.number}"]`);
      if (timer.left_s !== undefined) time.dataset.end = now + timer.left_s * 1000;
    }
    return;
  }
  rows = shape;
  const items = (found.ringing ?? []).map((name) => make("li", {}, make("div", { class: "item" }, make("strong", {}, `${name} rings`), make("button", { type: "button", onclick: () => act({ do: "cancel" }) }, "Silence"))));
  for (const timer of found.timers ?? []) {
    const name = timer.name || `timer ${timer.number}`;
    const does = timer.kind === "ring" ? "rings" : `sets ${(timer.args.names ?? []).join(", ") || "lights"}`;
    const at = timer.at ? ` at ${timer.at}${timer.daily ? " every day" : ""}` : "";
    const time = make("span", { class: "time", "data-number": timer.number });
    if (timer.left_s !== undefined) { time.dataset.end = now + timer.left_s * 1000; time.textContent = left(timer.left_s); }
    items.push(make("li", {}, make("div", { class: "item" }, make("div", {}, name, make("small", {}, does + at)), time,
      make("button", { type: "button", "aria-label": `cancel ${name}`, onclick: () => act({ do: "timers", cancel: String(timer.number) }) }, "Cancel"))));
  }
  if (!items.length) items.push(make("li", { class: "hint" }, "None is set."));
  $("timers").replaceChildren(...items);
}

function left(s) {
  const two = (n) => String(n).padStart(2, "0"), whole = Math.max(0, Math.round(s));
  const h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60;
  return h ? `${h}:${two(m)}:${two(whole % 60)}` : `${m}:${two(whole % 60)}`;
}

setInterval(() => {
  if (document.hidden || $("main").inert) return;
  for (const time of $("timers").querySelectorAll("[data-end]")) time.textContent = left((time.dataset.end - Date.now()) / 1000);
}, 1000);

$("timer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = $("timer-name").value.trim();
  const answer = await act({ do: "set_timer", seconds: Number($("minutes").value) * 60, ...(name ? { name } : {}) });
  if (answer.ok) { $("timer").reset(); timers(answer); }
});

// -- plots ------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";
function draws(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Bars with a scale at the left, and a dashed line at `middle`.
function plot(place, bars, { label, unit, middle, least = 1 }) {
  const [W, H, L, B, T] = [320, 130, 38, 18, 8];
  const svg = draws("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": label });
  const most = Math.max(least, ...bars.map((bar) => bar.value));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * 10 ** Math.floor(Math.log10(most / 2))).find((n) => most / n <= 3) ?? most;
  const top = Math.ceil(most / step) * step, y = (value) => H - B - (value / top) * (H - B - T);
  for (let value = 0; value <= top + step / 2; value += step) {
    svg.append(draws("line", { class: "axis", x1: L, x2: W, y1: y(value), y2: y(value) }), draws("text", { x: L - 5, y: y(value) + 4, "text-anchor": "end" }, unit(value)));
  }
  const wide = Math.min(24, (W - L) / Math.max(bars.length, 1)), gap = wide > 4 ? 1.5 : 0.5;
  bars.forEach((bar, n) => {
    const rect = draws("rect", { class: bar.dim ? "bar dim" : "bar", x: L + n * wide + gap / 2, width: wide - gap, y: y(bar.value), height: Math.max(0, H - B - y(bar.value)), rx: Math.min(2, wide / 4) });
    rect.append(draws("title", {}, bar.title));
    svg.append(rect);
    if (bar.mark) svg.append(draws("text", { x: L + n * wide, y: H - 4 }, bar.mark));
  });
  if (middle !== undefined) svg.append(draws("line", { class: "mid", x1: L, x2: W, y1: y(middle), y2: y(middle) }));
  place.replaceChildren(svg);
}

function sum(place, number, text) {
  place.replaceChildren(...(number ? [make("b", {}, number), ` ${text}`] : [text]));
}

function history(found) {
  if (!found.ok) return;
  const times = found.turns.map((turn) => turn.speech_end_to_first_sample).filter((ms) => ms !== undefined).slice(-50);
  if (times.length) {
    const sorted = [...times].sort((a, b) => a - b), middle = (sorted[(times.length - 1) >> 1] + sorted[times.length >> 1]) / 2;
    sum($("quick-sum"), seconds(middle), `from your last word to its first: the middle of ${times.length}`);
    plot($("quick"), times.map((ms, n) => ({ value: ms, title: seconds(ms), mark: n ? "" : "older" })), {
      label: `The last ${times.length} answers began after ${times.map(seconds).join(", ")}`, unit: (ms) => `${(ms / 1000).toFixed(1)} s`, middle, least: 500,
    });
  } else {
    sum($("quick-sum"), "", "Nobody has spoken to it since it started.");
    $("quick").replaceChildren();
  }
  const days = Object.entries(found.days).slice(-31);
  $("cost").replaceChildren();
  if (days.some(([, use]) => use.total)) {
    plot($("cost"), days.map(([day, use], n) => ({ value: use.total, dim: n < days.length - 1, title: `${day}: ${use.total} tokens in ${many(use.turns, "turn")}`, mark: n % 7 ? "" : day.slice(5) })), {
      label: `Tokens by day: ${days.map(([day, use]) => `${day} ${use.total}`).join(", ")}`, unit: short, least: 100,
    });
  }
}

const many = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
const short = (n) => (n >= 1e6 ? `${+(n / 1e6).toFixed(1)} M` : n >= 1000 ? `${+(n / 1000).toFixed(1)} k` : String(Math.round(n)));

function usage(found) {
  if (!found) return;
  const most = found.budget.hard_tokens_day, minutes = (ms) => (ms / 60000).toFixed(1);
  const today = found.today, month = found.month;
  sum($("cost-sum"), short(today.total), `tokens today in ${many(today.turns, "turn")}${most ? `, of ${short(most)}` : ""}`);
  const limit = found.verdict === "fine" ? "" : ` The ${found.verdict} limit of the budget is reached.`;
  $("cost-month").textContent = `${minutes(today.heard_ms)} min sent and ${minutes(today.spoken_ms)} min answered today; ${short(month.total)} tokens in ${many(month.turns, "turn")} this month.${limit}`;
}

function steps(found) {
  $("steps").replaceChildren(...Object.entries(found).map(([name, step]) =>
    make("tr", {}, make("td", {}, name.replaceAll("_", " ")), ...["median", "p95", "p99"].map((key) => make("td", {}, seconds(step[key]))))));
}

// -- the doctor -------------------------------------------------------------------------------------

$("doctor").addEventListener("click", async () => {
  $("doctor").disabled = true;
  $("doctor-sum").textContent = "The doctor is looking. This takes a while.";
  $("findings").replaceChildren();
  const answer = await ask({ do: "doctor" }, 120_000).catch((error) => ({ ok: false, error: error.message }));
  $("doctor").disabled = false;
  if (!answer.ok) {
    $("doctor-sum").textContent = answer.error + (answer.remedy ? `: ${answer.remedy}` : "");
    return;
  }
  const rank = { wrong: 0, odd: 1, fine: 2, skipped: 3 }, count = (state) => answer.checks.filter((one) => one.state === state).length;
  const wrong = count("wrong"), odd = count("odd");
  $("doctor-sum").textContent = wrong ? `Wrong: ${wrong}. Odd: ${odd}.` : odd ? `Nothing is wrong; ${odd} odd.` : "All is well.";
  $("findings").replaceChildren(...answer.checks.sort((a, b) => rank[a.state] - rank[b.state]).map((one) => {
    const more = [one.found, one.means, one.remedy && `→ ${one.remedy}`].filter(Boolean);
    const shown = one.state === "wrong" || one.state === "odd" ? more : more.slice(0, 1);
    return make("li", {}, make("span", { class: `mark ${one.state}` }, one.state), make("b", {}, one.check), make("pre", {}, shown.join("\n")));
  }));
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
connect();
