"""Keeps personal values and secrets out of messages, logs, errors, files and stored page tokens."""
