"""Where usage goes: the billing platform, in files that it takes, through its API."""
