"""Of what several attempts at a task wrote, one counts; on Spark, as it is done."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from batch_etl.stores.attempts import attempt, run_attempts


def write_twice_the_item(item: int, folder: Path) -> int:
    (folder / "part").write_text(str(item))
    return 2 * item


def test_each_item_has_a_folder_and_a_result_in_the_order_of_the_items(spark: SparkSession, tmp_path: Path) -> None:
    counted = run_attempts(spark, tmp_path / "scratch", [3, 1, 2], write_twice_the_item)

    assert [(result, (folder / "part").read_text()) for folder, result in counted] == [(6, "3"), (2, "1"), (4, "2")]
    assert {folder.parent for folder, _ in counted} == {tmp_path / "scratch"}
    assert len({folder for folder, _ in counted}) == 3


def test_no_item_is_no_job_and_no_folder(spark: SparkSession, tmp_path: Path) -> None:
    assert run_attempts(spark, tmp_path / "scratch", [], write_twice_the_item) == []
    assert not (tmp_path / "scratch").exists()


def test_what_an_attempt_left_that_does_not_count_is_removed(spark: SparkSession, tmp_path: Path) -> None:
    zombie = tmp_path / "scratch/zombie"
    zombie.mkdir(parents=True)
    (zombie / "part").write_text("doubled")

    ((folder, _),) = run_attempts(spark, tmp_path / "scratch", [1], write_twice_the_item)

    assert list((tmp_path / "scratch").iterdir()) == [folder]


def test_an_attempt_has_an_empty_folder_and_one_that_comes_late_has_none(tmp_path: Path) -> None:
    folder, result = attempt(3, scratch=tmp_path, work=write_twice_the_item)

    assert (folder.parent, [file.name for file in folder.iterdir()], result) == (tmp_path, ["part"], 6)
    with pytest.raises(FileNotFoundError):
        attempt(3, scratch=tmp_path / "removed", work=write_twice_the_item)


def fail_at_first(item: str, folder: Path) -> str:
    """Write a part and die of it, the first time, as an error of Python or as a process that is killed."""
    (folder / "part").write_text(item)
    mark = folder.parent.parent / f"{item}.died"
    if not mark.exists():
        mark.touch()
        if item == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(item)
    return item


def main(tmp_path: Path) -> None:
    spark = SparkSession.builder.master("local[2,2]").config("spark.ui.enabled", "false").getOrCreate()
    counted = run_attempts(spark, tmp_path / "scratch", ["killed", "failed"], fail_at_first)
    assert [(result, (folder / "part").read_text()) for folder, result in counted] == [("killed",) * 2, ("failed",) * 2]
    assert sorted((tmp_path / "scratch").iterdir()) == sorted(folder for folder, _ in counted)
    spark.stop()


def test_a_task_that_is_killed_or_fails_is_tried_again_and_its_first_files_do_not_count(
    spark: SparkSession,  # noqa: ARG001 - tells where Java is
    tmp_path: Path,
) -> None:
    """In a process of its own: a session in this one tries nothing twice."""
    script = (
        f"from pathlib import Path; from tests.unit.stores.test_attempts import main; main(Path({str(tmp_path)!r}))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)

    assert sorted(mark.name for mark in tmp_path.glob("*.died")) == ["failed.died", "killed.died"]
