"""Doubles of agencies' systems: real HTTP servers on loopback that speak each system's wire format."""
