"""What is said while one waits."""

import io

import pytest

from stack.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_step_is_told_with_its_seconds_when_it_is_done() -> None:
    out = io.StringIO()
    with Progress(out).step("fetching uv"):
        assert out.getvalue() == ""
    assert "fetching uv (0.0 s)\n" in out.getvalue()


def test_a_terminal_sees_the_step_while_it_lasts() -> None:
    out = Terminal()
    with Progress(out).step("fetching uv"):
        assert out.getvalue().endswith("fetching uv …")


def test_a_step_that_fails_is_not_told_as_done() -> None:
    out = io.StringIO()
    with pytest.raises(ValueError, match="no network"), Progress(out).step("fetching uv"):
        raise ValueError("no network")
    assert out.getvalue() == ""
