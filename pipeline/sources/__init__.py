"""Where raw metering data comes from: files in a folder or at a URL, databases, and JSON APIs.

    ===========  ================================  ===================================  ===========================
    kind         one row is                        a row's number is                    quarantined whole, for
    ===========  ================================  ===================================  ===========================
    csv          one record under a header         that of the record, 1 after the      another encoding, a missing
                                                   header                               or repeated column, a quote
                                                                                        that is never closed
    excel        one row of a sheet, under a       that which the spreadsheet shows     a missing or repeated
                 header; numbers are the                                                column, a missing sheet, a
                 shortest text of the cell's                                            password, more than 2 GiB
                 double, instants ISO 8601, an                                          of memory
                 error is empty
    json         one record of a document; a       its place among all records          another encoding than UTF-8,
                 column is a path                                                       no list at `records`, more
                                                                                        than 64 MiB
    json_lines   one object on a line; a column    that of its line                     another encoding than UTF-8,
                 is a path such as `usage.value`                                        a line of more than 1 MiB
    nem12        one interval: `nmi`, `suffix`,    its line times 1000, plus its        a missing first or last
                 `start`, `value`, `interval`,     place in the day: 3007 is the        record, a record out of
                 `revision`, `quality`, `unit`     seventh interval on line 3, 30007    place, a day that is not
                                                   in a file that has minutes           whole
    parquet      one row                           that of the row                      a missing or repeated column
    ===========  ================================  ===================================  ===========================

Of a `wide` source, whose rows hold a day each, an interval's number is that of its row times 1000, plus its place in
the day (pipeline.sources.wide).

Whatever the format, a file that is empty, damaged or cut short where the format lets one know is quarantined whole.
Packing is told by content, never by name, and taken off once: a gzip, or a zip that holds exactly one file. A zip of
several is refused, because their rows could not be numbered so that a person finds them again. A workbook is such a
zip, and is left whole where the source says `excel`.

`files: s3://bucket/cpu/{account}/*.csv` finds files at any URL that fsspec knows (pipeline.sources.remote). What a
database or an API gives is kept as JSON lines, and read as any file (pipeline.sources.fetched).
"""
