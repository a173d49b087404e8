#!/usr/bin/env python3
"""live_load.py CHROMIUM PORT SOCKET SECONDS: the live page in a real browser while much is coming in.

A thread reads the five hashes from Redis as often as it can and keeps every version that it sees, whole (one HGETALL is one
moment). Meanwhile the page is asked, at one moment of its own, for all numbers in its tables and for what it drew them from
(from, to and total of each window). The column of a window must then be, code by code, the version of Redis with these three:
what stood there at that moment. A version that the thread missed says nothing; at least ten columns must be found, half of all,
and with more than one version. Counts of records are conserved in each picture, and never fall. No complaint in the console.
TAP, and a comment with what was seen."""
import collections
import json
import socket
import sys
import threading
import time

from chromium import Browser

CHROMIUM, PORT, SOCKET = sys.argv[1:4]
SECONDS = float(sys.argv[4])
WINDOWS = ("1m", "5m", "1h", "24h", "7d")
PLATFORMS = {"LAZADA", "SHOPEE", "TIKI", "SENDO", "TIKTOK_SHOP", "OTHER"}
COUNTS = ("delivered", "applied", "duplicate", "ignored", "refused")
LOOK = """(() => {
  const text = id => document.getElementById(id).textContent;
  return {rolling: last && last.rolling && last.rolling.windows, rate: text("rate"), drawn: document.body.dataset.drawn,
    counts: Object.fromEntries(%s.map(id => [id, text(id)])),
    cells: [...document.querySelectorAll("td[data-axis]")].map(c =>
      [c.dataset.axis, c.dataset.code, c.dataset.window, c.textContent])};
})()""" % json.dumps(list(COUNTS))
failures = 0


def check(claim, good, told=""):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - {claim}" + ("" if good else f"\n#   {str(told)[:900]}"), flush=True)


def whole(text):
    return int(text.replace(",", ""))


class Recorder(threading.Thread):
    """Every version of every window that is seen: (window, from, to, total) -> the columns of the page that it makes."""

    def __init__(self):
        super().__init__(daemon=True)
        self.versions, self.stop, self.reads = collections.defaultdict(list), False, 0
        self.peer = socket.socket(socket.AF_UNIX)
        self.peer.connect(SOCKET)
        self.stream = self.peer.makefile("rb")

    def hash(self, window):
        name = f"nhip:rolling:{window}"
        self.peer.sendall(f"*2\r\n$7\r\nHGETALL\r\n${len(name)}\r\n{name}\r\n".encode())
        count = int(self.stream.readline()[1:])
        texts = []
        for _ in range(count):
            length = int(self.stream.readline()[1:])
            texts.append(self.stream.read(length + 2)[:length].decode())
        return dict(zip(texts[::2], texts[1::2]))

    def run(self):
        seen = {}
        while not self.stop:
            for window in WINDOWS:
                fields = self.hash(window)
                self.reads += 1
                if not fields or seen.get(window) == fields:
                    continue
                seen[window] = fields
                cells = collections.Counter()
                for field, value in fields.items():
                    parts = field.split("|")
                    if field.startswith("_") or len(parts) != 5:
                        continue
                    family, outlet, instrument = parts[:3]
                    platform = outlet in PLATFORMS
                    of = {"family": family, "instrument": instrument, "channel": "MARKETPLACE" if platform else outlet,
                          "platform": outlet if platform else "_Z"}
                    for axis, code in of.items():
                        if code != "_Z":
                            cells[axis, code] += int(value)
                self.versions[window, fields["_from"], fields["_to"], int(fields["_total"])].append(dict(cells))
            time.sleep(0.02)


recorder = Recorder()
recorder.start()
looks = []
with Browser(CHROMIUM) as browser:
    page = browser.page(f"http://127.0.0.1:{PORT}/", 1440, 900)
    page.wait("Number(document.body.dataset.drawn) >= 1 && last.rolling")
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        looks.append(page.evaluate(LOOK))
        browser.idle(0.2)
    complaints = page.complaints
recorder.stop = True
recorder.join()
found, missed, wrong, versions = 0, 0, [], set()
for look in looks:
    for window in look["rolling"] or []:
        key = window["window"], window["from"], window["to"], window["total"]
        shown = {(axis, code): whole(text) for axis, code, w, text in look["cells"] if w == window["window"]}
        if key not in recorder.versions:
            missed += 1
        elif any(all(cells.get(name, 0) == n for name, n in shown.items()) and cells.keys() <= shown.keys()
                 for cells in recorder.versions[key]):
            found += 1
            versions.add(key)
        else:
            wrong.append((key, shown, recorder.versions[key][0]))
rates = sorted(whole(look["rate"]) for look in looks if look["rate"] != "–")
print(f"# {len(looks)} looks, {len({look['drawn'] for look in looks})} pictures; columns: {found} those of Redis, {missed} of "
      f"versions that were missed, {len(wrong)} others; {len(versions)} versions, {recorder.reads} reads; events/s on the page: "
      f"median {rates[len(rates) // 2] if rates else 0:,}, most {rates[-1] if rates else 0:,}", flush=True)
check("under load every column of the page is what stood in Redis at that moment", not wrong and found >= 10 and found >= missed,
      (found, missed, wrong[:1]))
check("and not of one moment only", len(versions) > 5, versions)
counts = [{name: whole(text) for name, text in look["counts"].items()} for look in looks]
check("what is delivered is what became of it, in each picture", all(
    c["delivered"] == c["applied"] + c["duplicate"] + c["ignored"] + c["refused"] for c in counts) and counts, counts[-1:])
check("no count falls, and they have grown", all(a[name] <= b[name] for a, b in zip(counts, counts[1:]) for name in COUNTS) and
      counts[-1]["delivered"] > counts[0]["delivered"], counts[-2:])
check("no error, no warning in the console under load", not complaints, complaints)
sys.exit(1 if failures else 0)
