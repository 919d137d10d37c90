"""Hungarian numbers as names: a hármas busz, a háromszáztizenkettes szoba."""


def hungarian_kind(said: str) -> str:
    """The word for a thing with this number: hármas, négyes, háromszáztizenkettes (A magyar helyesírás szabályai, 12th
    ed., 264)."""
    for last, new in _KINDS.items():
        if said.endswith(last):
            return said.removesuffix(last) + new
    return said


_KINDS = {"egy": "egyes", "kettő": "kettes", "három": "hármas", "négy": "négyes", "öt": "ötös", "hat": "hatos",
          "hét": "hetes", "nyolc": "nyolcas", "kilenc": "kilences", "tíz": "tízes", "húsz": "húszas",
          "harminc": "harmincas", "negyven": "negyvenes", "ötven": "ötvenes", "hatvan": "hatvanas",
          "hetven": "hetvenes", "nyolcvan": "nyolcvanas", "kilencven": "kilencvenes", "száz": "százas",
          "ezer": "ezres", "millió": "milliós", "nulla": "nullás"}  # fmt: skip
