"""What is told of whoever holds a lock."""

import pytest

from batch_etl.stores.locks import without_values


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE c SET email = 'ann@example.org' WHERE id = 7", "UPDATE c SET email = *** WHERE id = 7"),
        ("SELECT 'O''Neill', 'x'", "SELECT ***, ***"),
        (r"SELECT E'O\'Neill', 'x'", "SELECT ***, ***"),
        ("SELECT $$O'Neill$$, $a$ $$ b $a$, $1", "SELECT ***, ***, $1"),
        ("""SELECT "it's", 'ann' FROM "it's\"""", """SELECT "it's", *** FROM "it's\""""),
        ("SELECT 1 -- that isn't\nWHERE x = 'ann'", "SELECT 1 ***\nWHERE x = ***"),
        ("SELECT /* it's */ 'ann'", "SELECT *** ***"),
        ("SELECT 491701234567, 1234, 12345.67 FROM sales_202501", "SELECT ***, 1234, ***.67 FROM sales_202501"),
        ("INSERT INTO c VALUES ('ann, cut by the serv", "INSERT INTO c VALUES (***"),
        ("INSERT INTO c VALUES ($$ann, cut by the serv", "INSERT INTO c VALUES (***"),
        (r"INSERT INTO c VALUES (E'ann\'s, cut", "INSERT INTO c VALUES (***"),
    ],
)
def test_a_statement_is_told_without_its_values(statement: str, told: str) -> None:
    assert without_values(statement) == told
