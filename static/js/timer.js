// Shows the time of a practice, rings at its end, and keeps a finish that could not be sent. What counts is on the
// server: elapsed time is computed from its timestamps, so that a reload, a closed tab or a locked screen cost nothing.

const PING_MS = 20_000;
const RETRY_MS = 15_000;
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;
const STORED = "nrghax.finish.";

const title = document.title;
let timer = null; // what the page says of the running session
let audio = null;
let bell = null; // the bell that is scheduled on the sound card's own clock
let screenLock = null;
let lastPing = 0;
let lastRetry = 0;
let isSending = false;
let isLeaving = false; // for the page that a finish leads to

const find = (id) => document.getElementById(id);
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

function start() {
  const section = find("timer");
  if (!section?.dataset.session) {
    timer = null;
    cancelBell();
    updateScreenLock();
    if (section) showPlanned(section);
    return;
  }
  const data = section.dataset;
  timer = {
    section,
    id: data.session,
    ping: data.ping,
    offset: Number(data.now) - Date.now(),
    started: Number(data.started),
    pausedAt: Number(data.paused) || null,
    pausedSeconds: Number(data.pausedSeconds),
    planned: Number(data.planned),
    isKept: false, // finished, but not yet known to the server
    minutesLabel: find("clock-label").textContent,
  };
  timer.wasDone = elapsed() >= timer.planned;
  timer.said = elapsed();
  find("finish").addEventListener("submit", finish);
  find("overtime").addEventListener("click", () => find("finish").requestSubmit());
  find("bell").addEventListener("click", () => find("finish").querySelector("button").focus());
  const kept = readStored(timer.id);
  if (kept) markKept(kept);
  scheduleBell();
  updateScreenLock();
  tick();
}

const serverNow = () => Date.now() + timer.offset;

/** Seconds practised, without pauses. */
function elapsed() {
  return Math.max(0, ((timer.pausedAt ?? serverNow()) - timer.started) / 1000 - timer.pausedSeconds);
}

