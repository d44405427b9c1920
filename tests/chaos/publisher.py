"""A process that does one thing to the warehouse of the environment and can be killed while it does it.

usage: python -m tests.chaos.publisher publish TOKEN | restore RELEASE
"""

import sys
from contextlib import closing

import psycopg2

from batch_etl.release import publish_attempt
from batch_etl.restore import restore
from batch_etl.run import Run
from batch_etl.settings import Settings

if __name__ == "__main__":
    action, number = sys.argv[1], int(sys.argv[2])
    settings = Settings()
    if action == "publish":
        publish_attempt(Run("new", "publish", "all", settings), token=number)
    else:
        with closing(psycopg2.connect(settings.warehouse_dsn.get_secret_value())) as connection:
            restore(connection, number, run_key="back", limits=settings.config.releases)
