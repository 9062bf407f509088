"""The audit log (nhật ký khai thác): who had which records for what, in chains of hashes that seals sign."""
