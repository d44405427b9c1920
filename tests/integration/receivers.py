"""Real receivers of messages: a webhook and a mail server that do as they are told, well or badly."""

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

Server = TypeVar("Server", "Webhook", "MailServer")
# accept; refuse: answer 500; die: take the message and close without an answer; stall: take it and never answer.
ACCEPT, REFUSE, DIE, STALL = "accept", "refuse", "die", "stall"
_STALL_SECONDS = 2


class Webhook(ThreadingHTTPServer):
    """Keeps what it was sent: body and headers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.behaviour = ACCEPT
        self.received: list[dict[str, Any]] = []
        self.keys: list[str] = []

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/hook?rto=0.5&cto=0.5"

    @property
    def subjects(self) -> list[str]:
        return [message["title"] for message in self.received]


class _Request(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Webhook)
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.behaviour != REFUSE:
            self.server.received.append(message)
            self.server.keys.append(self.headers["Idempotency-Key"])
        if self.server.behaviour == STALL:
            time.sleep(_STALL_SECONDS)
        if self.server.behaviour in (DIE, STALL):
            self.close_connection = True
            return
        self.send_response(500 if self.server.behaviour == REFUSE else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""


class MailServer(socketserver.ThreadingTCPServer):
    """Enough of SMTP to be sent a mail."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mail)
        self.behaviour = ACCEPT
        self.received: list[str] = []

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.server_address[1]}/?from=etl@example.org&to=ops@example.org&mode=insecure"


class _Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, MailServer)
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word = line.strip().upper()[:4]
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                if self.server.behaviour == REFUSE:
                    self.wfile.write(b"554 no\r\n")
                    continue
                self.server.received.append(b"".join(lines).decode())
                if self.server.behaviour == DIE:
                    return
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
            if word == b"QUIT":
                return


@contextmanager
def listening(server: Server) -> Iterator[Server]:
    """Let a receiver answer for a block."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
