"""The sync engine: pulls sources, pushes routes, compares both sides, all in a run under one lease."""
