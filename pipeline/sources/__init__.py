"""Where raw metering data comes from: files, each plain, gzip or zip.

    ===========  ================================  ===================================  ===========================
    kind         one row is                        a row's number is                    quarantined whole, for
    ===========  ================================  ===================================  ===========================
    csv          one record under a header         that of the record, 1 after the      another encoding, a missing
                                                   header                               or repeated column
    json_lines   one object on a line; a column    that of its line                     another encoding than UTF-8,
                 is a path such as `usage.value`                                        a line of more than 1 MiB
    nem12        one interval: `nmi`, `suffix`,    its line times 1000, plus its        a missing first or last
                 `start`, `value`, `interval`      place in the day: 3007 is the        record, a record out of
                                                   seventh interval on line 3           place, a day that is not
                                                                                        whole
    parquet      one row                           that of the row                      a missing or repeated column
    ===========  ================================  ===================================  ===========================

Whatever the format, a file that is empty, damaged or cut short where the format lets one know is quarantined whole.
Packing is told by content, never by name, and taken off once: a gzip, or a zip that holds exactly one file. A zip of
several is refused, because their rows could not be numbered so that a person finds them again.
"""
