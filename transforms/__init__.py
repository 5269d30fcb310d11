"""The rules of metering and billing. Pure: tables and values in, tables and values out.

The folders, in the order of the data:

catalog      what a data engineer declares: meters, sources, charges, units
readings     raw text to readings
derivations  sum, maximum, time-weighted average, percentile: one file a family
custom       derivations of one's own
quantities   readings to one quantity for each charge and billing period
usage        quantities to usage records
upload       usage that others send
rating       usage to rated items, one file per charge model; what a bill run will leave behind
invoices     rated items to invoices

Beside them lies what all use: billing periods, local clocks, exact arithmetic, identities.
"""
