// The live page: its controls, and what they do.
import { connect } from "./connection.js";
import { Figures } from "./figures.js";
import { Player } from "./player.js";
import { decode, openMicrophone, playRecording } from "./sources.js";
import { SentSound } from "./timeline.js";

const CLOCK_MS = 200; // between two words to the server about how far the page has played
const FRAMES_A_WORD = 3;
const NOTE_MS = 12_000;

const part = (id) => document.getElementById(id);
const controls = ["microphone", "recording", "example", "pause", "interrupt", "portrait"];

let context, player, connection;
let microphone = null;
let recording = null; // what is being sent
let sent = new SentSound();
let said = 0; // place of the last shown frame's sound
let isFirst = true; // whether the delay of a recording is still to be measured
let numFrames = 0;
const figures = new Figures({ delay: part("delay"), offset: part("offset"), rate: part("rate") });

const announce = (name, detail) =>
  document.dispatchEvent(new CustomEvent(`moda-${name}`, { detail }));

function note(text) {
  const line = document.createElement("p");
  line.textContent = text;
  part("notes").append(line);
  while (part("notes").children.length > 4) part("notes").firstChild.remove();
  setTimeout(() => line.remove(), NOTE_MS);
}

function showState() {
  let text = "Listening";
  if (microphone) text = "Microphone is on";
  if (recording) text = "Playing a recording";
  part("state").textContent = text;
}

function showPressed(id, isPressed) {
  part(id).setAttribute("aria-pressed", String(isPressed));
}

function tellTime() {
  const place = player.place();
  if (place !== null && context.state === "running") {
    connection.tell({ type: "clock", place_s: place });
  }
}

const unsaid = () => sent.total - said;
const lag = () => ({ unsaid: unsaid(), spare: player.timeline.spare() });

function send(samples, time) {
  if (!connection.sendSound(samples)) return;
  sent.add(samples.length / context.sampleRate, time);
  announce("sent", { samples, time });
}

function onShown(frame, times) {
  let delay = null;
  if (frame.said !== null) {
    said = Math.max(said, frame.said);
    const sentAt = sent.timeOf(frame.said);
    if (sentAt !== null && (microphone || isFirst)) delay = times.due - sentAt;
    isFirst = false;
  }
  figures.add(delay, times);
  announce("shown", { ...frame, ...times, delay, at: performance.now() });
}

function setVolume(isOn) {
  part("voice").checked = isOn;
  player.volume.gain.value = isOn ? 1 : 0;
}

function restart() {
  said = sent.total; // what was dropped is never shown
  isFirst = true;
  figures.restart();
}

function stopRecording() {
  recording?.stop();
  recording = null;
  part("level").style.transform = "";
  showState();
}

function closeMicrophone() {
  microphone?.stop();
  microphone = null;
  showPressed("microphone", false);
  part("level").style.transform = "";
  showState();
}

async function switchMicrophone() {
  if (microphone) {
    closeMicrophone();
    connection.tell({ type: "end" });
    return;
  }
  if (recording) interrupt();
  restart();
  const showLevel = (level) => (part("level").style.transform = `scaleX(${Math.min(1, level)})`);
  try {
    microphone = await openMicrophone(context, send, lag, showLevel);
  } catch (error) {
    note(`The microphone can't be used (${error.message}). Allow it for this page in the browser.`);
    return;
  }
  setVolume(false); // one hears oneself already
  showPressed("microphone", true);
  showState();
}

async function play(name, read) {
  let samples;
  try {
    samples = await decode(context, await read());
  } catch {
    note(`'${name}' has no sound that the browser can decode. Use a WAV, MP3 or FLAC file.`);
    return;
  }
  if (recording) interrupt();
  if (microphone) closeMicrophone();
  restart();
  setVolume(true);
  const showProgress = (share) => (part("level").style.transform = `scaleX(${share})`);
  recording = playRecording(context, samples, send, unsaid, showProgress, () => {
    connection.tell({ type: "end" });
    stopRecording();
  });
  showState();
}

function interrupt() {
  stopRecording();
  connection.tell({ type: "interrupt", shown: player.interrupt() });
  restart();
}

