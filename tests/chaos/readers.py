"""Readers in REPEATABLE READ that poll every table and know which releases there may be."""

import threading
from collections.abc import Sequence
from contextlib import closing
from types import TracebackType
from typing import Self

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from tests.integration.drawn_star import TABLES

NUMBER = 4
_ORPHANS = """
    SELECT COUNT(*)
    FROM core.fct_sale
    LEFT JOIN core.dim_customer USING (customer_key)
    LEFT JOIN core.dim_product USING (product_key)
    LEFT JOIN core.dim_date ON calendar_date = sold_on
    WHERE full_name IS NULL OR product_name IS NULL OR calendar_date IS NULL
    """
_MISSING_CENTS = "SELECT (SELECT SUM(net_usd) FROM core.fct_sale) - (SELECT SUM(net_usd) FROM marts.daily_sales)"


class Readers:
    """Read for the block. faults: what no reader may ever see; reads: transactions that were read through.

    releases  rows by table of each release, from the first on; a later one repeats one of them
    """

    def __init__(self, dsn: str, releases: Sequence[dict[str, int]]) -> None:
        self._dsn = dsn
        self._releases = releases
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._poll) for _ in range(NUMBER)]
        self.reads = 0
        self.faults: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _poll(self) -> None:
        while not self._is_over.is_set():
            try:
                self._read_until_over()
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                # The server was killed: nobody can blame a reader for coming back.
                self._is_over.wait(0.05)

    def _read_until_over(self) -> None:
        with closing(psycopg2.connect(self._dsn, application_name="reader")) as connection:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            while not self._is_over.is_set():
                with connection, connection.cursor() as cursor:
                    self._look(cursor)
                self.reads += 1

    def _look(self, cursor: Cursor) -> None:
        (release, restored_from) = _row(cursor, "SELECT release, restored_from FROM audit.releases ORDER BY 1 DESC")
        # One statement a table: they agree only because the snapshot is one.
        count = sql.SQL("SELECT COUNT(*) FROM {}")
        rows = {table: _row(cursor, count.format(sql.Identifier(*table.split("."))))[0] for table in TABLES}
        if rows != self._releases[(restored_from or release) - 1]:
            self.faults.append(f"release {release} with {rows}")
        if 0 in rows.values():
            self.faults.append(f"an empty table: {rows}")
        if orphans := _row(cursor, _ORPHANS)[0]:
            self.faults.append(f"{orphans} sales without a dimension in release {release}")
        if cents := _row(cursor, _MISSING_CENTS)[0]:
            self.faults.append(f"mart and facts are of two releases: {cents}")


def _row(cursor: Cursor, statement: str | sql.Composed) -> tuple:
    cursor.execute(statement)
    rows = cursor.fetchall()
    return tuple(rows[0])
