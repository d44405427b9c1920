"""A process that runs one stage and is killed before the Nth call of a function, counted from 1.

usage: python -m tests.integration.killed_stage HOME DSN RUN_KEY SIZE STAGE OWNER NAME N
ie:    … medium data_cleaning pathlib:Path rename 4
"""

import os
import signal
import sys
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from tests.integration.pipeline import Pipeline


def kill_before(owner: str, name: str, nth: int) -> None:
    place, seen = resolve_name(owner), 0
    function = getattr(place, name)

    def counting(*values: Any, **named: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*values, **named)

    setattr(place, name, counting)


if __name__ == "__main__":
    home, dsn, run_key, size, stage, owner, name, nth = sys.argv[1:]
    kill_before(owner, name, int(nth))
    Pipeline(Path(home), dsn).run(run_key, size=size, stages=[stage])
