"""Whether a Connect server is started: what config/pipeline.yaml says, read without a library."""

from pathlib import Path

import pytest

from stack.spark_mode import spark_mode


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("spark:\n  # submit: alone\n  mode: connect # warm\n  split_bytes: 1\n", "connect"),
        ('a:\n  mode: connect\nspark:\n\n  split_bytes: 1\n  mode: "submit"\nb:\n  mode: x\n', "submit"),
        ("spark:\n  split_bytes: 1\nalerts:\n  mode: connect\n", "submit"),
        ("spark:\n  mode: connect", "connect"),
        ("", "submit"),
    ],
)
def test_the_mode_is_that_of_the_section_spark(tmp_path: Path, text: str, mode: str) -> None:
    (tmp_path / "pipeline.yaml").write_text(text)

    assert spark_mode(tmp_path / "pipeline.yaml") == mode


def test_without_the_file_stages_are_submitted(tmp_path: Path) -> None:
    assert spark_mode(tmp_path / "pipeline.yaml") == "submit"
