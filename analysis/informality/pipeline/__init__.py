"""From a study file to everything published of it, in steps that each leave their artefacts.

``running``: which steps are up to date, and everything put in place at once. What a step makes: ``reading`` (raw →
workers), ``estimating`` (workers → results), ``covering`` (the scenarios), ``publishing`` (results → documents, products,
files for other programs; ``documenting`` words the codebook). Beneath them ``state`` (what the steps of one run share),
``last_run`` (what the one before left), ``fingerprints`` (what each step rests on), ``artefacts`` (every file, what it is,
where it stands).
"""
