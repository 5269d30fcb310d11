"""Zips: which are taken, and how ours are written: of these nothing tells when, where or by whom they were made."""

from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

METHODS = {ZIP_STORED, ZIP_DEFLATED}  # what everybody writes; others may ask for gigabytes of memory
ENCRYPTED = 0x1  # the flag of a member that asks for a password
EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip can say
UNIX = 3
READABLE = 0o644 << 16


def entry(name: str) -> ZipInfo:
    """Describe a file of a zip, compressed: the same content gives the same bytes, on every machine."""
    described = ZipInfo(name, EARLIEST)
    described.compress_type, described.create_system, described.external_attr = ZIP_DEFLATED, UNIX, READABLE
    return described
