"""Stage 4: copy the mart into staging tables of this attempt, where nobody but the checks looks."""

import logging
from functools import partial
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl import claim, release
from batch_etl.errors import LoadFailed
from batch_etl.run import Run, StageResult, main
from batch_etl.stores.attempts import run_near, shared_out
from batch_etl.stores.contract_tables import make_tables, require_room, table_stands
from batch_etl.stores.difference import read_table
from batch_etl.stores.loads import Load, is_visible
from batch_etl.stores.mart import mart_inputs, read_manifest
from batch_etl.stores.part_copy import Part, parts_of, stage_parts, what_comes_on_top
from batch_etl.stores.staging import open_staging, size_of_parts
from batch_etl.stores.visible_parts import foreign_writes, visible_parts

log = logging.getLogger(__name__)

# A connection and a task cost more than the rows of many small parts.
_TASK_BYTES = 4 * 1024 * 1024
_TASK_PARTS = 50


def load(run: Run) -> StageResult:
    """Claim the run and load the newest mart, unless it is what is visible already."""
    inputs = mart_inputs(run.lake, run.contracts, run.settings.pipeline_home)
    with run.warehouse() as connection:
        token = claim.claim(connection, run.run_key)
        with connection, connection.cursor() as cursor:
            details = {"token": token, "mart": inputs.fingerprint}
            if restored := release.restored_instead(cursor, inputs.fingerprint):
                log.warning("release %s was restored; ./etl releases resume lets the next run publish again", restored)
                details["restored_instead"] = restored
            if restored or (release.is_visible(cursor, inputs.fingerprint) and not run.recompute.is_asked):
                claim.advance(cursor, run.run_key, token, state="unchanged")
                return StageResult(0, 0, details, is_nothing_new=True)
        folder = run.lake.mart(inputs.fingerprint)
        loaded, bytes_in = _stage(run, connection, token, folder)
        with connection, connection.cursor() as cursor:
            bytes_out = size_of_parts(cursor, loaded.parts)
        claim.mark_loaded(connection, run.run_key, token, loaded)
    rows = loaded.mart.rows
    staged = sum(part.rows for part in loaded.parts)
    details = {"token": token, "rows": dict(rows), "staged_parts": len(loaded.parts)}
    return StageResult(sum(rows.values()), staged, details, bytes_in=bytes_in, bytes_out=bytes_out)


def _stage(run: Run, connection: Connection, token: int, folder: Path) -> tuple[Load, int]:
    """Fill a table for each part of the mart that is not visible: those that count, and the bytes that were read."""
    mart = read_manifest(folder)
    with connection, connection.cursor() as cursor:
        make_tables(cursor, run.contracts)
        require_room(cursor, run.contracts)
        if lacking := [table for table in mart.rows if not table_stands(cursor, table)]:
            raise LoadFailed(
                f"warehouse: there is no {', '.join(lacking)}; add it to sql/create_tables.sql, then ./etl init"
            )
        since, visible = (None, {}) if run.recompute.is_full else visible_parts(cursor)
        written, undone = foreign_writes(cursor)
        tables = [read_table(cursor, table) for table in mart.rows]
        if keyless := [table.name for table in tables if not table.key]:
            raise LoadFailed(
                f"warehouse: {', '.join(keyless)} has no primary key, by which a publish compares rows; "
                "give the table one, and in sql/create_tables.sql too"
            )
    there = [part for table in tables for part in parts_of(table, folder / table.name)]
    differing = [part for part in there if not is_visible(part.table, part.month, mart.parts, visible)]
    # A month to which somebody wrote is compared as a whole, which undoes it.
    parts = differing if written != undone else [what_comes_on_top(part, visible) for part in differing]
    dsn = run.settings.warehouse_dsn.get_secret_value()
    work = partial(stage_parts, dsn=dsn, who=f"{run.stage} {run.run_key}", token=token)
    with run.lake.scratch() as scratch:
        filled = run_near(lambda: run.spark, scratch, _tasks(parts), work)
    staged = tuple(part for _, of_task in filled for part in of_task)
    with connection, connection.cursor() as cursor:
        open_staging(cursor, token, mart.rows)
    for part in staged:
        log.info("loaded %s", f"{part.table} {part.month}".strip(), extra={"rows": part.rows})
    is_all = len(parts) == len(there) and not any(part.on_top_of for part in parts)
    loaded = Load(mart, staged, None, written) if is_all else Load(mart, staged, since, undone)
    return loaded, sum(part.size for part in parts)


def _tasks(parts: list[Part]) -> list[list[Part]]:
    """The largest first, so that none is left to wait for at the end."""
    ordered = sorted(parts, key=lambda part: part.size, reverse=True)
    return shared_out(ordered, lambda part: part.size, task_size=_TASK_BYTES, task_items=_TASK_PARTS)


if __name__ == "__main__":
    main("data_loading", load)
