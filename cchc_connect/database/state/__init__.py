"""What a run keeps of itself: lease, cursors, runs, counters, circuit breakers and rate limits."""
