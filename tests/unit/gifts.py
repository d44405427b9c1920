"""A small contract to be spoilt, one place at a time."""

from pathlib import Path

GIFTS = """
apiVersion: v3.1.0
kind: DataContract
id: gifts
version: 1.0.0
status: active
servers:
  - {server: raw, type: local, path: data/raw/gift*.csv, format: csv}
schema:
  - name: gifts
    customProperties:
      - {property: versionOrder, value: [given_on]}
      - {property: ledgerAmount, value: price_usd}
    properties:
      - {name: giver_id, logicalType: string, physicalType: text, required: true, primaryKey: true,
         primaryKeyPosition: 2}
      - {name: gift_id, logicalType: string, physicalType: text, required: true, primaryKey: true,
         primaryKeyPosition: 1}
      - {name: price_usd, logicalType: number, physicalType: "numeric(12,2)"}
      - {name: pieces, logicalType: integer, physicalType: integer}
      - {name: given_on, logicalType: date, physicalType: date, logicalTypeOptions: {format: yyyy-MM-dd}}
"""


def written(folder: Path, text: str) -> Path:
    """A contract's file with this text."""
    file = folder / "gifts.odcs.yaml"
    file.write_text(text, encoding="utf-8")
    return file
