// The live page: one event a second from /events (schemas/openapi.json, LiveEvent), drawn without a library. Nothing is computed
// here but rates of refusal and the lengths of bars; every number is the event's own.
"use strict";

const WINDOWS = ["1m", "5m", "1h", "24h", "7d"];
const WINDOW_NAMES = ["1 min", "5 min", "1 h", "24 h", "7 d"];
const HISTORY = 120;
const QUIET_MS = 6000;
const NAMES = {
  PAYMENT: "Payments", ORDER: "Orders", RIDE: "Rides", WEBSITE: "Websites", UNIT: "Registry",
  MARKETPLACE: "Marketplace", OWN_WEB: "Own website", OWN_APP: "Own app", SOCIAL: "Social networks", OTA: "Travel agencies",
  EMAIL: "E-mail", PHONE: "Phone", RIDE_APP: "Ride-hailing app",
  LAZADA: "Lazada", SHOPEE: "Shopee", TIKI: "Tiki", SENDO: "Sendo", TIKTOK_SHOP: "TikTok Shop", OTHER: "Other",
  CARD: "Card", EWALLET: "E-wallet", BANK_A2A: "Bank transfer", QR_A2A: "QR code", CASH: "Cash", MOBILE_MONEY: "Mobile money",
  BNPL: "Pay later",
};
const EVIDENCE = { R: "declared", O: "observed", C: "combined" };
const format = new Intl.NumberFormat("en-US");
const at = id => document.getElementById(id);
const history = [];
let source = null;
let retry = 0;
let heard = 0;
let last = null;

const number = n => n === null || n === undefined ? "–" : format.format(n);

function say(id, text) {
  const node = typeof id === "string" ? at(id) : id;
  if (node.textContent !== text) node.textContent = text;
}

function make(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function width(node, share) {
  const percent = (Math.max(0, Math.min(1, share)) * 100).toFixed(2) + "%";
  if (node.style.width !== percent) node.style.width = percent;
}

// Children of `parent` by key, in the order of `keys`: made by `create`, moved only when the order changes.
function keyed(parent, keys, create) {
  const known = new Map([...parent.children].map(node => [node.dataset.key, node]));
  keys.forEach((key, i) => {
    let node = known.get(key);
    known.delete(key);
    if (!node) {
      node = create(key);
      node.dataset.key = key;
    }
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] || null);
  });
  for (const node of known.values()) node.remove();
  return [...parent.children];
}

function span(ms) {
  const s = Math.round(Math.abs(ms) / 1000);
  if (s < 120) return s + " s";
  if (s < 7200) return Math.round(s / 60) + " min";
  if (s < 172800) return Math.round(s / 3600) + " h";
  return number(Math.round(s / 86400)) + " days";
}

const moment = text => text.slice(0, 10) + " " + text.slice(11, 19);

// --- header and hero ---

function drawState(event) {
  const state = at("state");
  const bad = !event.alive ? "A worker is stuck" : event.trouble ? "Redis does not answer" : "";
  const warn = !event.ready ? "Waiting for Kafka or Redis" : event.held > 0 ? "Partitions wait for Redis" : "";
  state.dataset.state = bad ? "bad" : warn ? "warn" : "live";
  say(state, bad || warn || "Live");
  at("trouble").hidden = !event.trouble;
  say("trouble", event.trouble);
  say("namespace", event.rolling ? "namespace " + event.rolling.namespace : "no window written yet");
  say("clock", moment(event.at) + " UTC");
  document.documentElement.classList.remove("stale");
}

function drawChart(rate) {
  history.push(rate);
  if (history.length > HISTORY) history.shift();
  const top = Math.max(1, ...history) * 1.08;
  const step = 600 / (HISTORY - 1);
  const x0 = 600 - (history.length - 1) * step;
  const points = history.map((value, i) => `${(x0 + i * step).toFixed(1)},${(120 - value / top * 116).toFixed(1)}`);
  at("line").setAttribute("d", "M" + points.join("L"));
  at("area").setAttribute("d", `M${x0.toFixed(1)},120L${points.join("L")}L600,120Z`);
  say("peak", "peak " + number(Math.max(...history)));
}

