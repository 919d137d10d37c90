"""Fits the judge of voices to labelled sounds over the agent, and judges it by speakers that it was not fitted on.

`sounds` measures the clips as the engine does, each also as other rooms might have it; `fit` fits weights to that, and
`train` leaves speakers out, reports and writes. Beside the server, which never imports it.
"""
