"""Who did what to which thing, when and from where: rows that nobody can change or remove."""
