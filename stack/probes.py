"""Ask the services whether they work, over the ports they have in both modes. Every probe takes two seconds at most."""

import http.client
import json
import re
import socket
import struct
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from stack.settings import Settings

TIMEOUT_SECONDS = 2
UNREACHABLE = (OSError, ValueError, http.client.HTTPException)
# Never through the proxy that a shell may have set for the rest of the world.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def read_json(url: str) -> dict[str, Any]:
    """The object that an address gives. Raises one of UNREACHABLE, also where a stranger listens."""
    with direct.open(url, timeout=TIMEOUT_SECONDS) as answer:
        return read_object(answer)


def read_object(answer: IO[bytes]) -> dict[str, Any]:
    """Raises HTTPException where it is none: what listens there is not who was meant."""
    with suppress(ValueError):
        found = json.load(answer)
        if isinstance(found, dict):
            return found
    raise http.client.HTTPException("another program answers there")


def airflow_health(settings: Settings) -> dict[str, str]:
    """Status of metadatabase, scheduler, dag_processor and triggerer; empty where the API server does not answer."""
    try:
        health = read_json(f"{settings.airflow_url}/api/v2/monitor/health")
    except UNREACHABLE:
        return {}
    return {name: str(part.get("status") if isinstance(part, dict) else part) for name, part in health.items()}


@dataclass(frozen=True)
class SparkState:
    """What the master says of itself: ALIVE or another status, its live workers, the applications at work."""

    status: str = ""
    workers: int = 0
    applications: int = 0


def spark_state(settings: Settings) -> SparkState:
    """All empty where the master does not answer."""
    try:
        state = read_json(f"{settings.spark_ui_url}/json/")
    except UNREACHABLE:
        return SparkState()
    return SparkState(str(state.get("status")), int(state.get("aliveworkers", 0)), len(state.get("activeapps", [])))


def connect_accepts(settings: Settings) -> bool:
    """Whether Spark Connect takes a connection; who has no token learns no more."""
    try:
        with socket.create_connection((settings.client_host, settings.port("SPARK_CONNECT_PORT")), TIMEOUT_SECONDS):
            return True
    except OSError:
        return False


def celery_workers(settings: Settings) -> int | None:
    """How many Celery workers are connected, or None where Redis does not answer or refuses the password.

    Each holds one subscription, to its channel of commands, from when it is ready until it ends. `celery inspect ping`
    would say the same and takes two seconds.
    """
    try:
        clients = _redis_clients(settings)
    except UNREACHABLE:
        return None
    return len(re.findall(r" psub=[1-9]", clients))


def _redis_clients(settings: Settings) -> str:
    with socket.create_connection((settings.client_host, settings.port("REDIS_PORT")), TIMEOUT_SECONDS) as connection:
        reply = connection.makefile("rb")
        connection.sendall(f"AUTH {settings['REDIS_PASSWORD']}\r\nCLIENT LIST\r\n".encode())
        if not (welcome := reply.readline()).startswith(b"+OK"):
            raise ValueError(welcome.decode(errors="replace"))
        header = reply.readline()
        return reply.read(int(header[1:])).decode()


def postgres_accepts(settings: Settings, database: str = "data_warehouse") -> bool:
    """Whether Postgres takes up a login; the password itself is not tried.

    A startup packet of protocol 3.0 (PostgreSQL documentation, "Message Formats") is answered with R, a request to
    authenticate, or with E while the server starts or ends.
    """
    fields = b"".join(word.encode() + b"\0" for word in ("user", "airflow", "database", database)) + b"\0"
    packet = struct.pack("!ii", len(fields) + 8, 3 << 16) + fields
    try:
        with socket.create_connection(
            (settings.client_host, settings.port("POSTGRES_PORT")), TIMEOUT_SECONDS
        ) as connection:
            connection.sendall(packet)
            # All of the answer: closing on the rest of it would show as a broken connection in Postgres' log.
            return connection.recv(1024).startswith(b"R")
    except OSError:
        return False
