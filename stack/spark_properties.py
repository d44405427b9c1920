"""The properties file of the whole Spark cluster: what is committed, and what a machine adds to it."""

from collections.abc import Mapping

from stack.layout import CONFIG

# Short jobs end before an optimising compiler or a parallel collector pays for itself.
JAVA_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"


def render(
    *, secret: str, home: str, logs: str, python: str, aot_cache: str = "", extra: Mapping[str, str] | None = None
) -> str:
    """The committed settings, then the secret and the paths as the processes see them.

    home    the repository; its spark/ folder is what executors import from
    logs    folder of spark-driver.log and spark-executor.log
    python  the interpreter that driver and executors share
    aot_cache  a file of classes for just this Java and these jars, where one has been made
    """
    lines = {
        "spark.authenticate.secret": secret,
        "spark.connect.authenticate.token": secret,
        "spark.pyspark.python": python,
        "spark.executorEnv.PYTHONPATH": f"{home}/spark:{home}",
        "spark.driver.extraJavaOptions": java_options(home, f"{logs}/spark-driver.log", aot_cache),
        "spark.executor.extraJavaOptions": java_options(home, f"{logs}/spark-executor.log", aot_cache),
        **(extra or {}),
    }
    committed = (CONFIG / "spark-defaults.conf").read_text(encoding="utf-8")
    return f"{committed}\n# Of this machine:\n" + "".join(f"{key} {value}\n" for key, value in lines.items())


def java_options(home: str, log: str, aot_cache: str = "") -> str:
    """What drivers and executors start with: as the daemons, and their log in a file of its own."""
    options = (f"-Dlog4j2.configurationFile=file:{home}/config/log4j2.properties", f"-Dpipeline.spark.log={log}")
    return " ".join([daemon_java_options(aot_cache), *map(_quoted, options)])


def daemon_java_options(aot_cache: str = "") -> str:
    # Java 25 warns on standard output, which is the task's log, of stubs it does not take from the file. It runs on.
    options = (f"-XX:AOTCache={aot_cache}", "-Xlog:disable", "-Xlog:all=error:stderr") if aot_cache else ()
    return " ".join([JAVA_OPTIONS, *map(_quoted, options)])


def _quoted(option: str) -> str:
    """Spark takes the line apart at blanks, and a clone may lie in "My Projects"."""
    return f'"{option}"'
