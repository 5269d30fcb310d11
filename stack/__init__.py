"""The local stack: an embedded PostgreSQL and Airflow's four components, started, watched and stopped."""
