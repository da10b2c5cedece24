"""People of Telegram: who they are to us (free, vip, admin), and how that came to be."""
