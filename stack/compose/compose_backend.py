"""Compose mode behind the scripts: what `stack.backend.Backend` asks of it."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from stack.backend import SERVICES, Problem, ServiceStatus, StackError
from stack.compose import build, failures
from stack.compose.containers import Container, find_containers, judge_services, started_before
from stack.compose.engine import Engine
from stack.layout import CONFIG, LOGS, PROCESSED, ROOT
from stack.machine import GIGABYTE
from stack.progress import Progress
from stack.settings import Settings

IMAGE_TAG = "3.3.2"
PIPELINE_HOME = "/opt/pipeline"
# What ./etl runs in: it has the driver's memory, and everything that a task has.
WORKER = "airflow-worker"
SCALABLE = ("spark-worker", WORKER)
# A container makes its Spark settings of these when it starts (stack/images/entrypoint.sh).
SPARK_SOURCES = (CONFIG / "spark-defaults.conf", ROOT / "stack" / "spark_properties.py")
SPARK_SERVICES = ("spark-master", "spark-connect", *SCALABLE)
# The image, what it is built from, and the two that are pulled.
DISK_OF_A_BUILD = 6 * GIGABYTE
MEMORY_NEEDED = 3 * GIGABYTE


class ComposeBackend:
    name: Literal["docker"] = "docker"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._project = settings["COMPOSE_PROJECT_NAME"]
        self._image = f"{self._project}-airflow:{IMAGE_TAG}"
        self._engine = Engine(settings)

    def check(self) -> list[Problem]:
        memory, folder = self._engine.ask("info", "--format", "{{.MemTotal}}\t{{.DockerRootDir}}").strip().split("\t")
        disk = [] if self._is_built() else check_disk(Path(folder))
        return [*check_memory(int(memory)), *disk, *check_access(ROOT, int(self._settings["AIRFLOW_UID"]))]

    def up(self, progress: Progress) -> None:
        image_before = self._image_id()
        build.build_image(self._engine, progress, is_first=not image_before)
        with progress.step("starting the containers"):
            scales = [f"--scale={service}={count}" for service, count in self._scales().items()]
            outcome = self._engine.compose("up", "--detach", "--remove-orphans", *scales, on_line=progress.show)
        if outcome.code:
            raise StackError(failures.explain_start(outcome.lines, self.log_tail))
        self._restart_outdated(progress)
        if image_before not in {"", self._image_id()}:
            with suppress(StackError):
                self._engine.ask("image", "rm", image_before)

    def _restart_outdated(self, progress: Progress) -> None:
        """Compose sees a changed docker-compose.yml, but not that a file in a mounted folder has changed."""
        running = [one for one in self._containers() if one.service in SPARK_SERVICES and one.state == "running"]
        changed = max(path.stat().st_mtime for path in SPARK_SOURCES)
        if outdated := started_before(self._engine, running, changed):
            with progress.step(f"restarting {', '.join(outdated)}: Spark's settings have changed"):
                failures.require(self._engine.compose("restart", *outdated), "docker compose restart")

    def _scales(self) -> dict[str, int]:
        """How many of each worker run: `up` by itself would go back to one."""
        running = [container.service for container in self._containers() if container.state == "running"]
        return {service: running.count(service) for service in SCALABLE if service in running}

    def prepare(self, progress: Progress) -> None:
        """Nothing: the service airflow-init makes the warehouse's tables, so that `docker compose up` does as well."""

    def down(self, progress: Progress) -> None:
        if self._containers():
            with progress.step("stopping the containers"):
                outcome = self._engine.compose("down", "--remove-orphans", on_line=progress.show)
            failures.require(outcome, "docker compose down")

    def status(self) -> list[ServiceStatus]:
        return judge_services(self._containers())

    def log_tail(self, service: str, lines: int) -> list[str]:
        outcome = self._engine.compose("logs", "--no-log-prefix", "--tail", str(lines), service)
        return [failures.plain(line) for line in outcome.lines][-lines:]

    def show_logs(self, services: Sequence[str], *, follow: bool) -> int:
        known = (*SERVICES, "airflow-init")
        if unknown := [name for name in services if name not in known]:
            raise StackError(f"there is no service {unknown[0]}; there are {', '.join(known)}")
        if not self._containers():
            raise StackError("there is no container, and so no log; ./start.sh starts them")
        command = ["logs", "--tail=50", *(["--follow"] if follow else []), *services]
        if sys.stdout.isatty():
            return self._engine.hand_over(*command)
        return self._engine.compose(*command, on_line=lambda line: print(failures.plain(line), flush=True)).code

    def memory_bytes(self) -> int:
        running = [one.identity for one in self._containers() if one.state == "running"]
        told = self._engine.ask("stats", "--no-stream", "--format", "{{.MemUsage}}", *running).splitlines()
        return sum(read_size(line.partition(" / ")[0]) for line in told)

    def crash(self, service: str) -> None:
        # Every process but the first, tini, which then ends by itself: to the engine that is a crash, and it starts the
        # container again. After `docker kill` it would not.
        self._engine.compose("exec", "-T", service, "sh", "-c", "kill -9 -1")

    def etl(self, arguments: Sequence[str]) -> int:
        way = ["exec"] if self._is_running(WORKER) else ["run", "--rm", "--no-deps"]
        if way[0] == "run" and not self._is_built():
            raise StackError("nothing is built yet; ./start.sh builds it")
        # Without a terminal on both sides Compose must not ask for one.
        plain = [] if sys.stdin.isatty() and sys.stdout.isatty() else ["-T"]
        command = ["python", "-m", "batch_etl", *arguments]
        return self._engine.hand_over(*way, *plain, "--workdir", PIPELINE_HOME, WORKER, *command)

    def leftovers(self, *, everything: bool) -> list[str]:
        volumes = [f"the volume {name}" for name in self._volumes()]
        return [*volumes, *([f"the image {self._image}"] if everything and self._is_built() else [])]

    def remove(self, *, everything: bool) -> None:
        if self._is_built() and any(files_of_others(PROCESSED, LOGS)):
            self._take_back()
        failures.require(self._engine.compose("down", "--volumes", "--remove-orphans"), "docker compose down")
        if everything and self._is_built():
            self._engine.ask("image", "rm", self._image)

    def _take_back(self) -> None:
        """Give the data folders to the owner of this one, who could else not delete what containers wrote."""
        # By reference, as a rootless engine gives everybody other numbers inside than outside.
        chown = ("-R", f"--reference={PIPELINE_HOME}", f"{PIPELINE_HOME}/data/processed", f"{PIPELINE_HOME}/data/logs")
        outcome = self._engine.compose("run", "--rm", "--no-deps", "--entrypoint", "chown", "airflow-init", *chown)
        failures.require(outcome, "chown of the data folders")

    def _containers(self) -> list[Container]:
        return find_containers(self._engine, self._project)

    def _is_running(self, service: str) -> bool:
        return any(one.service == service and one.state == "running" for one in self._containers())

    def _is_built(self) -> bool:
        return bool(self._image_id())

    def _image_id(self) -> str:
        return self._engine.ask("image", "ls", "--quiet", self._image).strip()

    def _volumes(self) -> list[str]:
        label = f"label=com.docker.compose.project={self._project}"
        return self._engine.ask("volume", "ls", "--quiet", "--filter", label).split()


