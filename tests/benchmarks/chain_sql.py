"""What every contender with SQL computes: the contracts' rules, versions, star and marts, in its own dialect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlglot

from batch_etl.contract import Column, Contract
from batch_etl.transforms.rollups import TOTALS
from tests.rollup_queries import rollup_queries

PROJECT = Path(__file__).resolve().parents[2]
MARTS = (
    *("daily_sales", "monthly_sales", "region_sales", "category_sales"),
    *("product_performance", "customer_value", "cohort_retention"),
)


@dataclass(frozen=True)
class Dialect:
    """How a system says what the others say in another way. {c}: a column, {p}: a pattern, {t}: a type."""

    name: str
    matches: str
    is_moment: str
    text: str
    moment: str


SPARK = Dialect("spark", "{c} RLIKE r'^(?:{p})$'", "TRY_CAST({c} AS {t}) IS NOT NULL", "STRING", "TIMESTAMP")
DUCKDB = Dialect("duckdb", "regexp_full_match({c}, '{p}')", "TRY_CAST({c} AS {t}) IS NOT NULL", "VARCHAR", "TIMESTAMP")
POSTGRES = Dialect("postgres", "{c} ~ '^(?:{p})$'", "pg_input_is_valid({c}, '{t}')", "TEXT", "TIMESTAMPTZ")

Table = tuple[str, str]


def cleaning(contract: Contract, dialect: Dialect) -> list[Table]:
    """Tables and their queries, from ingested_<dataset> (strings and _record_number) to clean_<dataset>."""
    name = contract.dataset
    rules = ",\n".join(_case(column, dialect) for column in contract.columns)
    typed = ", ".join(
        f"CAST({column.name} AS {_type(column, dialect)}) AS {column.name}" for column in contract.columns
    )
    return [
        (f"judged_{name}", f"SELECT *, CONCAT_WS('; ', {rules}) AS _reasons FROM ingested_{name}"),
        (f"typed_{name}", f"SELECT {typed}, _record_number FROM judged_{name} WHERE _reasons = ''"),
        (f"clean_{name}", _standing(contract)),
    ]


def quarantined(datasets: Sequence[str]) -> str:
    """A query of what the contracts keep out."""
    parts = (
        f"SELECT '{name}' AS dataset, _record_number AS record_number, _reasons AS reasons FROM judged_{name} "
        "WHERE _reasons != ''"
        for name in datasets
    )
    return " UNION ALL ".join(parts)


def star(contracts: dict[str, Contract], dialect: Dialect) -> list[Table]:
    dimensions = {
        "customer": {"full_name": "unknown", "segment": "unknown"},
        "product": {"product_name": "unknown", "category": "unknown"},
    }
    made = [
        (f"dim_{name}", _dimension(name, contracts[f"{name}s"], unknown, dialect.text))
        for name, unknown in dimensions.items()
    ]
    return [*made, ("fct_sale", _FACT)]


def marts(dialect: Dialect) -> Iterator[Table]:
    """The rollups, and the project's own queries of them."""
    rollups = rollup_queries()
    months = ("customer_months", "product_months", "buyer_months")
    texts = {name: rollups[name] for name in (*months, *TOTALS)}
    texts |= {name: (PROJECT / f"sql/transformations/{name}.sql").read_text(encoding="utf-8") for name in MARTS}
    # Who adds up in SQL needs no table between these.
    texts["daily_sales"] = rollups["sale_days"]
    for name, rollup in {"monthly_sales": "sale_months", "region_sales": "region_months"}.items():
        inner = rollups[rollup].replace("FROM sale_days", "FROM daily_sales")
        texts[name] = f"WITH {rollup} AS ({inner})\n{texts[name]}"
    for name, query in texts.items():
        # The other systems know no MM.
        text = query.replace("'MM'", "'MONTH'")
        if dialect is not SPARK:
            (text,) = sqlglot.transpile(text, read="spark", write=dialect.name)
        # PostgreSQL rounds numeric to places, and nothing else.
        yield name, text.replace("DOUBLE PRECISION", "NUMERIC")


# Casts: who reads CSV with inferred types has floats here, and a cent that is lost by them would be no fair difference.
_FACT = """
WITH sale AS (
    SELECT
        *,
        CAST(quantity * CAST(unit_price_usd AS DECIMAL(12, 2)) AS DECIMAL(18, 2)) AS gross_usd,
        CAST(discount_rate AS DECIMAL(5, 4)) AS rate
    FROM clean_sales
)

SELECT
    s.sale_id, CAST(s.sold_at_utc AS DATE) AS sold_on, s.sold_at_utc,
    COALESCE(c.customer_key, -1) AS customer_key, COALESCE(p.product_key, -1) AS product_key,
    s.customer_id, s.product_id, s.quantity, s.unit_price_usd, s.discount_rate, s.gross_usd,
    CAST(ROUND(s.gross_usd * s.rate, 2) AS DECIMAL(18, 2)) AS discount_usd,
    CAST(s.gross_usd - ROUND(s.gross_usd * s.rate, 2) AS DECIMAL(18, 2)) AS net_usd,
    s.region, s.payment_method
FROM sale AS s
LEFT JOIN dim_customer AS c
    ON s.customer_id = c.customer_id AND s.sold_at_utc >= c.valid_from_utc AND s.sold_at_utc < c.valid_to_utc
LEFT JOIN dim_product AS p
    ON s.product_id = p.product_id AND s.sold_at_utc >= p.valid_from_utc AND s.sold_at_utc < p.valid_to_utc
"""


