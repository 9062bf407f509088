"""The conformance kit: rules that every adapter keeps, each checked by the real engine against a running system."""
