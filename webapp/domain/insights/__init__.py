"""First figures of the business: what the start page shows."""
