"""What a usage record, and a rated item, can hold at most: the billing platform's limits, and so the store's."""

WHOLE_DIGITS_MAX, DECIMALS_MAX = 13, 9  # of a quantity: before the point, and behind it
DESCRIPTION_LENGTH_MAX = 200
AMOUNT_DIGITS_MAX = 21  # of an amount of money, before the point
