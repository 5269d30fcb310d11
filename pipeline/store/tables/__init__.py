"""The usage store's tables. The migrations build them; a test holds the two against each other."""

from pipeline.store.tables.billing import (
    bill_runs,
    cancelled_items,
    closed_periods,
    exports,
    invoices,
    rated_items,
    rated_periods,
    rated_usage,
)
from pipeline.store.tables.columns import metadata
from pipeline.store.tables.prepaid import fund_entries, funds
from pipeline.store.tables.readings import (
    arrivals,
    extractions,
    landed_files,
    ledger_files,
    ledger_lines,
    ledger_strangers,
    ledgers,
    quarantined_rows,
)
from pipeline.store.tables.sending import sent_files, sent_periods, sent_records
from pipeline.store.tables.service import answers, deliveries, events
from pipeline.store.tables.usage import (
    ACTIVE,
    accounts,
    import_files,
    imports,
    subscribed_charges,
    subscription_changes,
    units,
    usage_changes,
    usage_records,
)

__all__ = [
    "ACTIVE",
    "accounts",
    "answers",
    "arrivals",
    "bill_runs",
    "cancelled_items",
    "closed_periods",
    "deliveries",
    "events",
    "exports",
    "extractions",
    "fund_entries",
    "funds",
    "import_files",
    "imports",
    "invoices",
    "landed_files",
    "ledger_files",
    "ledger_lines",
    "ledger_strangers",
    "ledgers",
    "metadata",
    "quarantined_rows",
    "rated_items",
    "rated_periods",
    "rated_usage",
    "sent_files",
    "sent_periods",
    "sent_records",
    "subscribed_charges",
    "subscription_changes",
    "units",
    "usage_changes",
    "usage_records",
]
