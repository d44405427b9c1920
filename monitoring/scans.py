"""How the checks read: every row of every table, once."""

from psycopg2.extensions import cursor as Cursor  # noqa: N812


def prefer_scans(cursor: Cursor) -> None:
    """Let the planner join by hash, to the end of the transaction.

    Of staging it knows little; taken for small, a table of a million rows is looked up row by row, for hours, and taken
    for huge, it is sorted on disk to be merged, for twice the time.
    """
    cursor.execute("SET LOCAL enable_nestloop = off")
    # To have the few first in order, the planner would walk an index from end to end.
    cursor.execute("SET LOCAL enable_indexscan = off")
    cursor.execute("SET LOCAL enable_indexonlyscan = off")
    cursor.execute("SET LOCAL enable_mergejoin = off")
    # What is not asked for counts as very dear, and so every query as worth compiling: two seconds of a small run.
    cursor.execute("SET LOCAL jit = off")
    # One hash table for all processes of a query takes half the time of one each. It lies in /dev/shm and is of at most
    # twice this for each of three processes: docker-compose.yml gives room for two of them.
    cursor.execute("SET LOCAL work_mem = '32MB'")
