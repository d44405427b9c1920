"""Airflow makes files in its home as soon as it is imported: give it one that goes away."""

import os
import tempfile

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-")
