"""A proxy in front of a Redis on a unix socket, for what a real one does not do when it is asked to.

    redis_between.py LISTEN SERVER replace TEXT OTHER       answers have OTHER in place of TEXT, which is as long
    redis_between.py LISTEN SERVER before TEXT COMMAND...   COMMAND is run before the first request with TEXT is handed on
    redis_between.py LISTEN SERVER always TEXT COMMAND...   ... before each"""
import os
import socket
import subprocess
import sys
import threading


def pump(source, sink, change):
    while True:
        try:
            data = source.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            break
        sink.sendall(change(data))
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


def main():
    listen, server, mode, text, *rest = sys.argv[1:]
    wanted = text.encode()
    due = [mode in ("before", "always")]

    def to_server(data):
        if due[0] and wanted in data:
            due[0] = mode == "always"
            subprocess.run(rest, check=True, stdout=subprocess.DEVNULL)
        return data

    def to_client(data):
        return data.replace(wanted, rest[0].encode()) if mode == "replace" else data

    door = socket.socket(socket.AF_UNIX)
    door.bind(listen + ".new")
    door.listen(16)
    os.rename(listen + ".new", listen)
    while True:
        client, _ = door.accept()
        redis = socket.socket(socket.AF_UNIX)
        redis.connect(server)
        threading.Thread(target=pump, args=(client, redis, to_server), daemon=True).start()
        threading.Thread(target=pump, args=(redis, client, to_client), daemon=True).start()


if __name__ == "__main__":
    main()
