#!/usr/bin/env python3
"""report_page.py CHROMIUM AXE VINTAGE [PICTURES]: report.html of a vintage in a real browser, from the disk, at 390 and 1,280 px,
in both languages: no complaint, no request, no breach of axe-core's rules (AXE: axe.min.js; "" leaves them out), nothing that
sticks out, no chart of mere hatching, published key figures first; the greatest revisions are those that revisions.csv gives.
With PICTURES the screenshots stay there. TAP."""
import csv
import json
import os
import pathlib
import sys
from decimal import Decimal

from chromium import Browser

CHROMIUM, AXE, VINTAGE = sys.argv[1:4]
PICTURES = sys.argv[4] if len(sys.argv) > 4 else None
PLACE = pathlib.Path(VINTAGE).resolve()
ADDRESS = (PLACE / "report.html").as_uri()
GREATEST = 10
# Texts of the other language that can be seen; the names of the languages themselves are in both.
OTHERS = """[...document.querySelectorAll("body [lang=%s]:not(.pick)")].filter(n => n.checkVisibility()).length"""
OURS = """[...document.querySelectorAll("body [lang=%s]:not(.pick)")].filter(n => n.checkVisibility()).length"""
CUT = """[...document.querySelectorAll("main *")].filter(n => n.checkVisibility() && !n.closest(".scroll, svg") &&
  n.getBoundingClientRect().right > innerWidth + 1).map(n => n.outerHTML.slice(0, 80))"""
HATCHED = """[...document.querySelectorAll("svg.bars, svg.tiles")].filter(n => n.checkVisibility() &&
  !n.querySelector("rect.bar, .c0, .c1, .c2, .c3, .c4")).map(n => n.getAttribute("aria-labelledby"))"""
KEYS = """[...document.querySelectorAll(".keys .big > *")].map(n => n.classList.contains("none"))"""
# Old and new value of each row of the table behind a heading that names it, as the files have them.
TABLE = """(() => {
  const tables = [...document.querySelectorAll("#revisions table")].map(t => [...t.tBodies[0].rows].map(r =>
    [...r.querySelectorAll("data")].slice(0, 2).map(d => d.value)));
  return tables[0] || [];
})()"""
AXE_RUN = """axe.run().then(r => { window.found = r.violations.map(v => [v.id, v.impact, v.nodes.length,
  v.nodes[0].html.slice(0, 120), v.nodes[0].failureSummary.slice(0, 200)]); window.passed = r.passes.length; },
  e => { window.found = [["axe", String(e)]]; window.passed = 0; }); true"""
failures = 0


def check(claim, good, told=""):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - {claim}" + ("" if good else f"\n#   {str(told)[:900]}"), flush=True)


def rows_of(name):
    with open(PLACE / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def greatest_shares():
    """(old, new) of the shares that moved most; sizes of equal change may stand in any order."""
    units = {row["INDICATOR"]: row["UNIT_MEASURE"] for row in rows_of("obs.csv")}
    moved = [(abs(Decimal(row["NEW_VALUE"]) - Decimal(row["OLD_VALUE"])), row) for row in rows_of("revisions.csv")
             if row["OLD_VALUE"] and row["NEW_VALUE"] and "Q" not in (row["OLD_STATUS"], row["NEW_STATUS"])
             and units.get(row["INDICATOR"]) == "PT"]
    sizes = sorted((size for size, _ in moved if size), reverse=True)[:GREATEST]
    return sizes, {(row["OLD_VALUE"], row["NEW_VALUE"]) for _, row in moved}


def axe(page, name):
    if not AXE:
        return
    page.evaluate(pathlib.Path(AXE).read_text(encoding="utf-8") + ";true")
    page.evaluate(AXE_RUN)
    page.wait("window.found !== undefined", 300)
    check(f"{name}: axe-core finds nothing", page.evaluate("window.found.length === 0 && window.passed > 20"),
          page.evaluate("window.found"))


def look(browser, width, language):
    page = browser.page(ADDRESS, width, 900 if width > 600 else 844)
    name = f"{width} px, {language}"
    page.wait("document.readyState === 'complete' && document.querySelectorAll('section').length >= 8", 120)
    page.evaluate(f"document.querySelector('label[for={language}]').click()")
    other = "en" if language == "vi" else "vi"
    check(f"{name}: one language is shown, whole", page.evaluate(OTHERS % other) == 0 and page.evaluate(OURS % language) > 100)
    cut = page.evaluate(CUT)
    check(f"{name}: nothing sticks out", page.evaluate("document.documentElement.scrollWidth") <= width and not cut, cut)
    hatched = page.evaluate(HATCHED)
    check(f"{name}: no chart is mere hatching", not hatched, hatched)
    axe(page, name)
    if PICTURES:
        page.screenshot(os.path.join(PICTURES, f"report-{width}-{language}.png"))
    return page


with Browser(CHROMIUM) as browser:
    pages = [look(browser, width, language) for width in (390, 1280) for language in ("vi", "en")]
    keys = pages[0].evaluate(KEYS)
    check("published key figures stand before suppressed ones", keys and keys == sorted(keys), keys)
    sizes, pairs = greatest_shares()
    shown = pages[0].evaluate(TABLE)
    found = [abs(Decimal(new) - Decimal(old)) for old, new in shown]
    check(f"the {len(sizes)} greatest revisions of shares are those of revisions.csv", sizes and found == sizes and
          all((old, new) in pairs for old, new in shown), (json.dumps(shown), list(map(str, sizes))))
    complaints = [text for page in pages for text in page.complaints]
    check("no error, no warning in the console", not complaints, complaints)
    asked = {address for page in pages for address in page.requests}
    check("nothing but the file itself is asked for", asked == {ADDRESS}, asked)
sys.exit(1 if failures else 0)
