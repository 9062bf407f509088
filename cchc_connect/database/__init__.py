"""The shared database: tables, the single write path, change feed, outbox, audit log and lease."""
