"""What Spark says of a failure, without the values of records that it quotes.

Spark's errors are recorded, logged, sent and shown where nobody may see a person.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from batch_etl import errors

MASK = "***"
_OF_SPARK = ("py4j", "pyspark")
# Parameters of messages that name a thing, of all others nobody knows which hold a value.
_NAMES = re.compile(r".*(Type|Config|Policy|[pP]ath)|ansiConfig|config|func|functionName|parameter|operation")
# These speak of machines and files.
_TRUSTED = re.compile(
    r"java\.(io|nio\.file)\.\w+|java\.net\.ConnectException|java\.lang\.(OutOfMemory|StackOverflow)Error"
)
_TRUSTED_IN_PYTHON = {"OSError", *(kind.__name__ for kind in OSError.__subclasses__()), "MemoryError"}
_TRACEBACK = "Traceback (most recent call last):"


@contextmanager
def telling_no_value() -> Iterator[None]:
    """What Spark refuses inside keeps its class, and tells what is wrong and where in the query."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _OF_SPARK:
            raise
        raise _plain_class(error)(what_failed(error)).with_traceback(error.__traceback__) from None


def what_failed(error: Any) -> str:  # noqa: ANN401 - Py4J and PySpark have no types
    """What is wrong and where. An analysis ends before a record is read: its message stays, for names are in it."""
    from pyspark.errors import AnalysisException, PySparkException, PythonException  # noqa: PLC0415

    if isinstance(error, PythonException):
        return _masked_traceback(str(error))
    thrown = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    if thrown is not None:
        return _of_java(thrown, is_readable=isinstance(error, AnalysisException))
    if not isinstance(error, PySparkException):
        return f"{type(error).__name__}: the JVM does not answer"
    if error.getCondition() is None:
        return _without_condition(error)
    parameters, place = error.getMessageParameters(), [context.summary() for context in error.getQueryContext()]
    is_readable = isinstance(error, AnalysisException)
    if not (parameters or is_readable or _is_local(error)):
        # They get lost where they are long.
        return "\n".join([f"[{error.getCondition()}] SQLSTATE: {error.getSqlState()}", *place])
    return _masked(str(error), parameters or {}, place, is_readable=is_readable)


def hush() -> None:
    """PySpark tells on standard error, which is the task's log, each error that has a place in a query."""
    from pyspark.logger import PySparkLogger  # noqa: PLC0415

    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True


def _plain_class(error: Exception) -> type[Exception]:
    """The class without what it holds of the JVM or the server."""
    from pyspark.errors import PySparkException  # noqa: PLC0415

    plain = (kind for kind in type(error).__mro__ if kind.__module__ == PySparkException.__module__)
    kind: type[Exception] = next(plain, PySparkException)
    return kind


def _is_local(error: Exception) -> bool:
    return ".connect" not in type(error).__module__


def _of_java(thrown: Any, *, is_readable: bool) -> str:  # noqa: ANN401
    causes = [thrown]
    while (cause := causes[-1].getCause()) is not None:
        causes.append(cause)
    for cause in causes:
        if _has_condition(cause):
            place = [context.summary() for context in cause.getQueryContext() if str(context.contextType()) == "SQL"]
            return _masked(cause.getMessage(), cause.getMessageParameters(), place, is_readable=is_readable)
    return _of_class(causes[-1].getClass().getName(), causes[-1].getMessage() or "")


def _has_condition(thrown: Any) -> bool:  # noqa: ANN401
    from py4j.java_gateway import is_instance_of  # noqa: PLC0415
    from pyspark import SparkContext  # noqa: PLC0415

    is_of_spark = is_instance_of(SparkContext._gateway, thrown, "org.apache.spark.SparkThrowable")
    return is_of_spark and thrown.getCondition() is not None


def _without_condition(error: Any) -> str:  # noqa: ANN401
    found = re.match(r"\(([\w.$]+)\) (.*)", str(error), re.DOTALL)
    if found:
        return _of_class(*found.groups())
    if hasattr(error, "getGrpcStatusCode"):
        return f"the Connect server ended the call: {error.getGrpcStatusCode().name}"
    return _of_class(*str(error).partition(": ")[::2])


def _of_class(name: str, message: str) -> str:
    if _TRUSTED.fullmatch(name):
        return f"{name}: {message}"
    if name.startswith("org.apache.spark.") and message:
        # Why a job was aborted: behind an exception stands what it said.
        told = re.sub(r"(Exception|Error): .*", r"\1", message.splitlines()[0])
        return f"{name}: {told}"
    return f"{name}: {MASK}"


def _masked(message: str, parameters: Mapping[str, str], place: list[str], *, is_readable: bool) -> str:
    """The message with a mask for each parameter that may be a value, and the place in the query."""
    # Behind it a server tells what the causes said.
    text = message.partition("\n\nJVM stacktrace:")[0].strip()
    if is_readable:
        return text
    values = [value for name, value in parameters.items() if value and not _NAMES.fullmatch(name)]
    for value in sorted(values, key=len, reverse=True):
        alone = rf"(?<!\w){re.escape(value)}(?!\w)"
        text = re.sub(alone, MASK, text) if re.search(alone, text) else text.replace(value, MASK)
    return "\n".join([text.partition("\n== SQL")[0], *(part.strip("\n") for part in place)])


def _masked_traceback(text: str) -> str:
    """A traceback from a worker: the lines of code, and of each error the class; ours keep what they say."""
    told: list[str] = []
    is_code = False
    for line in text.splitlines():
        was_code = is_code
        is_code = line.endswith(_TRACEBACK) or (was_code and line.startswith("  "))
        if is_code:
            told.append(_TRACEBACK if line.endswith(_TRACEBACK) else line)
        elif was_code:
            name = line.partition(":")[0]
            told.append(line if _says_no_value(name) else f"{name}: {MASK}")
    return "\n".join(told)


def _says_no_value(name: str) -> bool:
    return name in _TRUSTED_IN_PYTHON or errors.kind_of(name.removeprefix("batch_etl.errors.")) is not None
