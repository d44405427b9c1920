"""Make the file of stack.local.aot: what the supervisor runs in the background, once."""

import os
import subprocess
import sys
import time

from stack import probes
from stack.backend import SERVICES
from stack.layout import ROOT, VENV
from stack.local import aot, services
from stack.settings import Settings, load_settings

QUIET_SECONDS = 30
JOB = ROOT / "stack" / "images" / "train_aot.py"


def wait_for_quiet(settings: Settings) -> None:
    """Until the cluster has had nothing to do for a while: runs come first, and the stages of one follow each other."""
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < QUIET_SECONDS:
        time.sleep(2)
        # The Connect server is an application that never ends.
        if probes.spark_state(settings).applications > ("spark-connect" in SERVICES):
            quiet_since = time.monotonic()


def train() -> int:
    """Make the file, and tell drivers and executors of it: they read their settings anew for every job."""
    target = aot.cache_file()
    beside = target.with_suffix(f".{os.getpid()}")
    options = f'spark.driver.extraJavaOptions=-XX:+UseSerialGC "-XX:AOTCacheOutput={beside}"'
    submit = [str(VENV / "bin" / "spark-submit"), "--conf", "spark.ui.enabled=false", "--conf", options, str(JOB)]
    done = subprocess.run(submit, check=False)
    if done.returncode == 0 and beside.exists():
        for old in target.parent.glob("spark-*.aot"):
            old.unlink()
        beside.rename(target)
        services.write_configuration(load_settings())
    beside.unlink(missing_ok=True)
    return done.returncode


if __name__ == "__main__":
    wait_for_quiet(load_settings())
    sys.exit(train())
