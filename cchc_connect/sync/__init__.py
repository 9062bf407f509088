"""Pulling sources, pushing routes, and the run that does both under one lease."""
