"""The mean of daily peaks (days of UTC), as storage is often billed."""

from fractions import Fraction

import pandas as pd

from transforms.custom.rule import frame


@frame
def mean_of_daily_peaks(readings: pd.DataFrame) -> Fraction:
    """Give the mean of the highest values of the days that have any."""
    peaks = readings.groupby(readings["at"].dt.date)["value"].max()
    return sum((Fraction(peak) for peak in peaks), Fraction(0)) / len(peaks)
