"""`python -m stack COMMAND`: what the scripts in the repository's folder call."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from datetime import datetime, timezone

from stack import output
from stack.backend import SERVICES, StackError
from stack.clean import clean
from stack.dag_run import SIZES
from stack.event_files import LEVELS
from stack.events import Choice, read_level, read_period, show
from stack.layout import ENV_FILE, LOCAL_LOCK, LOGS, ROOT, TESTS_LOCK, shown
from stack.local import venv
from stack.modes import open_current
from stack.progress import Progress
from stack.settings import load_settings
from stack.start import start
from stack.stop import stop

INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    script, command, rest = *arguments[:2], arguments[2:]
    try:
        return COMMANDS[command](script, rest)
    except StackError as error:
        print(output.plain(f"{script}: {error}"), file=sys.stderr)
        if command == "etl" and "--json" in rest:
            # As batch_etl/cli does it.
            print(json.dumps({"error": str(error)}))
        return 1
    except PermissionError as error:
        print(f"{script}: {error.filename} is closed to you, most likely since a start as root", file=sys.stderr)
        print(f'  fix: sudo chown -R "$USER" {shlex.quote(str(ROOT))}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        if command == "logs":
            # It started nothing, and `-f` is ended in no other way.
            return INTERRUPTED
        print(f"\n{script}: interrupted; what was started goes on (./stop.sh ends it)", file=sys.stderr)
        return INTERRUPTED


def _start(script: str, arguments: Sequence[str]) -> int:
    parser = _parser(script, "Start the stack, run the pipeline once and say what came out. Safe to run again.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--docker", dest="mode", action="store_const", const="docker", help="run in Docker Compose")
    mode.add_argument(
        "--local", dest="mode", action="store_const", const="local", help="run as processes, without Docker"
    )
    parser.add_argument("--size", choices=SIZES, default="small", help="the files to run on (default: small)")
    parser.add_argument("--no-run", action="store_true", help="start the services and leave it at that")
    chosen = parser.parse_args(arguments)
    return start(asked=chosen.mode, size=None if chosen.no_run else chosen.size)


def _stop(script: str, arguments: Sequence[str]) -> int:
    _parser(script, "End every service of the stack. The data stays; ./start.sh goes on from there.").parse_args(
        arguments
    )
    return stop()


def _clean(script: str, arguments: Sequence[str]) -> int:
    parser = _parser(script, "Stop the stack and delete what it has made: the database, processed data and logs.")
    parser.add_argument(
        "--all", action="store_true", help="also what a start installs or builds, and .env with its keys"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    chosen = parser.parse_args(arguments)
    return clean(everything=chosen.all, is_confirmed=chosen.yes)


def _logs(script: str, arguments: Sequence[str]) -> int:
    parser = _parser(script, "Show what the services say, or, with any filter, the pipeline's own events.")
    services = f"one or more of {', '.join(SERVICES)}; all where none is named"
    parser.add_argument("services", nargs="*", metavar="SERVICE", help=services)
    parser.add_argument("-f", "--follow", action="store_true", help="go on as they say more")
    events = parser.add_argument_group("the pipeline's events")
    events.add_argument("--run", default="", help="of this DAG run")
    events.add_argument("--stage", default="", help="of this stage, such as data_cleaning")
    events.add_argument("--dataset", default="", help="of this dataset, such as sales")
    events.add_argument("--level", type=read_level, choices=LEVELS, default="", help="this grave or graver")
    events.add_argument("--since", default="", metavar="WHEN", help="90m, 2h, 7d, 2026-11-01 or last-month")
    answer = events.add_mutually_exclusive_group()
    answer.add_argument("--sum", default="", metavar="FIGURE", help="add up a figure of the events, such as records_in")
    answer.add_argument(
        "--failing-since", action="store_true", help="when runs began to have errors without a break, or --level"
    )
    chosen = parser.parse_args(arguments)
    if chosen.follow and (chosen.sum or chosen.failing_since):
        parser.error("--sum and --failing-since answer once; leave -f out")
    now = datetime.now(timezone.utc)  # noqa: UP017 - a Python 3.10 starts this too
    since, until = read_period(chosen.since, now) if chosen.since else (None, None)
    choice = Choice(chosen.run, chosen.stage, chosen.dataset, chosen.level, since, until)
    if choice != Choice() or chosen.sum or chosen.failing_since:
        if chosen.services:
            parser.error("filters are for the pipeline's events; leave the services out")
        return show(LOGS, choice, add_up=chosen.sum, is_failing=chosen.failing_since, follow=chosen.follow)
    return open_current(load_settings()).show_logs(chosen.services, follow=chosen.follow)


def _etl(script: str, arguments: Sequence[str]) -> int:  # noqa: ARG001 - the pipeline explains itself, --help too
    return open_current(load_settings()).etl(arguments)


def _install(script: str, arguments: Sequence[str]) -> int:
    parser = _parser(script, "Make .local/venv hold what local mode needs.")
    parser.add_argument("--tests", action="store_true", help="also what the tests need")
    chosen = parser.parse_args(arguments)
    venv.install(Progress(), locks=(TESTS_LOCK, LOCAL_LOCK) if chosen.tests else (LOCAL_LOCK,))
    return 0


def _settings(script: str, arguments: Sequence[str]) -> int:
    _parser(script, "Read .env and say whether it can be used.").parse_args(arguments)
    load_settings()
    print(f"{shown(ENV_FILE)} is well formed" if ENV_FILE.exists() else "no .env yet: the defaults count")
    return 0


def _parser(script: str, purpose: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=script, description=purpose)


COMMANDS = {
    "start": _start,
    "stop": _stop,
    "clean": _clean,
    "logs": _logs,
    "etl": _etl,
    "install": _install,
    "settings": _settings,
}

if __name__ == "__main__":
    sys.exit(output.run(main, [os.environ.get("PIPELINE_SCRIPT", "stack"), *sys.argv[1:]]))
