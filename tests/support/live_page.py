#!/usr/bin/env python3
"""live_page.py CHROMIUM PORT SOCKET SNAPSHOTS STATE [PICTURES]: the live page in a real browser, while nothing is coming in:
every number on it is that of Redis, of the state (STATE: nhip inspect --json) and of obs.csv; no complaint in the console, no
address but ours; 390 and 1,440 px, light and dark. With PICTURES the screenshots stay there. TAP."""
import csv
import json
import os
import subprocess
import sys

from chromium import Browser

CHROMIUM, PORT, SOCKET, SNAPSHOTS, STATE = sys.argv[1:6]
PICTURES = sys.argv[6] if len(sys.argv) > 6 else None
ADDRESS = f"http://127.0.0.1:{PORT}/"
WINDOWS = ("1m", "5m", "1h", "24h", "7d")
PLATFORMS = {"LAZADA", "SHOPEE", "TIKI", "SENDO", "TIKTOK_SHOP", "OTHER"}
LOOKS = [(width, dark) for width in (1440, 390) for dark in (False, True)]
CELLS = """[...document.querySelectorAll("td[data-axis]")].map(c =>
  [c.dataset.axis, c.dataset.code, c.dataset.window, c.textContent])"""
SHARES = """[...document.querySelectorAll("[data-indicator]")].map(c => [c.dataset.indicator, c.textContent])"""
ROWS = """[...document.querySelectorAll("#partitions tr")].map(r => [...r.cells].map(c => c.textContent))"""
REASONS = """[...document.querySelectorAll("#reasons li")].map(r => [r.dataset.key, r.children[2].textContent])"""
LOW = """(() => {  // texts that stand out from their ground by less than 4.5 to 1 (3 to 1 when large)
  const parts = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const colour = parts(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const out = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.checkVisibility() || node.closest("noscript, .skip, legend")) continue;
    const style = getComputedStyle(node), a = light(parts(style.color)), b = light(ground(node));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) out.push([node.textContent.trim().slice(0, 30), ratio.toFixed(2)]);
  }
  return out;
})()"""
CUT = """[...document.querySelectorAll("main *")].filter(n => n.checkVisibility() && !n.closest(".scroll, svg, .windows") &&
  n.getBoundingClientRect().right > innerWidth + 1).map(n => n.outerHTML.slice(0, 80))"""
NAMELESS = """[...document.querySelectorAll("section, table, input, svg[role=img], a, img")].filter(n => !(
  n.getAttribute("aria-label") || n.getAttribute("aria-labelledby") || n.getAttribute("alt") !== null || n.caption || n.tHead ||
  n.labels && n.labels.length || n.textContent.trim())).map(n => n.outerHTML.slice(0, 80))"""
failures = 0


def check(claim, good, told=""):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - {claim}" + ("" if good else f"\n#   {str(told)[:900]}"), flush=True)


def whole(text):
    return int(text.replace(",", ""))


def redis(window):
    lines = subprocess.run(["redis-cli", "-s", SOCKET, "HGETALL", "nhip:rolling:" + window], capture_output=True, check=True,
                           text=True).stdout.splitlines()
    return dict(zip(lines[::2], lines[1::2]))


def expected_cells():
    out = {}
    codes = {axis: set() for axis in ("family", "channel", "platform", "instrument")}
    for window in WINDOWS:
        for field, value in redis(window).items():
            parts = field.split("|")
            if field.startswith("_") or len(parts) != 5:
                continue
            family, outlet, instrument = parts[:3]
            of = {"family": family, "instrument": instrument, "channel": "MARKETPLACE" if outlet in PLATFORMS else outlet,
                  "platform": outlet if outlet in PLATFORMS else "_Z"}
            for axis, code in of.items():
                if code == "_Z":
                    continue
                codes[axis].add(code)
                out[axis, code, window] = out.get((axis, code, window), 0) + int(value)
    keys = [(axis, code, window) for axis in codes for code in codes[axis] for window in WINDOWS]
    return {key: out.get(key, 0) for key in keys}


