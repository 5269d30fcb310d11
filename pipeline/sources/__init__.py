"""Where raw metering data comes from."""
