"""Telling people: what was noted in the store, told by e-mail, webhook or Slack, none lost and none twice."""
