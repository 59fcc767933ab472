"""The sample: who was drawn and how, sums by sampled unit, and the one function that turns them into a variance."""
