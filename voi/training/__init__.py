"""Fine-tuning of voices: recordings with transcripts in, a checkpoint that tts_models.json can name out.

Optional (`./install.sh train`) and apart from the server, which never imports it. In order: `recordings` finds
them, `sound` and `transcript` judge and clean them, `splits` deals them out, `prepare` does all that and writes what
`manifest` reads; `xtts_trainer` trains, `export` makes the checkpoint and `entry` what names it, `evaluate`
measures it.
"""
