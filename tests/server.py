"""A PostgreSQL of the tests' own, which may be killed and started again."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from stack.local import postgres, unprivileged


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Server:
    """A data folder and the server that runs on it. Its superuser is airflow, whom it trusts."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        return f"postgresql://airflow@127.0.0.1:{self.port}/postgres"

    def initialise(self) -> None:
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        self.folder.chmod(0o711)
        if (uid := unprivileged.owner_uid()) is not None:
            os.chown(data, uid, uid)
        initdb = postgres.program("initdb")
        locale = ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
        make = [initdb, "-D", data, "-U", "airflow", "-A", "trust", "-E", "UTF8", *locale, "--no-sync"]
        subprocess.run([*unprivileged.prefix(initdb), *make], check=True, capture_output=True)

    def start(self) -> None:
        server = postgres.program("postgres")
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        settings = [part for option, value in options.items() for part in ("-c", f"{option}={value}")]
        command = [*unprivileged.prefix(server), server, "-D", self.folder / "data", *settings]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(command, stderr=log)
        ready = [postgres.program("pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"]
        while subprocess.run(ready, check=False, capture_output=True).returncode:
            assert self.process.poll() is None, (self.folder / "log").read_text()

    def kill(self) -> None:
        """End every process of it at once, without a word: kill -9. Its memory is gone, its files stay as they are."""
        assert self.process is not None
        postmaster = psutil.Process(self.process.pid)
        # It would start again what it sees dying.
        postmaster.suspend()
        family = [*postmaster.children(recursive=True), postmaster]
        for process in family:
            process.kill()
        self.process.wait(timeout=60)
        psutil.wait_procs(family, timeout=60)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=60)


@contextmanager
def running_server() -> Iterator[Server]:
    """A new server for the block."""
    # Not among pytest's folders: every pytest closes those to others, and Postgres does not run as root.
    folder = Path(tempfile.mkdtemp(prefix="pipeline-tests-"))
    server = Server(folder, free_port())
    try:
        server.initialise()
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)
