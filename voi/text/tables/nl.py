"""Dutch."""

from voi.text.tables.shape import Clock, Language, Money, forms, words

LANGUAGE = Language(
    code="nl",
    year="hundreds",
    clock=Clock("{h} uur", "{h} uur {m}", after=words("uur")),
    say={
        "dot": "punt", "at": "apenstaartje", "slash": "schuine streep", "backslash": "backslash",
        "colon": "dubbele punt", "and": "en", "percent": "procent",
        "number": "nummer", "hashtag": "hashtag", "plus": "plus", "minus": "min", "equals": "is", "point": "komma",
        "per": "per", "to": "tot", "by": "bij",
        "times": "keer", "out_of": "van de", "over": "over", "ratio": "op", "score": "tegen",
        "divided": "gedeeld door", "greater": "groter dan", "less": "kleiner dan",
        "about": "ongeveer", "plusminus": "plus of min", "at_most": "hoogstens", "at_least": "minstens",
        "not_equal": "ongelijk aan", "root": "wortel uit",
        "infinity": "oneindig", "section": "paragraaf", "squared": "kwadraat", "cubed": "tot de derde",
        "power": "tot de macht", "or": "of", "arrow": "naar",
        "degrees": "graden", "euros": "euro", "dollars": "dollar", "pounds": "pond", "version": "versie",
        "half": "half", "one_part": "een",
    },
    before={
        "dhr.": "meneer", "mevr.": "mevrouw", "mw.": "mevrouw", "mej.": "mejuffrouw", "dr.": "doctor",
        "drs.": "doctorandus", "ir.": "ingenieur", "ing.": "ingenieur", "mr.": "meester", "prof.": "professor",
        "bijv.": "bijvoorbeeld",
        "bv.": "bijvoorbeeld", "d.w.z.": "dat wil zeggen", "ca.": "circa", "nr.": "nummer", "nrs.": "nummers",
        "i.p.v.": "in plaats van", "o.a.": "onder andere", "m.b.t.": "met betrekking tot",
        "t.o.v.": "ten opzichte van",
        "i.v.m.": "in verband met", "m.a.w.": "met andere woorden", "evt.": "eventueel", "incl.": "inclusief",
        "excl.": "exclusief", "tel.": "telefoon", "blz.": "bladzijde", "p.": "pagina", "vgl.": "vergelijk",
        "max.": "maximaal",
        "min.": "minimaal", "n.a.v.": "naar aanleiding van", "t.a.v.": "ter attentie van", "z.g.": "zogenaamd",
        "zgn.": "zogenaamd", "art.": "artikel", "hfst.": "hoofdstuk", "St.": "Sint", "resp.": "respectievelijk",
        "afb.": "afbeelding", "vnl.": "voornamelijk",
    },
    ending={"enz.": "enzovoort", "etc.": "et cetera", "a.u.b.": "alstublieft", "s.v.p.": "alstublieft",
        "v.Chr.": "voor Christus", "n.Chr.": "na Christus", "e.d.": "en dergelijke", "jl.": "jongstleden",
        "a.s.": "aanstaande", "str.": "straat"},
    scales={"mln.": forms("miljoen"), "mln": forms("miljoen"), "mld.": forms("miljard"), "mld": forms("miljard"),
        "miljoen": forms("miljoen"), "miljard": forms("miljard"), "duizend": forms("duizend")},
    units={"km/u": forms("kilometer per uur"), "u": "duration-hour", "sec": "duration-second",
        "m/s": forms("meter per seconde"), "min.": "duration-minute", "sec.": "duration-second"},
    named_units={"mass-kilogram": forms("kilo"), "temperature-celsius": forms("graad Celsius", "graden Celsius"),
        "angle-degree": forms("graad", "graden"), "duration-hour": forms("uur"),
        "temperature-fahrenheit": forms("graad Fahrenheit", "graden Fahrenheit")},
    money={"€": Money(forms("euro"), forms("cent")), "$": Money(forms("dollar"), forms("cent")),
        "£": Money(forms("pond"), forms("penny", "pence")), "¥": Money(forms("yen"))},
    fractions={"2": ("half", "tweede"), "3": ("derde", "derde"), "4": ("kwart", "kwart")},
    spelt=words("EU VS AI TV CD DVD USB PC NS GPS SMS URL API BV KLM ANWB"),
    roman_after=words("hfst hoofdstuk deel akte scène fase type niveau boek artikel wereldoorlog"),
    roman_ordinal_after=words(
        "Willem Karel Lodewijk Filips Hendrik Elizabeth Johannes Paulus Napoleon Beatrix Albert Leopold "
        "Boudewijn Paus"),
    digits_after=words(
        "code pin pincode ordernummer bestelnummer bestelling factuur factuurnummer klantnummer "
        "reservering ticket postcode wachtwoord"),
    phone_after=words("telefoon tel bel bellen nummer telefoonnummer fax mobiel"),
    score_after=words("won wint verloor gewonnen verloren stand uitslag gelijkspel"),
    weekdays={"ma": "maandag", "di": "dinsdag", "wo": "woensdag", "do": "donderdag", "vr": "vrijdag",
        "za": "zaterdag", "zo": "zondag"},
)  # fmt: skip
