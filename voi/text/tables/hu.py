"""Hungarian."""

from voi.text.tables.shape import Clock, Language, Money, forms, words

LANGUAGE = Language(
    code="hu",
    ordinal_point=True,
    decimals="parts",
    date="{year} {month} {day}",
    clock=Clock("{h} óra", "{h} óra {m}", after=words("óra órakor")),
    say={
        "dot": "pont", "at": "kukac", "slash": "perjel", "backslash": "fordított perjel", "colon": "kettőspont", "and": "és", "percent": "százalék", "number": "szám", "hashtag": "hashtag", "plus": "plusz", "minus": "mínusz", "equals": "egyenlő", "point": "egész", "per": "per",
        "to": "től", "by": "szer", "times": "szor", "out_of": "per", "over": "per", "ratio": "az", "score": "", "divided": "osztva", "greater": "nagyobb mint", "less": "kisebb mint", "about": "körülbelül", "plusminus": "plusz-mínusz", "at_most": "legfeljebb",
        "at_least": "legalább", "not_equal": "nem egyenlő", "root": "gyök", "infinity": "végtelen", "section": "paragrafus", "squared": "négyzet", "cubed": "köb", "power": "hatvány", "or": "vagy", "arrow": "felé", "degrees": "fok", "euros": "euró",
        "dollars": "dollár", "pounds": "font", "version": "verzió", "half": "fél", "one_part": "egy",
    },
    before={
        "pl.": "például", "kb.": "körülbelül", "dr.": "doktor", "Dr.": "doktor", "ill.": "illetve", "ún.": "úgynevezett", "tel.": "telefon", "prof.": "professzor", "id.": "idősebb", "ifj.": "ifjabb", "özv.": "özvegy", "vö.": "vesd össze", "ld.": "lásd", "old.": "oldal", "max.": "maximum", "min.": "minimum", "ui.": "ugyanis", "szt.": "szent", "Szt.": "Szent", "bp.": "Budapest", "Bp.": "Budapest", "u.": "utca", "krt.": "körút", "sz.": "szám", "fszt.": "földszint", "em.": "emelet", "db.": "darab",
    },
    ending={"stb.": "és a többi", "Kft.": "k f t", "Zrt.": "z r t", "Nyrt.": "ny r t", "Bt.": "b t", "i.e.": "időszámításunk előtt", "i.sz.": "időszámításunk szerint", "Kr. e.": "Krisztus előtt", "Kr. u.": "Krisztus után"},
    scales={"millió": forms("millió"), "milliárd": forms("milliárd"), "ezer": forms("ezer"), "M": forms("millió")},
    units={"km/h": forms("kilométer per óra"), "km/ó": forms("kilométer per óra"), "db": forms("darab"), "perc": "duration-minute", "mp": "duration-second", "fő": forms("fő")},
    named_units={"mass-kilogram": forms("kilogramm"), "temperature-celsius": forms("Celsius-fok"), "angle-degree": forms("fok")},
    money={"Ft": Money(forms("forint")), "€": Money(forms("euró"), forms("cent")), "$": Money(forms("dollár"), forms("cent")), "£": Money(forms("font"), forms("penny"))},
    fractions={"2": ("fél", "ketted"), "3": ("harmad", "harmad"), "4": ("negyed", "negyed"), "5": ("ötöd", "ötöd"), "8": ("nyolcad", "nyolcad"), "10": ("tized", "tized")},
    spelt=words("EU USA AI TV CD DVD USB PC GPS SMS URL API MÁV ENSZ") - words("MÁV ENSZ"),
    roman_after=words("fejezet rész kötet felvonás szakasz típus szint"),
    roman_ordinal_after=words("Péter Lajos Károly Henrik Erzsébet Napóleon János Pál"),
    digits_after=words("kód pin rendelés számla foglalás azonosító jelszó irányítószám kódja"),
    phone_after=words("telefon tel telefonszám hívja hívjon szám fax mobil"),
    weekdays={},
)  # fmt: skip
