-- Purpose: the pipeline's own database beside Airflow's. Runs once, on an empty volume.
CREATE DATABASE data_warehouse;
