#!/usr/bin/env python3
"""watch_top.py COMMAND...: runs it on a pseudo terminal and looks at what it draws, at two sizes, until q. Exit 0: it is well."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time


def resize(file, rows, columns):
    fcntl.ioctl(file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def read_until(file, wanted, text=""):
    until = time.monotonic() + 60
    while not wanted(text):
        if time.monotonic() > until:
            sys.exit(f"not seen: {text[-800:]!r}")
        if select.select([file], [], [], 0.2)[0]:
            try:
                chunk = os.read(file, 65536)
            except OSError:
                chunk = b""
            if not chunk:
                return text
            text += chunk.decode()
    return text


def fits(text, rows, columns, what):
    """Every whole frame: at most `rows` lines, none of them wider than `columns`."""
    frames = [frame.split("\033[J")[0] for frame in text.split("\033[H")[1:] if "\033[J" in frame]
    if not frames:
        sys.exit(f"{what}: no whole frame")
    lines = re.sub(r"\033\[[0-9;]*[mK]", "", frames[-1]).replace("\r", "").split("\n")
    if len(lines) > rows or max(map(len, lines)) > columns:
        sys.exit(f"{what}: {len(lines)} lines, {max(map(len, lines))} columns: {lines!r}")
    return "\n".join(lines)


child, screen = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
resize(screen, 60, 150)
os.kill(child, signal.SIGWINCH)
before = termios.tcgetattr(screen)
first = read_until(screen, lambda text: len(text.split("\033[J")) > 3 and "events/s" in text)
if "\033[?1049h" not in first:
    sys.exit("no alternate screen")
shown = fits(first, 60, 150, "60 x 150")
for part in ("nhip top", "q: quit", "PARTITION", "ROLLING", "orders/0", "instrument CARD"):
    if part not in shown:
        sys.exit(f"60 x 150: no {part!r} in\n{shown}")
resize(screen, 14, 60)
second = read_until(screen, lambda text: len(text.split("\033[J")) > 4)
shown = fits(second, 14, 60, "14 x 60")
if "PARTITION" not in shown or "and" not in shown:
    sys.exit(f"14 x 60: {shown}")
os.write(screen, b"x")
read_until(screen, lambda text: "\033[J" in text)
os.write(screen, b"q")
last = read_until(screen, lambda text: "\033[?1049l" in text)
if "\033[?25h" not in last:
    sys.exit("the cursor is not given back")
_, code = os.waitpid(child, 0)
if code != 0:
    sys.exit(f"ended with {code}")