function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(seconds / 60))}:${two(Math.floor(seconds % 60))}`;
}

function inMinutes(seconds) {
  const count = Math.floor(seconds / 60);
  return `${count} minute${count === 1 ? "" : "s"}`;
}

function tick() {
  if (!timer) return;
  const seconds = elapsed();
  const remaining = timer.planned - seconds;
  const isDone = remaining <= 0;
  const shown = isDone ? `+${clock(-remaining)}` : clock(Math.ceil(remaining));
  find("clock").textContent = shown;
  find("ring").setAttribute("stroke-dasharray", `${Math.min(100, (seconds / timer.planned) * 100)} 100`);
  if (timer.pausedAt) {
    document.title = `Paused · ${title}`;
  } else {
    document.title = `${shown} · ${title}`;
    timer.section.dataset.state = isDone ? "done" : "running";
    find("clock-label").textContent = isDone ? "Well done" : timer.minutesLabel;
    if (isDone && !timer.wasDone) end();
    sayWhereWeAre(seconds);
    if (Date.now() - lastPing >= PING_MS && document.visibilityState === "visible") ping();
  }
  find("toggle").hidden = timer.isKept || (isDone && !timer.pausedAt);
  find("finish-label").textContent = isDone ? `Finish at ${inMinutes(timer.planned)}` : "Finish";
  find("overtime").hidden = -remaining < 60;
  find("overtime").textContent = `Count all ${inMinutes(seconds)}`;
  find("bell").hidden = audio?.state === "running" || isDone;
  if (readStored(timer.id) && Date.now() - lastRetry >= RETRY_MS) sendStored();
}

/** A few words at few moments, for those who hear the page. */
function sayWhereWeAre(seconds) {
  const passed = (moment) => timer.said < moment && seconds >= moment;
  if (timer.planned >= 300 && passed(timer.planned / 2)) announce("Half way");
  if (timer.planned > 120 && passed(timer.planned - 60)) announce("One minute left");
  timer.said = seconds;
}

function end() {
  timer.wasDone = true;
  announce("Time is up");
  // Browsers refuse to shake before the page was touched, and say so in the console.
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([200, 150, 200]);
  // A device that slept has a sound card that slept too: its bell is still to come.
  if (audio && (!bell || audio.currentTime < bell.at - 0.5)) {
    cancelBell();
    ring(audio.currentTime);
  }
  updateScreenLock();
}

// Sound: a bell is a few decaying sine waves. Browsers want to be touched first: any click on the page will do.

function unlockSound() {
  if (audio?.state === "running" || !find("timer")) return;
  audio ??= new AudioContext();
  audio.resume().then(() => {
    scheduleBell();
    tick();
  });
}

function ring(at) {
  const gain = audio.createGain();
  gain.connect(audio.destination);
  gain.gain.setValueAtTime(0.0001, at);
  gain.gain.exponentialRampToValueAtTime(0.35, at + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + 5);
  const voices = [1, 2.76, 5.4].map((ratio, index) => {
    const voice = audio.createOscillator();
    const level = audio.createGain();
    voice.frequency.value = 392 * ratio;
    level.gain.value = 1 / (index * 3 + 1);
    voice.connect(level).connect(gain);
    voice.start(at);
    voice.stop(at + 5);
    return voice;
  });
  return { at, voices };
}

/** Timers of a hidden page are slowed down, the sound card's clock is not: the bell is given to it in advance. */
function scheduleBell() {
  cancelBell();
  if (!timer || timer.pausedAt || audio?.state !== "running") return;
  const remaining = timer.planned - elapsed();
  if (remaining > 0) bell = ring(audio.currentTime + remaining);
}

function cancelBell() {
  if (bell && audio.currentTime < bell.at) for (const voice of bell.voices) voice.stop();
  bell = null;
}

// The screen stays on while the practice runs and is looked at.

async function updateScreenLock() {
  const isWanted = timer && !timer.pausedAt && !timer.wasDone && document.visibilityState === "visible";
  if (!isWanted) {
    await screenLock?.release();
    screenLock = null;
  } else if ("wakeLock" in navigator && (!screenLock || screenLock.released)) {
    try {
      screenLock = await navigator.wakeLock.request("screen");
    } catch {
      screenLock = null; // a battery saver may refuse; the practice counts all the same
    }
  }
}

// Signs of life: what an abandoned practice counts up to.

const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
const body = (fields = {}) => new URLSearchParams({ csrfmiddlewaretoken: token(), ...fields });

async function ping() {
  lastPing = Date.now();
  const asked = timer;
  try {
    const response = await fetch(asked.ping, { method: "POST", body: body(), redirect: "manual" });
    // An answer that was overtaken by a finish must not call the page back that is on its way.
    if (timer !== asked || isSending || isLeaving) return;
    // Paused, finished or discarded in another tab: show what is.
    if (response.status === 404) location.reload();
    if (!response.ok) return;
    const { state, now } = await response.json();
    timer.offset = now - Date.now();
    if (state !== "running" && !readStored(timer.id)) location.reload();
  } catch {
    // Offline: the next one will do.
  }
}

function lastPingBeforeLeaving() {
  if (timer && !timer.pausedAt) navigator.sendBeacon(timer.ping, body());
}

// Finishing. The moment is kept on the device until the server has it; the server stores it once.

async function finish(event) {
  event.preventDefault();
  if (isSending) return;
  const form = event.target;
  // The button says "Finish at 10 minutes" once the bell has rung; only the other one counts the extra time.
  const extra = event.submitter && !timer.pausedAt ? Math.max(0, elapsed() - timer.planned) : 0;
  const endedAt = readStored(timer.id)?.endedAt ?? new Date(serverNow() - extra * 1000).toISOString();
  const kept = { url: form.action, endedAt, keptAt: Date.now() };
  form.elements.ended_at.value = endedAt;
  event.submitter?.setAttribute("aria-busy", "true");
  store(timer.id, kept);
  const answer = await send(timer.id, kept);
  if (answer === "refused") form.submit();
  if (answer === "offline") markKept(kept);
  if (answer === "gone") {
    localStorage.removeItem(STORED + timer.id);
    location.reload();
  }
  event.submitter?.removeAttribute("aria-busy");
}

/** Send a kept finish; resolves to "sent", "offline", "gone" (there is no such session) or "refused". */
async function send(id, kept) {
  lastRetry = Date.now();
  isSending = true;
  try {
    const response = await fetch(kept.url, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: body({ ended_at: kept.endedAt }),
      redirect: "manual",
    });
    if (response.status === 404) return "gone";
    if (!response.ok) return response.status >= 500 ? "offline" : "refused";
    const { url } = await response.json();
    localStorage.removeItem(STORED + id);
    if (timer?.id === id) {
      isLeaving = true;
      location.assign(url);
    }
    return "sent";
  } catch {
    return "offline";
  } finally {
    isSending = false;
  }
}

async function sendStored() {
  if (isSending) return;
  lastRetry = Date.now();
  for (const key of Object.keys(localStorage).filter((name) => name.startsWith(STORED))) {
    const id = key.slice(STORED.length);
    const kept = readStored(id);
    if (!kept || Date.now() - kept.keptAt > KEEP_MS) localStorage.removeItem(key);
    else await send(id, kept); // what is gone, or another member's, is forgotten with time
  }
}

function markKept(kept) {
  timer.pausedAt = Date.parse(kept.endedAt);
  timer.section.dataset.state = "done";
  timer.isKept = find("discard").hidden = true;
  cancelBell();
  updateScreenLock();
  note("We cannot be reached. The practice is finished and kept on this device; it is sent as soon as you are online.");
}

function note(text) {
  find("timer-note").hidden = false;
  find("timer-note").textContent = text;
}

function store(id, finish) {
  try {
    localStorage.setItem(STORED + id, JSON.stringify(finish));
  } catch {
    // Storage may be full or forbidden: then the form's own request is all there is.
  }
}

function readStored(id) {
  try {
    return JSON.parse(localStorage.getItem(STORED + id));
  } catch {
    return null;
  }
}

// Before the start: the ring shows the minutes that are chosen.

function showPlanned(section) {
  const minutes = section.querySelector("input[name=minutes]");
  minutes?.addEventListener("input", () => {
    if (minutes.validity.valid && minutes.value) find("clock").textContent = clock(minutes.value * 60);
  });
}

document.addEventListener("click", unlockSound);
document.addEventListener("visibilitychange", () => {
  updateScreenLock();
  if (document.visibilityState === "hidden") lastPingBeforeLeaving();
  tick();
});
window.addEventListener("pagehide", lastPingBeforeLeaving);
window.addEventListener("online", sendStored);
window.addEventListener("pageshow", () => {
  isLeaving = false;
  lastPing = 0; // a page that comes back may be out of date: ask at once
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "timer") return;
  document.title = title;
  start();
});
document.addEventListener("htmx:sendError", () => {
  if (timer) note("We cannot be reached. The timer goes on; please try again in a moment.");
});

start();
sendStored();
setInterval(tick, 250);