def _case(column: Column, dialect: Dialect) -> str:
    """The reason that a value meets first, as the judge tells it; NULL where it keeps every rule."""
    c = column.name
    told = {"missing": f"{c} IS NULL"} if column.is_required else {}
    form = _form(column, dialect)
    told |= {f"not of type {column.kind}": f"NOT ({form})"} if form else {}
    told |= {f"shorter than {column.min_length}": f"LENGTH({c}) < {column.min_length}"} if column.min_length else {}
    told |= {f"longer than {column.max_length}": f"LENGTH({c}) > {column.max_length}"} if column.max_length else {}
    if column.pattern:
        told["does not match the pattern"] = "NOT " + dialect.matches.format(c=c, p=column.pattern.strip("^$"))
    if column.allowed_values:
        allowed = ", ".join(f"'{value}'" for value in column.allowed_values)
        told["not an allowed value"] = f"{c} NOT IN ({allowed})"
    for word, limit, sign in (("below", column.minimum, "<"), ("above", column.maximum, ">")):
        if limit is not None:
            kind = _type(column, dialect)
            told[f"{word} {limit}"] = f"CAST({c} AS {kind}) {sign} CAST('{limit}' AS {kind})"
    whens = " ".join(f"WHEN {condition} THEN '{c}: {rule}'" for rule, condition in told.items())
    return f"CASE {whens} END"


def _form(column: Column, dialect: Dialect) -> str | None:
    moment = r"\d{4}-\d\d-\d\d" + (r"T\d\d:\d\d:\d\dZ" if column.kind == "timestamp" else "")
    patterns = {"integer": r"-?\d{1,9}", "date": moment, "timestamp": moment}
    if column.kind == "decimal":
        whole = (column.precision or 0) - (column.scale or 0)
        patterns["decimal"] = rf"-?\d{{1,{whole}}}(\.\d{{1,{column.scale}}})?"
    if column.kind not in patterns:
        return None
    form = dialect.matches.format(c=column.name, p=patterns[column.kind])
    if column.kind in ("date", "timestamp"):
        form += " AND " + dialect.is_moment.format(c=column.name, t=_type(column, dialect).lower())
    return form


def _type(column: Column, dialect: Dialect) -> str:
    if column.kind == "decimal":
        return f"DECIMAL({column.precision}, {column.scale})"
    return {"text": dialect.text, "integer": "INTEGER", "date": "DATE", "timestamp": dialect.moment}[column.kind]


def _standing(contract: Contract) -> str:
    """One record a key: the highest version. Only doubled keys are ranked, which are few."""
    names, keys = ", ".join(f"t.{name}" for name in contract.column_names), ", ".join(contract.key)
    same = " AND ".join(f"t.{key} = d.{key}" for key in contract.key)
    by_key = ", ".join(f"t.{key}" for key in contract.key)
    order = dict.fromkeys([*contract.version_order, *contract.column_names])
    highest = ", ".join(f"t.{name} DESC" for name in order if name not in contract.key)
    plain = ", ".join(contract.column_names)
    table = f"typed_{contract.dataset}"
    return f"""
    WITH d AS (SELECT {keys} FROM {table} GROUP BY {keys} HAVING COUNT(*) > 1),
    ranked AS (
        SELECT {names}, ROW_NUMBER() OVER (PARTITION BY {by_key} ORDER BY {highest}, t._record_number) AS place
        FROM {table} AS t INNER JOIN d ON {same}
    )
    SELECT {names} FROM {table} AS t LEFT JOIN d ON {same} WHERE d.{contract.key[0]} IS NULL
    UNION ALL SELECT {plain} FROM ranked WHERE place = 1
    """


def _dimension(name: str, contract: Contract, unknown: dict[str, str], text: str) -> str:
    """A slowly changing dimension of type 2; a version that changes nothing prolongs the one before."""
    attributes = [c for c in contract.column_names if c not in (f"{name}_id", "updated_at_utc")]
    content = ", ".join(f"COALESCE(CAST({attribute} AS {text}), '~')" for attribute in attributes)
    history = f"OVER (PARTITION BY {name}_id ORDER BY updated_at_utc)"
    nobody = ", ".join(f"'{unknown[a]}'" if a in unknown else "NULL" for a in attributes)
    names = ", ".join(attributes)
    return f"""
    WITH told AS (SELECT *, CONCAT_WS('|', {content}) AS _content FROM clean_{name}s),
    compared AS (SELECT *, LAG(_content) {history} AS _before FROM told),
    changes AS (
        SELECT *, LAG(updated_at_utc) {history} AS _previous, LEAD(updated_at_utc) {history} AS _next
        FROM compared WHERE _before IS NULL OR _before != _content
    )
    SELECT
        ROW_NUMBER() OVER (ORDER BY {name}_id, updated_at_utc) AS {name}_key, {name}_id, {names},
        CASE WHEN _previous IS NULL THEN TIMESTAMP '1900-01-01 00:00:00' ELSE updated_at_utc END AS valid_from_utc,
        COALESCE(_next, TIMESTAMP '9999-12-31 00:00:00') AS valid_to_utc,
        _next IS NULL AS is_current
    FROM changes
    UNION ALL
    SELECT -1, 'unknown', {nobody}, TIMESTAMP '1900-01-01 00:00:00', TIMESTAMP '9999-12-31 00:00:00', TRUE
    """
