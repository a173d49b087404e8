#!/usr/bin/env python3
"""Stands in for systemd: starts a service of Type=notify and writes down what it tells, one line each, with the second.

    manager.py LOG WATCHDOG_SECONDS COMMAND...    ends with the command's exit code; SIGTERM is passed on

With KILLS=1 it does what systemd does: a service that has given no sign for WATCHDOG_SECONDS gets SIGABRT.
"""
import os
import signal
import socket
import subprocess
import sys
import threading
import time


def listen(channel, log, started, signs):
    while True:
        for line in channel.recv(65536).decode().splitlines():
            if line in ("READY=1", "WATCHDOG=1"):
                signs[:] = [time.monotonic()]
            log.write(f"{time.monotonic() - started:.2f} {line}\n")
            log.flush()


def wait(service, signs, seconds):
    while True:
        try:
            return service.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            if os.environ.get("KILLS") and signs and time.monotonic() - signs[0] > seconds:
                service.send_signal(signal.SIGABRT)
                return service.wait()


def main():
    path, seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    name = f"nhip-manager-{os.getpid()}"  # abstract, so that a service in a chroot finds it too
    with open(path, "w", encoding="utf-8") as log:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        channel.bind("\0" + name)
        signs = []
        threading.Thread(target=listen, args=(channel, log, time.monotonic(), signs), daemon=True).start()
        environment = dict(os.environ, NOTIFY_SOCKET="@" + name, WATCHDOG_USEC=str(int(seconds * 1e6)))
        service = subprocess.Popen(command, env=environment)
        signal.signal(signal.SIGTERM, lambda number, frame: service.send_signal(number))
        code = wait(service, signs, seconds)
        time.sleep(0.2)  # what it has told last may still be on its way to the thread
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