function drawHero(event) {
  say("rate", number(event.events_per_s));
  if (event.events_per_s !== null) drawChart(event.events_per_s);
  say("delivered", number(event.delivered));
  say("started", moment(event.started) + " UTC");
  say("lag", number(event.lag));
  const seconds = event.events_per_s > 0 ? event.lag / event.events_per_s : 0;
  say("lag-note", event.lag > 0 && seconds >= 1 ? "records, " + span(seconds * 1000) + " at this rate" : "records behind the log");
  const refused = event.rejected + event.quarantined;
  say("refused", number(refused));
  say("refused-note", event.delivered > 0 ? (refused / event.delivered * 100).toFixed(2) + " % of what came" : "of nothing yet");
  say("watermark", event.watermark ? event.watermark.slice(11, 19) : "–");
  say("watermark-note", event.watermark ? event.watermark.slice(0, 10) + ", " + span(Date.parse(event.at) - Date.parse(event.watermark)) +
    " behind the clock" : "event time, UTC");
  say("commit", event.commit_ms === null ? "–" : number(event.commit_ms) + " ms");
  say("commit-note", number(event.commits) + " commits so far");
}

// --- rolling counters ---

function buildTable(table) {
  const head = table.createTHead().insertRow();
  head.append(Object.assign(make("th", "", "Code"), { scope: "col" }));
  WINDOWS.forEach((w, i) => head.append(Object.assign(make("th", "w-" + w, WINDOW_NAMES[i]), { scope: "col" })));
  table.append(document.createElement("tbody"));
  const foot = table.createTFoot().insertRow();
  foot.append(Object.assign(make("th", "", "All"), { scope: "row" }));
  WINDOWS.forEach(w => foot.append(make("td", "w-" + w, "–")));
}

function codeRow(axis, code) {
  const row = document.createElement("tr");
  const name = Object.assign(make("th", "", NAMES[code] || code), { scope: "row", title: code });
  name.append(make("i", "bar"));
  row.append(name);
  for (const w of WINDOWS) {
    const cell = make("td", "w-" + w);
    Object.assign(cell.dataset, { axis, code, window: w });
    row.append(cell);
  }
  return row;
}

function drawTable(table, rows, columns) {
  const axis = table.dataset.axis;
  const shown = rows.filter(row => row[0] !== "_Z");
  const chosen = WINDOWS.indexOf(document.body.dataset.window);
  const most = Math.max(1, ...shown.map(row => row[chosen + 1]));
  const nodes = keyed(table.tBodies[0], shown.map(row => row[0]), code => codeRow(axis, code));
  nodes.forEach((node, i) => {
    WINDOWS.forEach((w, k) => say(node.cells[k + 1], number(shown[i][k + 1])));
    width(node.cells[0].firstElementChild, shown[i][chosen + 1] / most);
  });
  WINDOWS.forEach((w, k) => say(table.tFoot.rows[0].cells[k + 1], columns ? number(shown.reduce((sum, row) => sum + row[k + 1], 0)) : "–"));
}

function drawRolling(event) {
  const rolling = event.rolling;
  if (rolling) say("rolling-to", moment(rolling.windows[0].to) + " UTC");
  for (const table of document.querySelectorAll("table[data-axis]"))
    drawTable(table, rolling ? rolling[table.dataset.axis] : [], Boolean(rolling));
}

// --- shares, partitions, refusals ---

function shareItem() {
  const item = document.createElement("li");
  const track = make("div", "track");
  track.append(make("i"), make("b"));
  item.append(make("p", "name"), make("p", "value num"), track, make("p", "aim"));
  return item;
}

