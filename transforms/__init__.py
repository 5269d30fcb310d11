"""The rules of metering and billing. Pure: tables and values in, tables and values out."""
