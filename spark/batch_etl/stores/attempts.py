"""Work that Spark schedules and that writes its files itself: of what several attempts wrote, one counts.

A task may run more than once: it is retried, speculated on, or its executor comes back from the dead. So each attempt
writes into a folder of its own, and only the driver, which knows what Spark counts, moves files into place.
"""

import pickle
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.utils import is_remote

T = TypeVar("T")
R = TypeVar("R")
A = TypeVar("A")


def shared_out(items: Sequence[T], size: Callable[[T], int], *, task_size: int, task_items: int) -> list[list[T]]:
    """Items by task: many small ones together, a big one for itself, for a task costs more than a small item."""
    tasks: list[list[T]] = []
    filled = 0
    for item in items:
        if not tasks or filled + size(item) > task_size or len(tasks[-1]) == task_items:
            tasks.append([])
            filled = 0
        tasks[-1].append(item)
        filled += size(item)
    return tasks


def run_attempts(
    spark: SparkSession, scratch: Path, items: Sequence[T], work: Callable[[T, Path], R]
) -> list[tuple[Path, R]]:
    """Do the work of each item as a task of its own, with an empty folder below scratch to write to.

    scratch  a folder that belongs to this call; every machine of the cluster sees it at the same path
    returns  the folder and the result of the one attempt that counts, in the order of the items

    What other attempts wrote is removed. Move the files on, then remove scratch: an attempt that comes late finds no
    place to write.
    """
    if not items:
        return []
    scratch.mkdir(parents=True, exist_ok=True)
    counted = _each_in_a_task(spark, items, partial(attempt, scratch=scratch, work=work))
    for left_over in set(scratch.iterdir()) - {folder for folder, _ in counted}:
        shutil.rmtree(left_over, ignore_errors=True)
    return counted


def run_near(
    open_spark: Callable[[], SparkSession], scratch: Path, items: Sequence[T], work: Callable[[T, Path], R]
) -> list[tuple[Path, R]]:
    """The same, but a single item is worked on here: reaching the cluster takes longer."""
    if len(items) > 1:
        return run_attempts(open_spark(), scratch, items, work)
    scratch.mkdir(parents=True, exist_ok=True)
    return [attempt(item, scratch=scratch, work=work) for item in items]


def attempt(item: T, *, scratch: Path, work: Callable[[T, Path], R]) -> tuple[Path, R]:
    """What a task does: its work, in a folder that no other attempt has. Raises FileNotFoundError without scratch."""
    folder = scratch / uuid.uuid4().hex
    # No parents: where the driver has removed scratch, nobody waits for this attempt.
    folder.mkdir()
    return folder, work(item, folder)


def _each_in_a_task(spark: SparkSession, items: Sequence[T], task: Callable[[T], A]) -> list[A]:
    # Beside a session of Connect there are DataFrames only. They would do for both, but in a JVM that has just started
    # planning and compiling a query takes a second or more of CPU, which an RDD does without.
    if not is_remote():
        done: list[A] = spark.sparkContext.parallelize(items, len(items)).map(task).collect()
        return done

    def tasks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for place in batch.column(0).to_pylist():
                yield pa.RecordBatch.from_pydict({"done": [pickle.dumps((place, task(items[place])))]})

    places = spark.range(0, len(items), 1, len(items))
    rows = places.mapInArrow(tasks, "done binary").collect()
    # What our own tasks have just pickled.
    return [done for _, done in sorted((pickle.loads(row["done"]) for row in rows), key=itemgetter(0))]  # noqa: S301
