"""The conversation itself. Pure: no I/O, no clock, no await; standard library only."""
