"""The VIP and the Free channel: plans, tokens, subscriptions, invites, join requests, and who is really inside."""
