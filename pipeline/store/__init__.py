"""The usage store: all SQL of the project, in PostgreSQL's dialect, and the migrations."""
