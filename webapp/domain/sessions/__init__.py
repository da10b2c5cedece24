"""Sessions of members and staff: opaque tokens, hashed at rest, listed and revocable."""
