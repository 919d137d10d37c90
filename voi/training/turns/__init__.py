"""Fits the end of a turn to labelled calls, and measures the result on speakers that it was not fitted on.

In order: `clips` reads labelled recordings, `recordings` makes them from calls that Voi recorded, `judgements` asks the
engines about them and keeps the answers, `moments` turns silences into rows, `fit` and `head` fit weights to these,
`play` plays the clips to the core on a virtual clock, `figures` counts, and `train` does all that. The server never
imports it.
"""
