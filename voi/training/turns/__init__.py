"""Fits the end of a turn to labelled calls, and judges the result by speakers that it was not fitted on.

In order: `clips` reads labelled recordings, `recordings` makes such of calls that Voi recorded, `judgements` asks the
engines about them and keeps the answers, `moments` turns silences into rows, `fit` and `head` fit weights to these,
`play` plays the clips to the core on a virtual clock, `figures` counts, and `train` does all that. Beside the server,
which never imports it.
"""
