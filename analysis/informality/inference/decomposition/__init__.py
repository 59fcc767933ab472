"""Why two groups differ: by what they are, or by what the same things are worth to each of them."""
