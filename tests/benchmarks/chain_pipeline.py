"""The chain by this pipeline: its eight stages, with every guarantee, into core.* and marts.*."""

import os
import shutil
from functools import partial

from tests.benchmarks.contender import PROJECT, Task, run_stages
from tests.benchmarks.spark_cluster import stage_settings, started_session
from tests.integration.pipeline import SPARK_STAGES, STAGES, Pipeline


def stage(name: str, task: Task, _: object) -> None:
    Pipeline(task.folder / "home", task.dsn).run("bench", stages=[name])


def main(task: Task) -> None:
    if not (task.folder / "home").exists():
        pipeline = Pipeline.make(task.folder / "home", task.dsn)
        shutil.copy(PROJECT / "config/pipeline.yaml", pipeline.home / "config")
        for source in task.sources.iterdir():
            os.link(source, pipeline.raw / source.name)
    # A stage finds the session that is there; those after the loading need none.
    if (task.after or 0) < len(SPARK_STAGES):
        started_session(task.executors, **stage_settings())
    run_stages(task, {name: partial(stage, name) for name in STAGES}, None)


if __name__ == "__main__":
    main(Task.from_arguments())
