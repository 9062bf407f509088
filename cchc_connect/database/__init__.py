"""The shared database: tables, the one write path, feed, deliveries, journal, lease."""
