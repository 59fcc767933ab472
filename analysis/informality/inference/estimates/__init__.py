"""Numbers about a population and its groups: estimates, what is made of several, intervals and tests."""
