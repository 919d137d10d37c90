"""What outlives a call: conversations, people, tokens and accounts, in SQLite or PostgreSQL.

Each idea has a file with its few functions, which take a connection (`Database.reading`, `Database.writing`). `schema`
has the tables, `migrations` how they came about, `keys` who can read what. `observer` and `writer` bring calls in
without delaying them.
"""
