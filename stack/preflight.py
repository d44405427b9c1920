"""Look before starting: everything that would go wrong, all at once, each with its fix. Changes nothing."""

import os
import shlex
from collections.abc import Callable, Collection
from pathlib import Path

from stack import machine, ports
from stack.backend import PORT_SERVICES, SERVICES, Problem
from stack.layout import LOCAL, LOGS, ROOT, shown
from stack.machine import GIGABYTE
from stack.ports import Holder
from stack.settings import Settings

PROCESSORS = ("x86_64", "amd64", "aarch64", "arm64")
# At rest 1.7 GB; a run adds a driver and an executor.
MEMORY_NEEDED = 2 * GIGABYTE
MEMORY_COMFORTABLE = 4 * GIGABYTE
DISK_NEEDED = 1 * GIGABYTE


def check_ports(
    settings: Settings, running: Collection[str], find_holder: Callable[[int], Holder] = ports.find_holder
) -> list[Problem]:
    """Ports that something else holds. Those of services in `running` are held by the stack itself."""
    problems = []
    spoken_for = {settings.port(key) for key in PORT_SERVICES}
    for key, service in PORT_SERVICES.items():
        address, port = settings["BIND_ADDRESS"], settings.port(key)
        if service in SERVICES and service not in running and not ports.is_free(address, port):
            proposed = ports.next_free(address, port, besides=spoken_for)
            spoken_for.add(proposed)
            problems.append(taken(key, port, find_holder(port), proposed))
    return problems


def taken(key: str, port: int, holder: Holder, proposed: int) -> Problem:
    if "docker-proxy" in holder.name:
        stop = "stop the container that publishes it (docker ps shows it)"
    else:
        stop = f"stop it (kill {holder.pid})" if holder.pid else "stop it"
    return Problem(f"port {port} is taken by {holder}", f"{stop}, or set another in .env, such as {key}={proposed}")


def check_address(settings: Settings) -> list[Problem]:
    address = settings["BIND_ADDRESS"]
    if ports.is_free(address, 0):
        return []
    return [Problem(f"this machine has no address {address}", "set BIND_ADDRESS=127.0.0.1 in .env")]


def check_memory(available: int | None) -> list[Problem]:
    if available is None or available >= MEMORY_COMFORTABLE:
        return []
    what = f"{available / GIGABYTE:.1f} GB of memory are free; the stack takes 1.7 GB at rest and 3.5 GB in a run"
    fix = "close what you do not need, or give the virtual machine or container more memory"
    return [Problem(what, fix, is_fatal=available < MEMORY_NEEDED)]


def check_disk(free: int, needed: int) -> list[Problem]:
    if free >= needed:
        return []
    what = f"{free / GIGABYTE:.1f} GB are free on the disk of {ROOT}; this start needs {needed / GIGABYTE:.0f} GB"
    return [Problem(what, "make room there, or clone to another disk")]


def check_processor(name: str) -> list[Problem]:
    if name.lower() in PROCESSORS:
        return []
    return [Problem(f"the processor is {name}", f"use a machine with one of {', '.join(PROCESSORS)}")]


def check_folder(folder: Path) -> list[Problem]:
    """What a start as another user has left behind (root, mostly) stops this one half way."""
    for candidate in (folder, *folder.parents):
        if candidate.exists():
            if os.access(candidate, os.W_OK):
                return []
            what = f"{shown(candidate)} belongs to {candidate.owner()} and is closed to you"
            return [Problem(what, f'sudo chown -R "$USER" {shlex.quote(str(ROOT))}')]
    return []


def check_machine(settings: Settings, running: Collection[str]) -> list[Problem]:
    """What both modes need. Where the stack runs already, its own memory and ports are no problem."""
    address = check_address(settings)
    return [
        *check_processor(machine.processor()),
        *(address or check_ports(settings, running)),
        *([] if running else check_memory(machine.available_memory())),
        *check_disk(machine.free_disk(ROOT), DISK_NEEDED),
        *check_folder(LOGS),
        *check_folder(LOCAL),
    ]
