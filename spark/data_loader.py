"""Stage 4: copy the mart into staging tables of this attempt, where nobody but the checks looks."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from batch_etl import claim, release
from batch_etl.errors import LoadFailed
from batch_etl.run import Run, StageResult, main
from batch_etl.stores.copy_sink import PostgresCopy
from batch_etl.stores.difference import read_table
from batch_etl.stores.mart import Manifest, mart_inputs, read_manifest

log = logging.getLogger(__name__)


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
        manifest = read_manifest(folder)
        claim.open_staging(connection, token, list(manifest.rows))
        with connection, connection.cursor() as cursor:
            known = {table: read_table(cursor, table).columns for table in manifest.rows}
        _copy(run, folder, manifest, token, known)
        claim.mark_loaded(connection, run.run_key, token, manifest)
    rows = sum(manifest.rows.values())
    return StageResult(rows, rows, {"token": token, "rows": dict(manifest.rows)})


def _copy(run: Run, folder: Path, manifest: Manifest, token: int, known: Mapping[str, Sequence[str]]) -> None:
    """known: table -> columns that it has in the warehouse."""
    dsn = run.settings.warehouse_dsn.get_secret_value()
    run.spark.dataSource.register(PostgresCopy)
    for table, rows in manifest.rows.items():
        if not rows:
            continue
        # A table of months is one folder a month, whose name is no column.
        mart = run.spark.read.option("recursiveFileLookup", True).parquet(str(folder / table))
        for column in mart.columns:
            if column not in known[table]:
                raise LoadFailed(f"warehouse: {table} has no column {column}; ./etl init adds it")
        # Spark blanks out options whose name holds "secret" wherever it shows a plan.
        writer = mart.write.format(PostgresCopy.name()).option("secret_dsn", dsn)
        writer.option("table", claim.staging_name(table, token)).mode("append").save()
        log.info("loaded %s", table, extra={"rows": rows})


if __name__ == "__main__":
    main("data_loading", load)
