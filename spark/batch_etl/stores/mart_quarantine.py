"""quarantine.records of a mart: what breaks today's contracts, one file for each file of the lake's quarantine."""

from batch_etl.stores.lake import Lake, read_part, write_part
from batch_etl.stores.mart import Inputs
from batch_etl.stores.mart_tables import MartTables
from batch_etl.transforms.quarantined import as_published

TABLE = "quarantine.records"
_REPEATING = ("dataset", "batch_id", "source_file")


def write_quarantined(lake: Lake, inputs: Inputs, tables: MartTables) -> None:
    """Write dataset, batch_id, record_number, source_file, raw, and reasons as JSON.

    What the mart before tells of a batch is taken over where the same contract judged it; what is new comes after it.
    """
    place = tables.folder / TABLE
    place.mkdir()
    told = _judgements(Inputs.read(tables.before)) if tables.before else frozenset()
    wanted = _judgements(inputs)
    stays = {"-".join(judgement) for judgement in wanted & told}
    # A name is a number that grows, and the judgement.
    tables.take_over_files(f"{TABLE}/*.parquet", when=lambda file: file.stem.partition("-")[2] in stays)
    number = max((int(file.name.partition("-")[0]) for file in place.iterdir()), default=0)
    for judgement in sorted(wanted - told):
        dataset, _, batch_id = judgement
        for file in sorted(lake.judged("quarantine", *judgement).glob("*.parquet")):
            number += 1
            name = f"{number:08}-{'-'.join(judgement)}.parquet"
            write_part(as_published(read_part(file), dataset, batch_id), place / name, repeating=_REPEATING)


def _judgements(inputs: Inputs) -> frozenset[tuple[str, str, str]]:
    """Dataset, contract and batch of each."""
    return frozenset((name, inputs.contracts[name], batch) for name in inputs.batches for batch in inputs.batches[name])