def read_size(text: str) -> int:
    """Bytes of a size as the engine writes it: 512KiB, 1.5GiB."""
    units = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
    unit = next(unit for unit in ("KiB", "MiB", "GiB", "B") if text.endswith(unit))
    return round(float(text.removesuffix(unit)) * units[unit])


def files_of_others(*folders: Path) -> Iterator[Path]:
    """What this user may not delete there. Root may delete everything."""
    for folder in folders if os.getuid() else ():
        for path in (folder, *folder.rglob("*")):
            with suppress(FileNotFoundError):
                if path.lstat().st_uid != os.getuid():
                    yield path


def check_memory(total: int) -> list[Problem]:
    """On macOS and Windows containers share what the virtual machine was given, whatever the machine itself has."""
    if total >= MEMORY_NEEDED:
        return []
    what = f"Docker has {total / GIGABYTE:.1f} GB of memory; the stack takes 1.7 GB at rest and 3.5 GB in a run"
    return [Problem(what, "give Docker 4 GB or more (Docker Desktop: Settings, Resources)", is_fatal=False)]


def check_access(folder: Path, uid: int) -> list[Problem]:
    """Containers run as this uid in group 0; a clone made under a strict umask may be closed to them."""
    found = folder.stat()
    if found.st_uid == uid:
        needed = stat.S_IRUSR | stat.S_IXUSR
    elif found.st_gid == 0:
        needed = stat.S_IRGRP | stat.S_IXGRP
    else:
        needed = stat.S_IROTH | stat.S_IXOTH
    if found.st_mode & needed == needed or sys.platform != "linux":
        return []
    return [Problem(f"{folder} is closed to uid {uid}, which containers run as", "chmod -R a+rX .")]


def check_disk(folder: Path) -> list[Problem]:
    """Room for the images, where the engine's folder is one of this machine and not of a virtual one."""
    free = shutil.disk_usage(folder).free if folder.exists() else DISK_OF_A_BUILD
    if free >= DISK_OF_A_BUILD:
        return []
    needed = f"the first start needs {DISK_OF_A_BUILD / GIGABYTE:.0f} GB there"
    what = f"{free / GIGABYTE:.1f} GB are free in {folder}; {needed}"
    return [Problem(what, "make room, for instance with docker system prune")]
