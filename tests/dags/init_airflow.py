"""Make the database of an Airflow that has run nothing yet."""

from airflow.utils.db import initdb

initdb()
