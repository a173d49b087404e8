"""A proxy that does what networks do: passes bytes on in small pieces, late, or not at all. One thread for each connection;
the chances are drawn from a generator of its own, so a seed gives the same plan."""
import os
import random
import select
import socket
import threading
import time

PIECE_BYTES = 65536


class Proxy:
    """Listens on `listen` (a path, or a port of 127.0.0.1) and forwards to `target` (the same).

    `kind`: cut (closes both ends after some bytes, in the middle of whatever they are), delay (each piece waits), split (pieces
    of one to some bytes)."""

    def __init__(self, listen, target, kind, seed):
        self.target = target
        self.kind = kind
        self.random = random.Random(seed)
        self.calm = False
        self.cuts = 0
        self.lock = threading.Lock()
        self.open = True
        if isinstance(listen, str):
            if os.path.exists(listen):
                os.remove(listen)
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(listen)
        else:
            self.socket = socket.socket(socket.AF_INET)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(("127.0.0.1", listen))
        self.socket.listen(64)
        self.socket.settimeout(0.1)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while self.open:
            try:
                client, _ = self.socket.accept()
            except OSError:
                continue
            with self.lock:
                plan = random.Random(self.random.random())
            threading.Thread(target=self.serve, args=(client, plan), daemon=True).start()

    def serve(self, client, plan):
        server = socket.socket(socket.AF_UNIX if isinstance(self.target, str) else socket.AF_INET)
        try:
            server.connect(self.target if isinstance(self.target, str) else ("127.0.0.1", self.target))
            self.forward(client, server, plan)
        except OSError:
            pass
        finally:
            client.close()
            server.close()

    def forward(self, client, server, plan):
        left = plan.choice((40, 400, 4000, 40000, 400000))
        left = plan.randrange(1, left)
        other = {client: server, server: client}
        while self.open:
            ready, _, _ = select.select([client, server], [], [], 0.1)
            for one in ready:
                data = one.recv(PIECE_BYTES)
                if not data:
                    return
                if self.calm:
                    other[one].sendall(data)
                    continue
                if self.kind == "cut" and len(data) >= left:
                    other[one].sendall(data[:left])
                    self.cuts += 1
                    return
                left -= len(data)
                self.pass_on(other[one], data, plan)

    def pass_on(self, to, data, plan):
        if self.kind == "delay":
            time.sleep(plan.choice((0, 0.001, 0.005, 0.03)))
        while data and self.kind == "split":
            length = plan.randrange(1, 8) if plan.random() < 0.5 else plan.randrange(1, 3000)
            to.sendall(data[:length])
            data = data[length:]
            if plan.random() < 0.05:
                time.sleep(0.001)
        to.sendall(data)

    def close(self):
        self.open = False
        self.socket.close()