function drawShares(headlines) {
  at("shares").hidden = !headlines;
  if (!headlines) return;
  say("vintage", `${headlines.period} · ${headlines.area} · release ${headlines.release} · as of ${moment(headlines.as_of)} UTC`);
  at("report").hidden = !headlines.report;
  const items = keyed(at("share-list"), headlines.shares.map(share => share.indicator), shareItem);
  headlines.shares.forEach((share, i) => {
    const [name, value, track, aim] = items[i].children;
    const known = share.state === "value";
    say(name, share.name_en);
    say(value, known ? share.value + " %" : share.state === "suppressed" ? "confidential" : "no figure");
    value.classList.toggle("absent", !known);
    value.dataset.indicator = share.indicator;
    width(track.firstElementChild, known ? Number(share.value) / 100 : 0);
    track.lastElementChild.hidden = share.target === "";
    if (share.target !== "") track.lastElementChild.style.left = share.target + "%";
    say(aim, (EVIDENCE[share.evidence] || share.evidence) + (share.target === "" ? "" : ` · target ${share.target} % by ${share.target_year}`));
  });
}

function partitionRow(key) {
  const row = document.createElement("tr");
  row.append(Object.assign(make("th", "", key), { scope: "row" }), make("td"), make("td"), make("td"));
  return row;
}

function drawPartitions(event) {
  const list = event.partitions;
  const rows = keyed(at("partitions"), list.map(p => `${p.topic}/${p.partition}`), partitionRow);
  list.forEach((p, i) => {
    const cells = rows[i].cells;
    say(cells[1], number(p.next));
    say(cells[2], number(p.committed));
    say(cells[3], p.held ? "waits for Redis" : number(p.lag));
    cells[3].classList.toggle("late", p.held || p.lag > 0);
  });
  say("partitions-lead", list.length < event.partition_count ? `The ${list.length} furthest behind of ${number(event.partition_count)}.`
    : `${number(event.partition_count)} of this process, ${number(event.workers)} ${event.workers === 1 ? "worker" : "workers"}.`);
}

function reasonItem(key) {
  const item = document.createElement("li");
  const track = make("div", "track");
  track.append(make("i"));
  item.append(make("span", "", key.replaceAll("_", " ")), track, make("span", "num"));
  return item;
}

function drawRefusals(event) {
  const reasons = [...event.reasons].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const items = keyed(at("reasons"), reasons.map(r => r[0]), reasonItem);
  reasons.forEach(([, n], i) => {
    width(items[i].children[1].firstElementChild, n / reasons[0][1]);
    say(items[i].children[2], number(n));
  });
  say("refusals-lead", reasons.length ? "Since this process began, by reason." : "None since this process began.");
  for (const name of ["applied", "duplicate", "ignored", "late"]) say(name, number(event[name]));
}

function draw(event) {
  last = event;
  drawState(event);
  drawHero(event);
  drawRolling(event);
  drawShares(event.headlines);
  drawPartitions(event);
  drawRefusals(event);
  say("version", event.version);
  const mib = bytes => bytes === null ? "–" : number(Math.round(bytes / 1048576)) + " MiB";
  say("memory", `${mib(event.resident_bytes)} here, ${mib(event.redis_memory_bytes)} in Redis`);
  document.body.dataset.drawn = String(Number(document.body.dataset.drawn || 0) + 1);
}

// --- connection ---

function lost() {
  at("state").dataset.state = "bad";
  say("state", "Connection lost, trying again");
  document.documentElement.classList.add("stale");
}

function connect() {
  clearTimeout(retry);
  if (source) source.close();
  source = new EventSource("/events");
  source.onmessage = message => {
    heard = Date.now();
    draw(JSON.parse(message.data));
  };
  source.onerror = () => {
    lost();
    if (source.readyState === EventSource.CLOSED) retry = setTimeout(connect, 5000); // 503: viewers enough
  };
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    source.close(); // who does not look leaves his place to others
    clearTimeout(retry);
  } else {
    connect();
  }
});
for (const input of document.querySelectorAll("input[name=window]")) {
  input.addEventListener("change", () => {
    document.body.dataset.window = input.value;
    if (last) drawRolling(last);
  });
}
setInterval(() => { if (heard && !document.hidden && Date.now() - heard > QUIET_MS) lost(); }, 2000);
document.querySelectorAll("table[data-axis]").forEach(buildTable);
connect();
