"""The usage API, inside the web UI of Airflow or alone."""
