"""A network between client and server that loses a COMMIT, or the reply to it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

Lost = Literal["request", "reply"]
_COMMIT = b"Q\0\0\0\x0bCOMMIT\0"


@contextmanager
def losing(dsn: str, lost: Lost, *, of_commit: int) -> Iterator[str]:
    """Give a DSN that leads to the same database until the COMMIT of this number: then the line is cut."""
    address = urlsplit(dsn)
    assert address.hostname
    assert address.port
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = (address.hostname, address.port)
        thread = threading.Thread(target=_serve, args=(listener, server, lost, of_commit), daemon=True)
        thread.start()
        yield dsn.replace(f":{address.port}/", f":{listener.getsockname()[1]}/")
        thread.join(timeout=30)


def _serve(listener: socket.socket, server: tuple[str, int], lost: Lost, of_commit: int) -> None:
    client, _ = listener.accept()
    with client, socket.create_connection(server) as upstream:
        replies = threading.Thread(target=_pump, args=(upstream, client), daemon=True)
        replies.start()
        seen = 0
        while asked := _receive(client):
            seen += _COMMIT in asked
            if _COMMIT in asked and seen == of_commit:
                if lost == "reply":
                    # From here on the client hears nothing; the server commits and its answer goes nowhere.
                    client.shutdown(socket.SHUT_RDWR)
                    upstream.sendall(asked)
                    replies.join(timeout=30)
                # Closing alone would not end what another thread is listening to.
                upstream.shutdown(socket.SHUT_RDWR)
                return
            upstream.sendall(asked)


def _pump(source: socket.socket, target: socket.socket) -> None:
    while answered := _receive(source):
        try:
            target.sendall(answered)
        except OSError:
            # The client is cut off. One answer was awaited, and it has come.
            return


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""
