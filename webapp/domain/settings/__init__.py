"""What the creator sets: texts of the bot, labels of the categories, time zone, how to reach them."""
