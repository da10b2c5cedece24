"""The rules of the business: no HTTP, no Telegram. One room per part; a room may import the rooms below it."""
