"""What the ledger counts: the cents of records, as they are written or as they are clean."""

import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.contract import Contract
from batch_etl.transforms.values import normalise, typed_values


def cents(records: pa.Table, contract: Contract) -> int:
    """The sum of the ledger's amount over records, in cents.

    records  the ledger's column as strings as written, or typed

    Amounts that are missing or not well-formed count nothing; a dataset without an amount has no cents.
    """
    if contract.ledger_amount is None:
        return 0
    column = contract.column(contract.ledger_amount)
    amounts = records[column.name].combine_chunks()
    if pa.types.is_string(amounts.type):
        amounts = typed_values(normalise(amounts, column), column, contract.dialect)
    return int((pc.sum(amounts).as_py() or 0) * 100)
