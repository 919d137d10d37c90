"""What outlives a call: conversations, people, tokens and accounts, in SQLite or PostgreSQL.

Each subject has a module of a few functions that take a connection (`Database.reading`, `Database.writing`). `schema`
has the tables, `migrations` their history, `keys` the encryption keys. `observer` and `writer` store calls without
delaying them.
"""
