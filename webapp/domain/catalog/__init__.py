"""What is shown and sold: packages, their media, and who is interested in them."""
