"""What must hold at a border: Great Expectations suites for the readings, the usage and the rated items."""
