"""Fine-tuning of voices: recordings with transcripts in, a checkpoint that tts_models.json can name out.

Optional (`./install.sh train`) and separate from the server, which never imports it. In order: `recordings` finds the
recordings, `sound` and `transcript` check and clean them, `splits` assigns them to splits, and `prepare` does all that
and writes the manifest (`manifest`). `xtts_trainer` trains, `export` writes the checkpoint, `entry` its entry in
tts_models.json, and `evaluate` measures it. `turns` is separate: it fits the end of a turn to labelled calls.
"""
