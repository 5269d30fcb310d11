"""The shell: one file per step, each of which reads, calls a transform, and writes.

The folders, in the order of the data:

catalog     what is billed, read and checked as a whole
sources     raw files, tables and APIs, read as rows
readings    raw files to readings: extract, keep
quantities  readings to quantities: derive
uploads     usage from elsewhere: files and API calls
usage       quantities to usage in the store: map, validate, diff, load
billing     usage to rated items and invoices: rate, post
exports     usage, rated items and invoices as files
targets     the billing platform: what it is sent, and what it has of it
proof       explain, trace, close, verify
reports     what people are told, with nothing changed
notify      how they are told
store       all SQL of the usage store, and its migrations
commands    the command line, by topic

The import contracts in pyproject.toml hold their order. Beside them lies what all use, and `steps.py`: where to begin.
"""
