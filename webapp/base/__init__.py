"""What the house stands on; it knows nothing of the product."""