def expected_shares():
    latest = open(os.path.join(SNAPSHOTS, "LATEST"), encoding="utf-8").read().strip()
    rows = csv.DictReader(open(os.path.join(SNAPSHOTS, latest, "obs.csv"), encoding="utf-8", newline=""))
    whole_area = {"REF_AREA": ("VN_38",), "ACTIVITY": ("_T",), "SIZE_CLASS": ("_T",), "PLATFORM": ("_T", "_Z"),
                  "INSTRUMENT": ("_T", "_Z")}
    return {(r["INDICATOR"], r["OBS_VALUE"]) for r in rows if all(r[column] in codes for column, codes in whole_area.items())}


def compare(page):
    found = {(axis, code, window): whole(text) for axis, code, window, text in page.evaluate(CELLS)}
    wanted = expected_cells()
    check(f"{len(found)} rolling counters on the page are those of Redis", found == wanted and sum(found.values()) > 1000,
          {key: (found.get(key), wanted.get(key)) for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key)})
    shares = page.evaluate(SHARES)
    published = expected_shares()
    check("seven shares are on it, each as the latest vintage has it", len(shares) == 7 and all(
        (i, text.removesuffix(" %")) in published for i, text in shares if text.endswith(" %")) and any(
        text.endswith(" %") for _, text in shares), shares)
    state = json.load(open(STATE, encoding="utf-8"))
    rows = {row[0]: row[1:] for row in page.evaluate(ROWS)}
    wanted = {f"{p['topic']}/{p['partition']}": [p["next"], p["next"], 0] for p in state["partitions"]}
    check("next and committed offset and lag of each partition are those of the state",
          {name: [whole(text) for text in row] for name, row in rows.items()} == wanted, rows)
    total = state["total"]
    texts = {name: whole(page.evaluate(f"document.getElementById('{name}').textContent"))
             for name in ("delivered", "applied", "duplicate", "ignored", "late", "refused", "lag")}
    wanted = {name: total[name] for name in ("delivered", "applied", "duplicate", "ignored", "late")}
    wanted |= {"refused": total["rejected"] + total["quarantined"], "lag": 0}
    check("what was delivered, applied, refused on the page is what the state counts", texts == wanted, (texts, wanted))
    reasons = {name: whole(text) for name, text in page.evaluate(REASONS)}
    wanted = {name[7:]: n for name, n in total.items() if name.startswith("reason.")}
    check("refusals by reason too", reasons == wanted and reasons, (reasons, wanted))


def look(browser, width, dark):
    page = browser.page(ADDRESS, width, 900 if width > 600 else 844, dark)
    name = f"{width} px, {'dark' if dark else 'light'}"
    page.wait("Number(document.body.dataset.drawn) >= 3")
    check(f"{name}: it says that it is live", page.evaluate("document.getElementById('state').textContent") == "Live")
    cut = page.evaluate(CUT)
    check(f"{name}: nothing sticks out", page.evaluate("document.documentElement.scrollWidth") <= width and not cut, cut)
    low = page.evaluate(LOW)
    check(f"{name}: all text stands out from its ground", not low, low)
    for window in ("7d", "1m"):
        page.evaluate(f"document.querySelector('input[value=\"{window}\"]').click()")
        shown = page.evaluate("""[...document.querySelectorAll("table[data-axis=family] tbody tr:first-child td")]
            .filter(c => c.checkVisibility()).map(c => c.dataset.window)""")
        check(f"{name}: the window {window} can be chosen", window in shown and (width > 600 or shown == [window]), shown)
    if PICTURES:
        page.screenshot(os.path.join(PICTURES, f"live-{width}-{'dark' if dark else 'light'}.png"))
    return page


with Browser(CHROMIUM) as browser:
    pages = [look(browser, width, dark) for width, dark in LOOKS]
    compare(pages[0])
    check("what one can operate or must read has a name", not pages[0].evaluate(NAMELESS), pages[0].evaluate(NAMELESS))
    colours = [page.evaluate("getComputedStyle(document.documentElement).backgroundColor") for page in pages[:2]]
    check("dark is dark and light is light", colours[0] != colours[1], colours)
    complaints = [text for page in pages for text in page.complaints]
    check("no error, no warning in the console", not complaints, complaints)
    asked = {address for page in pages for address in page.requests}
    check("and nothing is asked of anybody else", asked and all(address.startswith(ADDRESS) for address in asked), asked)
    report = browser.page(ADDRESS + "report", 1440, 900)
    report.wait("document.querySelectorAll('section').length > 3")
    check("the report opens, without complaint", not report.complaints, report.complaints)
sys.exit(1 if failures else 0)
