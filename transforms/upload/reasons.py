"""Why usage is refused, or let through with a warning: codes, and what to do about each.

A Refusal is of the whole file: nothing is created. A Reason fails an import: nothing of it is loaded. A Caution is of a
row that is loaded all the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

SHOWN_CHARACTERS = 60


class Refusal(StrEnum):
    """Why a file is not even taken."""

    TYPE_UNKNOWN = "type_unknown"
    NAME_MISSING = "name_missing"
    NAME_TOO_LONG = "name_too_long"
    NAME_INVALID = "name_invalid"
    LOCALE_UNKNOWN = "locale_unknown"
    FILE_TOO_LARGE = "file_too_large"
    TOO_LARGE = "too_large"
    MD5_MISMATCH = "md5_mismatch"
    NOT_UTF8 = "not_utf8"
    EMPTY_FILE = "empty_file"
    DAMAGED_FILE = "damaged_file"
    DAMAGED_ZIP = "damaged_zip"
    UNSUPPORTED_ZIP = "unsupported_zip"
    ENCRYPTED_ZIP = "encrypted_zip"
    ENCRYPTED_WORKBOOK = "encrypted_workbook"
    NESTED_ARCHIVE = "nested_archive"
    DIRECTORY_IN_ZIP = "directory_in_zip"
    SEVERAL_FILES = "several_files"
    FORMULA = "formula"
    TOO_MANY_COLUMNS = "too_many_columns"
    TOO_MANY_ROWS = "too_many_rows"
    LONG_ROW = "long_row"
    NOTHING_TO_REPEAT = "nothing_to_repeat"


class Reason(StrEnum):
    """Why an import fails; nothing of it is loaded."""

    COLUMN_MISSING = "column_missing"
    COLUMN_TWICE = "column_twice"
    COLUMN_UNKNOWN = "column_unknown"
    COLUMN_RESERVED = "column_reserved"
    COLUMN_FORBIDDEN = "column_forbidden"
    NO_ROWS = "no_rows"
    TOO_MANY_PERIODS = "too_many_periods"
    ROW_EMPTY = "row_empty"
    ROW_RAGGED = "row_ragged"
    ACCOUNT_MISSING = "account_missing"
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNT_INACTIVE = "account_inactive"
    UOM_MISSING = "uom_missing"
    UOM_UNKNOWN = "uom_unknown"
    UOM_REJECTED = "uom_rejected"
    QUANTITY_MISSING = "quantity_missing"
    QUANTITY_MALFORMED = "quantity_malformed"
    QUANTITY_NEGATIVE = "quantity_negative"
    QUANTITY_TOO_LARGE = "quantity_too_large"
    QUANTITY_TOO_FINE = "quantity_too_fine"
    QUANTITY_NOT_EXACT = "quantity_not_exact"
    START_MISSING = "start_missing"
    START_MALFORMED = "start_malformed"
    END_MALFORMED = "end_malformed"
    END_BEFORE_START = "end_before_start"
    DATE_UNCLEAR = "date_unclear"
    SUBSCRIPTION_UNKNOWN = "subscription_unknown"
    SUBSCRIPTION_INACTIVE = "subscription_inactive"
    SUBSCRIPTION_OF_ANOTHER = "subscription_of_another"
    CHARGE_UNKNOWN = "charge_unknown"
    CHARGE_INACTIVE = "charge_inactive"
    CHARGE_NOT_USAGE = "charge_not_usage"
    CHARGE_OF_ANOTHER = "charge_of_another"
    CHARGE_NOT_IN_SUBSCRIPTION = "charge_not_in_subscription"
    CHARGE_AMBIGUOUS = "charge_ambiguous"
    PRODUCT_CHARGE_UNKNOWN = "product_charge_unknown"
    PRODUCT_CHARGE_OTHER = "product_charge_other"
    DESCRIPTION_TOO_LONG = "description_too_long"
    UNIQUE_KEY_TOO_LONG = "unique_key_too_long"
    UNIQUE_KEY_TWICE = "unique_key_twice"
    TEXT_TOO_LONG = "text_too_long"
    TEXT_ILLEGAL = "text_illegal"
    TEXT_FORMULA = "text_formula"
    CUSTOM_MISSING = "custom_missing"
    CUSTOM_INVALID = "custom_invalid"
    CUSTOM_TOO_LONG = "custom_too_long"
    CUSTOM_BAD_DATE = "custom_bad_date"
    UNPRICED = "unpriced"
    RECORD_BILLED = "record_billed"
    STORE_REFUSED = "store_refused"


class Caution(StrEnum):
    """What is unusual about a row that is loaded all the same."""

    NO_CHARGE = "no_charge"
    UOM_OTHER = "uom_other"
    START_OUTSIDE = "start_outside"
    LIST_PRICE = "list_price"
    PERIOD_BILLED = "period_billed"
    METERED = "metered"
    OTHER_ACCOUNT = "other_account"


ADVICE: Mapping[Refusal | Reason | Caution, str] = {
    Refusal.TYPE_UNKNOWN: "send a .csv, .xls or .xlsx file, or a .zip of one, whose content is what its name says",
    Refusal.NAME_MISSING: "give the file a name that ends in .csv, .xls, .xlsx or .zip",
    Refusal.NAME_TOO_LONG: "give the file a name of at most 50 characters, its ending included",
    Refusal.NAME_INVALID: "give the file a plain name, without folders and control characters",
    Refusal.LOCALE_UNKNOWN: "declare the dates as en_US, en_GB, en_AU, de_DE or iso",
    Refusal.FILE_TOO_LARGE: "send at most 4 MB: zip the file, or split it",
    Refusal.TOO_LARGE: "split the file: at most 40 MB unpacked; send a large workbook as CSV",
    Refusal.MD5_MISMATCH: "send the file again: it was changed on its way",
    Refusal.NOT_UTF8: "save the file as CSV in UTF-8",
    Refusal.EMPTY_FILE: "send a file with a header and rows",
    Refusal.DAMAGED_FILE: "save the file again: it cannot be read, as when a quote is never closed",
    Refusal.DAMAGED_ZIP: "zip the file again: it is cut short or damaged",
    Refusal.UNSUPPORTED_ZIP: "zip the file with the usual compression (deflate)",
    Refusal.ENCRYPTED_ZIP: "zip the file without a password",
    Refusal.ENCRYPTED_WORKBOOK: "save the workbook without a password",
    Refusal.NESTED_ARCHIVE: "zip the file once",
    Refusal.DIRECTORY_IN_ZIP: "zip the file itself, not its folder; macOS adds one of its own: use `zip -X` there",
    Refusal.SEVERAL_FILES: "put one file into each zip",
    Refusal.FORMULA: "paste the workbook's cells as values: a formula's result may be another elsewhere",
    Refusal.TOO_MANY_COLUMNS: "take away columns: there may be 200",
    Refusal.TOO_MANY_ROWS: "split the file: there may be 200,000 rows",
    Refusal.LONG_ROW: "shorten it: a cell may have 32,767 characters, a line 1,048,576",
    Refusal.NOTHING_TO_REPEAT: "send the file without the wish to repeat: nothing like it is loaded",
    Reason.COLUMN_MISSING: "add the column; its cells may be empty where no value is needed",
    Reason.COLUMN_TWICE: "keep one of the columns",
    Reason.COLUMN_UNKNOWN: "remove the column, or name it as the template does; a custom field's name ends in __C",
    Reason.COLUMN_RESERVED: "rename the custom field: it has the name of a standard one",
    Reason.COLUMN_FORBIDDEN: "remove the column: CustomerReference is set by the billing platform alone",
    Reason.NO_ROWS: "add rows below the header",
    Reason.TOO_MANY_PERIODS: "split the file: its rows may be of 1,000 billing periods",
    Reason.ROW_EMPTY: "remove the empty row",
    Reason.ROW_RAGGED: "give the row as many fields as the header; put a text that holds a comma into quotes",
    Reason.ACCOUNT_MISSING: "give the account number",
    Reason.ACCOUNT_UNKNOWN: "give the number of a registered account, not its name or id",
    Reason.ACCOUNT_INACTIVE: "activate the account first",
    Reason.UOM_MISSING: "give the unit of measure",
    Reason.UOM_UNKNOWN: "use a unit of measure that is defined, or define it first",
    Reason.UOM_REJECTED: "use the charge's unit of measure: this charge refuses others",
    Reason.QUANTITY_MISSING: "give the quantity",
    Reason.QUANTITY_MALFORMED: "write a plain decimal number such as 1137.5: no exponent, no thousands separators",
    Reason.QUANTITY_NEGATIVE: "give 0 or more; where the charge allows it, an API call can correct by less",
    Reason.QUANTITY_TOO_LARGE: "use a larger unit of measure: there may be 13 digits before the point",
    Reason.QUANTITY_TOO_FINE: "round it, or use a smaller unit of measure: there may be 9 decimals",
    Reason.QUANTITY_NOT_EXACT: "give it in the charge's own unit, rounded to 9 decimals: converted it has more",
    Reason.START_MISSING: "give the start date",
    Reason.START_MALFORMED: "write the date in the declared locale, or as YYYY-MM-DD; years are 1970 to 2099",
    Reason.END_MALFORMED: "write the date in the declared locale, or as YYYY-MM-DD; years are 1970 to 2099",
    Reason.END_BEFORE_START: "give an end that is not before the start",
    Reason.DATE_UNCLEAR: "write the offset from UTC: the account's clock shows this time twice, or never",
    Reason.SUBSCRIPTION_UNKNOWN: "give the number of a registered subscription, or none",
    Reason.SUBSCRIPTION_INACTIVE: "activate the subscription first",
    Reason.SUBSCRIPTION_OF_ANOTHER: "give a subscription of this account",
    Reason.CHARGE_UNKNOWN: "give the number of a registered charge, such as C-00000001, not its name",
    Reason.CHARGE_INACTIVE: "activate the charge first",
    Reason.CHARGE_NOT_USAGE: "give a usage charge: this one takes no usage, or is not in the catalog",
    Reason.CHARGE_OF_ANOTHER: "give a charge of this account",
    Reason.CHARGE_NOT_IN_SUBSCRIPTION: "give a charge of this subscription, or leave the subscription empty",
    Reason.CHARGE_AMBIGUOUS: "name the charge: each of several would bill the usage once more",
    Reason.PRODUCT_CHARGE_UNKNOWN: "give a charge of the catalog, or none",
    Reason.PRODUCT_CHARGE_OTHER: "give the charge that CHARGE_ID is of, or leave one of them empty",
    Reason.DESCRIPTION_TOO_LONG: "shorten it to 200 characters",
    Reason.UNIQUE_KEY_TOO_LONG: "shorten it to 254 characters",
    Reason.UNIQUE_KEY_TWICE: "give each row a key of its own, or keep one of the rows",
    Reason.TEXT_TOO_LONG: "shorten it to 100 characters",
    Reason.TEXT_ILLEGAL: "remove control characters, emoji and characters that no font shows",
    Reason.TEXT_FORMULA: "begin the text with another character: a spreadsheet would take it for a formula",
    Reason.CUSTOM_MISSING: "give a value: the custom field is required",
    Reason.CUSTOM_INVALID: "give a value of the kind that the catalog declares for the custom field",
    Reason.CUSTOM_TOO_LONG: "shorten it to the length of the custom field (255 unless the catalog says otherwise)",
    Reason.CUSTOM_BAD_DATE: "write the date in the declared locale, or as YYYY-MM-DD",
    Reason.UNPRICED: "fill the custom fields that make the price, by their own names, or add a price that holds then",
    Reason.RECORD_BILLED: "leave the row out, or correct by a record of its own: what is billed cannot be updated",
    Reason.STORE_REFUSED: "send the file again; if it fails again, something registered was changed meanwhile",
    Caution.NO_CHARGE: "no charge takes the usage: give the unit and the charge that are meant, or subscribe to one",
    Caution.UOM_OTHER: "the named charge counts another unit and will not bill the usage: correct one of them",
    Caution.START_OUTSIDE: "the charge was not subscribed to at that time: correct the date, or the subscription",
    Caution.LIST_PRICE: "the decision table has no price for it: its list price is billed, unless a row is added",
    Caution.PERIOD_BILLED: "the period is billed already: its next bill run bills the difference",
    Caution.METERED: "a meter bills the charge too, and this is billed beside it: leave out what the meter counts",
    Caution.OTHER_ACCOUNT: "a record of another account had this key, and is replaced: give each record its own key",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a cell, a row (`row` counts data rows from 1) or, where `row` is 0, with the whole file."""

    code: Reason | Caution
    column: str = ""
    found: str | None = None
    row: int = 0
    line: int = 0
    also: str = ""

    def __str__(self) -> str:
        """Say where it is, what stands there, and what to do."""
        place = [f"row {self.row} (line {self.line})"] if self.row else []
        place += [self.column] if self.column else []
        found = "" if self.found is None else f" {shown(self.found)}"
        also = f" ({self.also})" if self.also else ""
        return f"{', '.join(place) or 'file'}: {self.code}{found}{also}; {ADVICE[self.code]}"


def shown(text: str) -> str:
    """Quote what somebody sent, cut to what a message can hold, with control characters made visible."""
    plain = str(text)  # the name of a column would be quoted as the member of an enumeration that it is
    return repr(plain if len(plain) <= SHOWN_CHARACTERS else plain[:SHOWN_CHARACTERS] + "…")
