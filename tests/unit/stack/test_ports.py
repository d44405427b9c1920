"""Who holds a port, asked about sockets that are really bound."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from stack.ports import Holder, find_holder, is_free, next_free, parse_lsof

LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def bound() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_bound_port_is_not_free(bound: int) -> None:
    assert not is_free("127.0.0.1", bound)


def test_a_port_is_free_again_after_its_socket_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert is_free("127.0.0.1", port)


def test_the_next_free_port_skips_one_that_is_bound(bound: int) -> None:
    found = next_free("127.0.0.1", bound - 1)
    assert found > bound
    assert is_free("127.0.0.1", found)


def test_the_holder_is_found_with_its_pid_and_command() -> None:
    with subprocess.Popen([sys.executable, "-c", LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        holder = find_holder(int(other.stdout.readline()))
        other.communicate()
    assert holder.pid == other.pid
    assert "python" in holder.name.lower()


def test_a_holder_on_ipv6_is_found() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert find_holder(server.getsockname()[1]).pid == os.getpid()


def test_a_port_that_nobody_holds_has_an_unknown_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert find_holder(port) == Holder(None, "an unknown process")


def test_a_holder_reads_as_pid_and_name() -> None:
    assert str(Holder(4312, "node server.js")) == "pid 4312 (node server.js)"
    assert str(Holder(None, "a process of user maria")) == "a process of user maria"


def test_the_first_process_that_lsof_names_is_taken() -> None:
    assert parse_lsof("p4312\ncnode\np4313\ncnode-child\n") == Holder(4312, "node")
    assert parse_lsof("") is None
