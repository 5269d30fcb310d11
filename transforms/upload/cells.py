"""What the text of one cell means: quantities, texts and custom fields, or the reason why it means nothing."""

import re
import unicodedata
from decimal import Decimal

from transforms.figures import plain
from transforms.limits import DECIMALS_MAX, WHOLE_DIGITS_MAX
from transforms.spreadsheet import DANGEROUS
from transforms.upload.custom_field import CustomField, Kind
from transforms.upload.dates import Locale, read_date
from transforms.upload.reasons import Reason

NUMBER_MAX = 64  # characters; enough for any number that fits, with zeros around it
NUMBER = re.compile(r"(?P<sign>[+-]?)(?=\.?[0-9])(?P<whole>[0-9]*)(?:\.(?P<decimals>[0-9]*))?")
INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
AMOUNT_MAX = Decimal("9999999999999.99")
ILLEGAL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
JOINERS = "\u200c\u200d"  # Persian and Indian scripts need them
EMOJI = re.compile("[\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b00-\u2bff\ufe0f\ufffd\U0001f000-\U0001faff]")


class WrongCellError(ValueError):
    """A cell that cannot be taken, and the reason."""

    def __init__(self, reason: Reason, also: str = "") -> None:
        """Make the error of a reason, and of what else there is to say."""
        super().__init__(reason)
        self.reason = reason
        self.also = also


def read_quantity(text: str) -> Decimal:
    """Read a decimal number of at most 13 digits and 9 decimals, exactly; WrongCellError says what is wrong."""
    match = NUMBER.fullmatch(text) if len(text) <= NUMBER_MAX else None
    if match is None:
        raise WrongCellError(Reason.QUANTITY_MALFORMED)
    whole, decimals = match["whole"].lstrip("0"), (match["decimals"] or "").rstrip("0")
    if len(whole) > WHOLE_DIGITS_MAX:
        raise WrongCellError(Reason.QUANTITY_TOO_LARGE)
    if len(decimals) > DECIMALS_MAX:
        raise WrongCellError(Reason.QUANTITY_TOO_FINE)
    number = Decimal(f"{whole or '0'}.{decimals}")
    return -number if match["sign"] == "-" and number else number


def read_text(text: str, length: int, too_long: Reason) -> str:
    """Take a text of at most so many characters, which no spreadsheet takes for a formula, and every font shows."""
    if len(text) > length:
        raise WrongCellError(too_long, f"it has {len(text)} characters")
    if DANGEROUS.match(text) and not NUMBER.fullmatch(text):
        raise WrongCellError(Reason.TEXT_FORMULA)
    if not (text.isascii() and text.isprintable()) and (wrong := _illegal(text)):
        raise WrongCellError(Reason.TEXT_ILLEGAL, f"U+{ord(wrong):04X} at character {text.index(wrong) + 1}")
    return text


def _illegal(text: str) -> str | None:
    """Find the first character that is a control character, unassigned, or an emoji."""
    return next(
        (each for each in text if EMOJI.match(each) or (unicodedata.category(each) in ILLEGAL and each not in JOINERS)),
        None,
    )


def read_custom(text: str, field: CustomField, locale: Locale) -> str:
    """Read the value of a custom field; it stays text, of a number by the fewest digits, of a date ISO 8601."""
    if field.kind is Kind.DATE:
        return _custom_date(text, locale)
    if field.kind in {Kind.INTEGER, Kind.NUMBER}:
        return _custom_number(text, field)
    if field.kind is Kind.CHOICE and text not in field.values:
        raise WrongCellError(Reason.CUSTOM_INVALID, f"one of {', '.join(field.values)}")
    return read_text(text, field.length, Reason.CUSTOM_TOO_LONG)


def _custom_date(text: str, locale: Locale) -> str:
    try:
        found = read_date(text, locale)
    except ValueError as error:
        raise WrongCellError(Reason.CUSTOM_BAD_DATE) from error
    return found.date().isoformat()


def _custom_number(text: str, field: CustomField) -> str:
    wanted = "a whole number" if field.kind is Kind.INTEGER else "a number"
    if len(text) > NUMBER_MAX or not NUMBER.fullmatch(text):
        raise WrongCellError(Reason.CUSTOM_INVALID, wanted)
    number = Decimal(text)
    whole = number == number.to_integral_value()
    fits = INTEGER_MIN <= number <= INTEGER_MAX if field.kind is Kind.INTEGER else -AMOUNT_MAX <= number <= AMOUNT_MAX
    if not fits or (field.kind is Kind.INTEGER and not whole):
        raise WrongCellError(Reason.CUSTOM_INVALID, wanted)
    return plain(number)
