"""What watches the pipeline: data quality and alerts. Knows neither Airflow nor Spark."""
