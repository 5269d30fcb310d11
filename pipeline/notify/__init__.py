"""Telling people what happened: messages, the channels that carry them, and their delivery, once each."""
