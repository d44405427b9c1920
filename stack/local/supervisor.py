"""Talk to supervisord, which starts the services of local mode and starts again what dies."""

import configparser
import hashlib
import http.client
import io
import os
import shlex
import socket
import subprocess
import tempfile
import xmlrpc.client
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.layout import LOCAL, LOGS, ROOT, RUN, VENV
from stack.private_file import write_private
from stack.waiting import wait_until

CONFIG_FILE = LOCAL / "supervisord.conf"
FINGERPRINT = RUN / "fingerprint"
# The kernel keeps 104 bytes for the path of a socket on macOS, 108 on Linux.
LONGEST_SOCKET_PATH = 100
GONE = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Program:
    """One service under supervision. `stop_seconds` is how long it may take to end before it is killed."""

    name: str
    command: Sequence[str]
    stop_signal: str = "TERM"
    stop_seconds: int = 15
    # The signal goes to the children too. Not to those of a program that ends its children in its own order.
    stop_as_group: bool = True
    # A service is started again when it ends, whatever it ended with. What is none is done when it ends.
    is_service: bool = True


def socket_path() -> Path:
    path = RUN / "supervisor.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    # Derived from the clone's path, so that every script finds it again.
    name = hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"pipeline-{os.getuid()}-{name}.sock"


def render_config(programs: Sequence[Program]) -> str:
    """supervisord's configuration. It holds no secrets: those are in the environment that supervisord hands down."""
    config = configparser.RawConfigParser()
    config["unix_http_server"] = {"file": _plain(socket_path()), "chmod": "0600"}
    config["supervisord"] = {
        "logfile": _plain(LOGS / "supervisord.log"),
        "logfile_maxbytes": "5MB",
        "logfile_backups": "1",
        "pidfile": _plain(RUN / "supervisord.pid"),
        "identifier": "data-pipeline",
        "directory": _plain(ROOT),
    }
    if os.geteuid() == 0:
        # Said aloud, else supervisord warns on every start that it keeps being root.
        config["supervisord"]["user"] = "root"
    config["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    config["supervisorctl"] = {"serverurl": _plain(f"unix://{socket_path()}")}
    for program in programs:
        config[f"program:{program.name}"] = _program_section(program)
    text = io.StringIO()
    config.write(text)
    return text.getvalue()


def _program_section(program: Program) -> dict[str, str]:
    return {
        "command": _plain(shlex.join(program.command)),
        "directory": _plain(ROOT),
        "autostart": "false",
        "autorestart": str(program.is_service).lower(),
        # Every try waits a second longer than the one before: with these a service comes back after half an hour
        # without its database, and one that is broken for good does not spin.
        "startsecs": "5" if program.is_service else "0",
        "startretries": "60",
        "stopsignal": program.stop_signal,
        "stopwaitsecs": str(program.stop_seconds),
        "stopasgroup": str(program.stop_as_group).lower(),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": _plain(LOGS / f"{program.name}.log"),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "2",
    }


def _plain(text: str | Path) -> str:
    """Keep supervisor from reading % as the start of a variable."""
    return str(text).replace("%", "%%")


class _UnixConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(str(socket_path()))


class _UnixTransport(xmlrpc.client.Transport):
    def make_connection(self, host: object) -> http.client.HTTPConnection:  # noqa: ARG002 - given by the base class
        return _UnixConnection("localhost")


def _call(method: str, *arguments: object) -> Any:  # noqa: ANN401 - XML-RPC answers are whatever they are
    with xmlrpc.client.ServerProxy("http://localhost", transport=_UnixTransport()) as proxy:
        return getattr(proxy.supervisor, method)(*arguments)


def is_running() -> bool:
    try:
        _call("getPID")
    except xmlrpc.client.Fault:
        # While it shuts down it answers every question with a fault: it is not gone yet.
        return True
    except GONE:
        return False
    return True


def pid() -> int:
    return int(_call("getPID"))


def pid_of(name: str) -> int:
    return int(_call("getProcessInfo", name)["pid"])


def states() -> dict[str, tuple[str, str]]:
    """Every program's state in supervisor's words (RUNNING, STARTING, BACKOFF, FATAL …) and its description."""
    try:
        return {info["name"]: (info["statename"], info["description"]) for info in _call("getAllProcessInfo")}
    except (xmlrpc.client.Fault, *GONE):
        return {}


def launch(programs: Sequence[Program], environment: Mapping[str, str], fingerprint: str) -> None:
    """Start supervisord, nothing under it yet. `fingerprint` is what `launched_with` compares later."""
    RUN.mkdir(parents=True, exist_ok=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    CONFIG_FILE.write_text(render_config(programs), encoding="utf-8")
    socket_path().unlink(missing_ok=True)
    write_private(FINGERPRINT, fingerprint)
    subprocess.run([VENV / "bin" / "supervisord", "-c", CONFIG_FILE], env=dict(environment), check=True)
    wait_until(is_running, limit_seconds=20)


def launched_with(fingerprint: str) -> bool:
    return FINGERPRINT.exists() and FINGERPRINT.read_text(encoding="utf-8") == fingerprint


def start(names: Sequence[str]) -> None:
    """Start those of `names` that do not run, all at once."""
    resting = [name for name, (state, _) in states().items() if state in {"STOPPED", "EXITED", "FATAL"}]
    for name in names:
        if name in resting:
            # A fault means that it has been started meanwhile, as supervisord does with what ends.
            with suppress(xmlrpc.client.Fault):
                _call("startProcess", name, False)


def stop(names: Sequence[str]) -> None:
    """Stop those of `names` that run, all at once, and come back when they have ended."""
    active = {name for name, (state, _) in states().items() if state in {"STARTING", "RUNNING", "BACKOFF"}}
    for name in active.intersection(names):
        with suppress(xmlrpc.client.Fault):
            _call("stopProcess", name, False)
    wait_until(lambda: not any(states().get(name, ("",))[0] == "STOPPING" for name in names), limit_seconds=60)


def shut_down() -> None:
    _call("shutdown")
    wait_until(lambda: not is_running(), limit_seconds=60)
