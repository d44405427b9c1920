"""What the processes below this one have used of the processors: on a shared machine, clocks tell little."""

import psutil


def processor_seconds(name: str = "") -> float:
    """Of all processes below this one and itself, or of those of a name.

    Also of those that have ended, if somebody below us waited for them: of PostgreSQL, not of Spark's idle workers.
    """
    me = psutil.Process()
    total = 0.0
    for process in (me, *me.children(recursive=True)):
        try:
            if process.name().startswith(name):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        except psutil.NoSuchProcess:
            continue
    return total
