"""What leaves: deliveries with their attempts and receipts, dead letters, and the audit log of what was sent."""
