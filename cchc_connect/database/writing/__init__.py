"""The write path: what a page brings, whose values stand, and the one transaction that stores it."""
