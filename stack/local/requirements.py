"""What local mode asks of a machine, and how to mend what is missing."""

import platform
import sys

from stack import machine
from stack.backend import Problem
from stack.layout import ROOT
from stack.local import services, venv
from stack.machine import GIGABYTE
from stack.preflight import check_disk

# The venv, uv's cache of the same files, the database and the classes of Spark.
DISK_OF_AN_INSTALLATION = 5 * GIGABYTE


def check() -> list[Problem]:
    if venv.is_installed():
        return [] if services.redis_server() else [no_redis()]
    redis = [] if services.redis_server() or has_redis_wheel(venv.pick_python()[0]) else [no_redis()]
    return [
        *check_c_library(machine.c_library()),
        *check_disk(machine.free_disk(ROOT), DISK_OF_AN_INSTALLATION),
        *redis,
    ]


def has_redis_wheel(python: str) -> bool:
    """Whether the lock brings a Redis for this system and this Python."""
    if sys.platform == "darwin":
        return python == "3.11"
    return platform.machine() == "x86_64" and python in {"3.11", "3.12"}


def no_redis() -> Problem:
    oldest = ".".join(map(str, services.OLDEST_REDIS))
    install = "brew install redis" if sys.platform == "darwin" else "sudo apt-get install redis-server"
    return Problem(f"no redis-server {oldest} or newer was found, and there is no wheel for this Python", install)


def orphaned(pids: set[int]) -> Problem:
    """Their supervisor is gone (killed, most likely): nobody would start them again, and they hold the ports."""
    return Problem(
        f"{len(pids)} processes of an earlier start still run without their supervisor", "./stop.sh ends them"
    )


def check_c_library(name: str) -> list[Problem]:
    if sys.platform != "linux" or name == "glibc":
        return []
    return [
        Problem("this Linux has no glibc, which the packages are built for", "use Debian, Ubuntu, Fedora or the like")
    ]
