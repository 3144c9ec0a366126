"""Names, places and times in the formats that the field's other tools read."""
