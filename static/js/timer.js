// The practice timer: shows the time, rings at the end, and stores a finish that could not be sent. Elapsed time is
// computed from the server's timestamps, so a reload, a closed tab or a locked screen loses nothing.

const PING_MS = 20_000;
const RETRY_MS = 15_000;
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;
const STORED = "nrghax.finish.";

const title = document.title;
let timer = null; // the state of the running session
let audio = null;
let bell = null; // the bell that is scheduled on the audio clock
let screenLock = null;
let lastPing = 0;
let lastRetry = 0;
let isSending = false;
let isLeaving = false; // true while the browser loads the page after a finish

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
    isKept: false, // finished on this device, but not yet sent to the server
    minutesLabel: find("clock-label").textContent,
  };
  timer.wasDone = elapsed() >= timer.planned;
  timer.announcedAt = elapsed();
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

/** Return the seconds practised, without pauses. */
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
    announceProgress(seconds);
    if (Date.now() - lastPing >= PING_MS && document.visibilityState === "visible") ping();
  }
  find("toggle").hidden = timer.isKept || (isDone && !timer.pausedAt);
  find("finish-label").textContent = isDone ? `Finish at ${inMinutes(timer.planned)}` : "Finish";
  find("overtime").hidden = -remaining < 60;
  find("overtime").textContent = `Count all ${inMinutes(seconds)}`;
  find("bell").hidden = audio?.state === "running" || isDone;
  if (readStored(timer.id) && Date.now() - lastRetry >= RETRY_MS) sendStored();
}

/** Announce the halfway point and the last minute to screen readers. */
function announceProgress(seconds) {
  const hasPassed = (moment) => timer.announcedAt < moment && seconds >= moment;
  if (timer.planned >= 300 && hasPassed(timer.planned / 2)) announce("Halfway there");
  if (timer.planned > 120 && hasPassed(timer.planned - 60)) announce("One minute left");
  timer.announcedAt = seconds;
}

function end() {
  timer.wasDone = true;
  announce("Time is up");
  // Browsers refuse to vibrate before the first tap on the page, and log an error.
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([200, 150, 200]);
  // The audio clock stops while the device sleeps, so the scheduled bell may be late. Ring now instead.
  if (audio && (!bell || audio.currentTime < bell.at - 0.5)) {
    cancelBell();
    ring(audio.currentTime);
  }
  updateScreenLock();
}

// Sound: a bell is a few decaying sine waves. Browsers allow sound only after a click on the page.

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

/** Schedule the bell on the audio clock: browsers slow down the timers of a hidden page, but not that clock. */
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

// The screen stays on while the practice runs in a visible page.

async function updateScreenLock() {
  const isWanted = timer && !timer.pausedAt && !timer.wasDone && document.visibilityState === "visible";
  if (!isWanted) {
    await screenLock?.release();
    screenLock = null;
  } else if ("wakeLock" in navigator && (!screenLock || screenLock.released)) {
    try {
      screenLock = await navigator.wakeLock.request("screen");
    } catch {
      // A battery saver may refuse. The practice counts without the lock too.
    screenLock = null;
    }
  }
}

// Heartbeats: an abandoned practice counts up to its last one.

const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
const body = (fields = {}) => new URLSearchParams({ csrfmiddlewaretoken: token(), ...fields });

async function ping() {
  lastPing = Date.now();
  const pinged = timer;
  try {
    const response = await fetch(pinged.ping, { method: "POST", body: body(), redirect: "manual" });
    // Ignore the response if a finish was sent meanwhile: a reload would cancel the navigation to the next page.
    if (timer !== pinged || isSending || isLeaving) return;
    // The session was paused, finished or discarded in another tab: reload to show its state.
    if (response.status === 404) location.reload();
    if (!response.ok) return;
    const { state, now } = await response.json();
    timer.offset = now - Date.now();
    if (state !== "running" && !readStored(timer.id)) location.reload();
  } catch {
    // Offline: the next ping will do.
  }
}

function lastPingBeforeLeaving() {
  if (timer && !timer.pausedAt) navigator.sendBeacon(timer.ping, body());
}

// Finishing. The end time stays on the device until the server has stored it. The server stores it only once.

async function finish(event) {
  event.preventDefault();
  if (isSending) return;
  const form = event.target;
  // After the bell, the first button is "Finish at 10 minutes". Only the second button counts the extra time.
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

/** Send a stored finish. Resolves to "sent", "offline", "gone" (there is no such session) or "refused". */
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
    else await send(id, kept); // a finish that the server doesn't accept expires after KEEP_MS
  }
}

function markKept(kept) {
  timer.pausedAt = Date.parse(kept.endedAt);
  timer.section.dataset.state = "done";
  timer.isKept = find("discard").hidden = true;
  cancelBell();
  updateScreenLock();
  note("We can't reach the server. Your practice is kept on this device and saved as soon as you're back online.");
}

function note(text) {
  find("timer-note").hidden = false;
  find("timer-note").textContent = text;
}

function store(id, finish) {
  try {
    localStorage.setItem(STORED + id, JSON.stringify(finish));
  } catch {
    // Storage may be full or forbidden. The form's own request still works.
  }
}

function readStored(id) {
  try {
    return JSON.parse(localStorage.getItem(STORED + id));
  } catch {
    return null;
  }
}

// Before the start, the ring shows the chosen minutes.

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
  lastPing = 0; // a restored page may be out of date: ping at once
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "timer") return;
  document.title = title;
  start();
});
document.addEventListener("htmx:sendError", () => {
  if (timer) note("We can't reach the server. The timer keeps running. Please try again in a moment.");
});

start();
sendStored();
setInterval(tick, 250);
