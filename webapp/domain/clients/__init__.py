"""Clients: the billing identity of who buys. Names, CPF, how to reach them, and whose member they are."""
