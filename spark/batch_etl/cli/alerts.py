"""`./etl alerts`: look at the audit now, or try the addresses that messages go to."""

import logging

import typer

from batch_etl.cli.output import AsJson, print_answer, printable
from batch_etl.settings import Settings

commands = typer.Typer(help="Look for incidents now, or try the addresses that messages go to.")


def register(app: typer.Typer) -> None:
    commands.command()(watch)
    commands.command("test")(send_sample)
    app.add_typer(commands, name="alerts", no_args_is_help=True)


def watch(*, as_json: AsJson = False) -> None:
    """Open and close incidents by what the audit says now, and send what is due: what the DAG alert_watch does."""
    # Here, not above, and below too: every other command would wait for apprise.
    from monitoring.alert_system import watch_between_runs  # noqa: PLC0415

    _log_to_terminal()
    done = watch_between_runs(Settings())
    told = {**done.details, "messages": done.records_in, "sent": done.records_out}
    text = "incidents: {opened} opened, {recovered} recovered; messages: {sent} of {messages} sent".format(**told)
    print_answer(told, [text], as_json=as_json)


def send_sample(*, as_json: AsJson = False) -> None:
    """Send a sample to the log and to every address of NOTIFY_URLS; exit code 1 where one did not take it."""
    from monitoring.alert_system import send_samples  # noqa: PLC0415

    _log_to_terminal()
    settings = Settings()
    outcomes = send_samples(settings)
    lines = [f"{channel}: {why or 'sent'}" for channel, why in outcomes.items()]
    if not settings.notify_urls.get_secret_value():
        lines.append("no address: set NOTIFY_URLS in .env and run ./start.sh --no-run")
    print_answer(outcomes, lines, as_json=as_json)
    if any(outcomes.values()):
        raise typer.Exit(1)


class _Plain(logging.Formatter):
    """Messages of several lines, which tell what data and errors said."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(printable, super().format(record).split("\n")))


def _log_to_terminal() -> None:
    """The log is one of the places that messages go to."""
    terminal = logging.StreamHandler()
    terminal.setFormatter(_Plain())
    logging.basicConfig(level=logging.INFO, handlers=[terminal])
