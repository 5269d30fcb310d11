"""Shows what is wrong with the catalog as an import error in the web UI. What is right has its DAGs nevertheless.

A unit of measure that units.yaml does not have may have been made by the API: the tasks, which have the store, tell.
"""

# Airflow looks for the words dag and airflow before it reads a file.
from pipeline.catalog.catalog import Catalog
from pipeline.settings import catalog_folder

Catalog.read(catalog_folder(), None)
