"""Who is alike, and who is likely to: segments and propensities, learned by machine and told in words."""
