"""The roles and databases of the server, the same in both modes. None of the roles is a superuser."""

from collections.abc import Mapping

# Who owns a database, and in it everything that is made by the owner.
OWNERS = {"airflow": "airflow", "data_warehouse": "loader"}
# The role a password of .env belongs to.
PASSWORDS = {
    "airflow": "POSTGRES_PASSWORD",
    "loader": "WAREHOUSE_LOADER_PASSWORD",
    "reader": "WAREHOUSE_READER_PASSWORD",
}


def role_statements(passwords: Mapping[str, str]) -> list[str]:
    """Make the roles where they are missing, and give them the passwords that .env has now. For a superuser.

    passwords  by role; there are no quotes in them, stack.settings sees to that
    """
    statements = []
    for role, password in passwords.items():
        statements += [
            f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            f"ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{password}'",
        ]
    return [
        *statements,
        # The login that the demo shows to people may do in the warehouse what the pipeline may.
        "GRANT loader TO airflow",
        # A publish that waits for a lock names who holds it.
        "GRANT pg_read_all_stats TO loader",
        # An autovacuum gives way to a publish after that long; by default after a second, for each table that it is at.
        "ALTER ROLE loader SET deadlock_timeout = '100ms'",
    ]


def database_statements(present: set[str]) -> list[str]:
    """Make the databases that are missing; into each its owner gets, and into the warehouse its readers. One by one."""
    statements = [f"CREATE DATABASE {name} OWNER {owner}" for name, owner in OWNERS.items() if name not in present]
    for name, owner in OWNERS.items():
        statements += [f"ALTER DATABASE {name} OWNER TO {owner}", f"REVOKE ALL ON DATABASE {name} FROM PUBLIC"]
    return [*statements, "GRANT CONNECT ON DATABASE data_warehouse TO reader"]
