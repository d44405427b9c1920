"""Gives a validation the stack that runs, and turns what is in its way into a finding."""

from collections.abc import Callable

from stack.airflow_api import AirflowApi
from stack.backend import StackError
from stack.dag_run import wait_for_dag
from stack.demo_runs import DemoRuns
from stack.modes import running_mode
from stack.settings import load_settings
from stack.start import PATIENCE_SECONDS
from stack.verdict import Finding, Verdict
from stack.warehouse import Warehouse


def work_on_stack(verdict: Verdict, validate: Callable[[DemoRuns], None]) -> None:
    try:
        settings = load_settings()
        if running_mode(settings) is None:
            verdict.add(Finding("stack", is_ok=False, detail="nothing runs", fix="./start.sh starts it"))
            return
        api = AirflowApi.of(settings, patience_seconds=PATIENCE_SECONDS)
        wait_for_dag(api, verdict.progress)
        validate(DemoRuns(api, Warehouse(), verdict))
    except StackError as error:
        what, _, fix = str(error).partition("\n  fix: ")
        verdict.add(Finding("stack", is_ok=False, detail=what, fix=fix or "python3 validate_simple.py names the cause"))
    except KeyboardInterrupt:
        detail = "ended from the keyboard; a run that was triggered goes on in Airflow"
        verdict.add(
            Finding("interrupted", is_ok=False, detail=detail, fix="run it again: what was read is not read twice")
        )
