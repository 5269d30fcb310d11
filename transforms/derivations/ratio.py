"""Sort exact ratios in an engine whose division is a float: long division, as on paper."""

import ibis
import ibis.expr.types as ir

DIGITS = 9  # worked on at a time: with fewer than 10^9 to divide by, each step stays below 2^63
LONGEST = 45  # digits: the 38 of a decimal, in whole groups
GROUPS_BEHIND = 2  # 18 digits of the rest: two different ratios of denominators below 10^9 differ by more
INTEGER = "decimal(38, 0)"


def with_ratio_order(samples: ir.Table) -> ir.Table:
    """Add `ratio_whole` and `ratio_rest`, which sort like `numerator` / `denominator` (1 up to 10^9), without loss.

    They are the quotient of the numerator's digits, taken as a whole number, and 18 digits of what is left over.
    """
    digits = samples.numerator.abs().cast("string").replace(".", "").lpad(LONGEST, "0")
    zero = ibis.literal(0, "int64")
    work = _step(samples, digits=digits, left=zero, ratio_whole=zero.cast(INTEGER), ratio_rest=zero.cast(INTEGER))
    for at in range(0, LONGEST, DIGITS):
        work = _divide(work, "ratio_whole", work.digits.substr(at, DIGITS).cast("int64"))
    for _ in range(GROUPS_BEHIND):
        work = _divide(work, "ratio_rest", zero)
    sign = ibis.ifelse(work.numerator < 0, -1, 1)
    signed = work.mutate(ratio_whole=work.ratio_whole * sign, ratio_rest=work.ratio_rest * sign)
    return signed.drop("digits", "left").view()


def _divide(work: ir.Table, quotient: str, group: ir.IntegerValue) -> ir.Table:
    """Bring down the next group of digits, and note how often the denominator goes into what stands there."""
    current = work.left * 10**DIGITS + group
    left = current % work.denominator
    times = ((current - left) / work.denominator).round()  # of a multiple, and below 10^9: the float is off by far less
    longer = work[quotient] * 10**DIGITS + times.cast("int64").cast(INTEGER)
    return _step(work, **{quotient: longer.cast(INTEGER), "left": left})


def _step(work: ir.Table, **columns: ir.Value) -> ir.Table:
    """Add columns as a query of their own: written into one another, the steps would be worked out over and over."""
    return work.mutate(**columns).view()
