"""Reads what people dictate: e-mail addresses, telephone numbers, names, dates, cards, codes, amounts. Pure: the same
words give the same value, in time that grows with the length of the words.

`slots.read` is the way in. `dictated.py` turns words into characters ("double oh seven", "B as in Bravo", "no, seven");
a file for each kind of value makes a value of these and checks it; `spoken.py` says a value so that it can be written
down. What a language adds is data, in `tables/`.
"""