async function switchPause() {
  const pauses = context.state === "running";
  if (pauses) {
    connection.tell({ type: "pause" });
    await context.suspend();
  } else {
    await context.resume();
    tellTime();
  }
  part("paused").hidden = !pauses;
  showPressed("pause", pauses);
}

function takeFile(file) {
  if (!file) return;
  if (file.type.startsWith("image/")) {
    part("state").textContent = "Preparing the picture";
    connection.sendPicture(file);
  } else {
    play(file.name, () => file.arrayBuffer());
  }
}

function chooseEmotion(emotion) {
  connection.tell({ type: "emotion", emotion });
  showEmotion(emotion);
}

function showEmotion(emotion) {
  for (const button of document.querySelectorAll("#emotions button")) {
    button.setAttribute("aria-pressed", String(button.value === emotion));
  }
}

function addEmotions({ emotions, emotion }) {
  const chips = document.createElement("div");
  chips.className = "chips";
  for (const name of emotions) {
    const button = document.createElement("button");
    button.type = "button";
    button.value = button.textContent = name;
    button.onclick = () => chooseEmotion(name);
    chips.append(button);
  }
  part("emotions").querySelector(".chips")?.remove();
  part("emotions").append(chips);
  showEmotion(emotion);
}

function enable(isOn) {
  for (const id of controls) part(id).disabled = !isOn;
  part("emotions").hidden = false;
  part("emotions").disabled = !isOn;
}

function onWelcome(message) {
  addEmotions(message);
  enable(true);
  showState();
}

function onFrame(frame) {
  announce("frame", frame);
  player.accept(frame);
  numFrames += 1;
  if (numFrames % FRAMES_A_WORD === 1) tellTime();
}

function onClosed() {
  stopRecording();
  closeMicrophone();
  enable(false);
  part("state").textContent = "Not connected";
  note("The connection has ended. Look at the console of 'run.py live', and reload this page.");
}

async function start() {
  part("start").hidden = true;
  part("state").textContent = "Connecting";
  context = new AudioContext({ latencyHint: "interactive" });
  await context.resume();
  await context.audioWorklet.addModule(new URL("worklet.js", import.meta.url));
  player = new Player(context, part("face"), onShown);
  connection = connect(context.sampleRate, {
    welcome: onWelcome,
    frame: onFrame,
    error: ({ text }) => {
      note(text);
      showState();
    },
    portrait: ({ note: text }) => {
      if (text) note(text);
      showState();
    },
    closed: onClosed,
  });
  setInterval(tellTime, CLOCK_MS);
  globalThis.modaLive = { context, player };
}

async function showPortrait() {
  const picture = new Image();
  picture.src = "portrait";
  await picture.decode();
  if (player) return;
  const face = part("face");
  face.width = picture.naturalWidth;
  face.height = picture.naturalHeight;
  face.getContext("2d", { alpha: false }).drawImage(picture, 0, 0);
}

function listen() {
  const choose = (id) => () => part(`${id}-file`).click();
  part("start").onclick = start;
  part("microphone").onclick = switchMicrophone;
  part("recording").onclick = choose("recording");
  part("portrait").onclick = choose("portrait");
  part("example").onclick = () =>
    play("speech", async () => (await fetch("speech")).arrayBuffer());
  part("pause").onclick = switchPause;
  part("interrupt").onclick = interrupt;
  part("voice").onchange = ({ target }) => player && setVolume(target.checked);
  for (const id of ["recording", "portrait"]) {
    part(`${id}-file`).onchange = ({ target }) => {
      takeFile(target.files[0]);
      target.value = "";
    };
  }
  document.addEventListener("keydown", (event) => {
    if (!connection || event.repeat) return;
    if (event.key === "Escape") interrupt();
    if (event.key === " " && event.target === document.body) switchPause();
  });
  const dropping = (isOn) => part("stage").classList.toggle("dropping", isOn);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    dropping(true);
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget ?? dropping(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    dropping(false);
    if (connection) takeFile(event.dataTransfer.files[0]);
    else note("Press Start first.");
  });
}

listen();
showPortrait();
