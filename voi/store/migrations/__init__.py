"""How the tables came about, one file a revision. A revision that was released is never changed."""
