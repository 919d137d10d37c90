"""Polish."""

from voi.text.tables.shape import Clock, Gender, Language, Money, forms, words
from voi.text.tables.starters import STARTERS

LANGUAGE = Language(
    code="pl",
    starters=STARTERS["pl"],
    ordinal_point=True,
    decimals="number",
    clock=Clock("{h}", "{h} {m}", zero="zero "),
    say={
        "hyphen": "myślnik",
        "dot": "kropka", "at": "małpa", "slash": "ukośnik", "backslash": "ukośnik wsteczny", "colon": "dwukropek",
        "and": "i", "percent": "procent", "permille": "promili", "number": "numer", "hashtag": "hasztag",
        "plus": "plus", "minus": "minus", "equals": "równa się", "point": "przecinek", "per": "na", "to": "-",
        "by": "na", "times": "razy", "out_of": "na",
        "over": "na", "ratio": "do", "score": "do", "divided": "podzielić przez", "greater": "większe niż",
        "less": "mniejsze niż", "about": "około", "plusminus": "plus minus",
        "at_most": "najwyżej", "at_least": "co najmniej", "not_equal": "różne od", "root": "pierwiastek z",
        "infinity": "nieskończoność", "section": "paragraf",
        "squared": "do kwadratu", "cubed": "do sześcianu", "power": "do potęgi", "or": "lub", "arrow": "do",
        "degrees": "stopni", "euros": "euro", "dollars": "dolarów",
        "pounds": "funtów", "version": "wersja", "half": "pół", "one_part": "jedna",
    },
    before={
        "pkt": "punkt",
        "np.": "na przykład", "tzn.": "to znaczy", "tj.": "to jest", "tzw.": "tak zwany", "dr": "doktor",
        "dr.": "doktor", "mgr": "magister", "inż.": "inżynier", "prof.": "profesor", "os.": "osiedle", "nr": "numer",
        "ok.": "około",
        "m.in.": "między innymi", "św.": "święty", "tel.": "telefon", "str.": "strona", "r.": "rok",
        "rozdz.": "rozdział",
        "ks.": "ksiądz", "gen.": "generał", "maks.": "maksymalnie", "min.": "minimum", "wg": "według",
        "zob.": "zobacz", "por.": "porównaj", "ww.": "wyżej wymieniony", "p.": "pan",
        "rys.": "rysunek", "tab.": "tabela", "pkt.": "punkt", "poz.": "pozycja", "art.": "artykuł", "ust.": "ustęp",
        "lek.": "lekarz", "med.": "medycyny", "hab.": "habilitowany", "woj.": "województwo", "pow.": "powiat",
        "gm.": "gmina", "m.st.": "miasto stołeczne", "im.": "imienia", "wyd.": "wydanie",
        "płk": "pułkownik", "kpt.": "kapitan", "ppłk": "podpułkownik", "red.": "redaktor",
        "dn.": "dnia", "ang.": "angielski", "pol.": "polski", "nast.": "następny", "właśc.": "właściwie",
        "ew.": "ewentualnie", "jw.": "jak wyżej", "cd.": "ciąg dalszy",
        "ds.": "do spraw", "szt.": "sztuk", "dyr.": "dyrektor", "przyp.": "przypis",
    },
    choices={
        "km": (("9", "kilometr"), ("", "")),
        "pn.": (("P", "poniedziałku"), ("d", "poniedziałek"), ("w", "poniedziałek"), ("D", "poniedziałek"),
        ("", "pod nazwą")), "s.": (("9", "strona"), ("", "")),
        "m.": (("9", "mieszkanie"), ("#", "metrów"), ("", "")),
        "godz.": (("P", "godziny"), ("p", "godzinie"), ("#", "godzin"), ("9", "godzina"), ("", "godzina")),
        "ul.": (("p", "ulicy"), ("", "ulica")), "al.": (("p", "alei"), ("", "aleja")), "pl.": (("p", "placu"), ("",
        "plac")),
        "pon.": (("P", "poniedziałku"), ("", "poniedziałek"),), "wt.": (("P", "wtorku"), ("", "wtorek"),),
        "śr.": (("P", "środy"), ("w", "środę"), ("d", "środa"), ("", "")),
        "czw.": (("P", "czwartku"), ("", "czwartek"),), "pt.": (("P", "piątku"), ("w", "piątek"), ("d", "piątek"),
        ("", "pod tytułem")), "sob.": (("P", "soboty"), ("w",
        "sobotę"), ("", "sobota")),
        "niedz.": (("P", "niedzieli"), ("w", "niedzielę"), ("", "niedziela")), "ndz.": (("P", "niedzieli"), ("w",
        "niedzielę"), ("", "niedziela")),
    },
    leading=words("ul. al. pl."),
    weekdays={
        "pn": "poniedziałek", "Pn": "poniedziałek", "nd": "niedziela", "Nd": "niedziela",
        "pon": "poniedziałek", "wt": "wtorek", "śr": "środa", "czw": "czwartek", "pt": "piątek", "sob": "sobota",
        "ndz": "niedziela", "niedz": "niedziela", "Pon": "poniedziałek", "Wt": "wtorek", "Śr": "środa",
        "Czw": "czwartek", "Pt": "piątek", "Sob": "sobota", "Ndz": "niedziela"},
    ending={
        "ub.r.": "ubiegłego roku",
        "itd.": "i tak dalej", "itp.": "i tym podobne", "p.n.e.": "przed naszą erą", "n.e.": "naszej ery",
        "sp. z o.o.": "spółka z o o", "br.": "bieżącego roku", "tys.": "tysięcy"},
    scales={
        "tys.": forms("tysiąc", "tysiąca", "tysiące", "tysięcy"), "tys": forms("tysiąc", "tysiąca", "tysiące",
        "tysięcy"), "mln": forms("milion", "miliona", "miliony", "milionów"),
        "mld": forms("miliard", "miliarda", "miliardy", "miliardów"), "milion": forms("milion", "miliona", "miliony",
        "milionów"), "miliony": forms("milion", "miliona", "miliony", "milionów"), "milionów": forms("milion",
        "miliona", "miliony", "milionów"),
    },
    units={
        "gr": forms("grosz", "grosza", "grosze", "groszy"), "mies": "duration-month", "mies.": "duration-month",
        "godz.": "duration-hour", "godz": "duration-hour", "sek.": "duration-second", "min.": "duration-minute",
        "km/h": forms("kilometr na godzinę", "kilometra na godzinę", "kilometry na godzinę", "kilometrów na godzinę"),
        "zł": forms("złoty", "złotego", "złote", "złotych")},
    named_units={
        "percent": forms("procent", "procent"), "mass-kilogram": forms("kilogram", "kilograma", "kilogramy",
        "kilogramów"),
        "temperature-celsius": forms("stopień Celsjusza", "stopnia Celsjusza", "stopnie Celsjusza",
        "stopni Celsjusza"), "angle-degree": forms("stopień", "stopnia", "stopnie", "stopni"),
    },
    money={
        "zł": Money(forms("złoty", "złotego", "złote", "złotych"), forms("grosz", "grosza", "grosze", "groszy")),
        "€": Money(forms("euro"), forms("cent", "centa", "centy", "centów")), "$": Money(forms("dolar", "dolara",
        "dolary", "dolarów"), forms("cent", "centa", "centy", "centów")),
        "£": Money(forms("funt", "funta", "funty", "funtów"), forms("pens", "pensa", "pensy", "pensów")),
        "¥": Money(forms("jen", "jena", "jeny", "jenów")),
    },
    gender=Gender(feminine=words(
        "godzina godziny minuta minuty sekunda sekundy osoba osoby noc noce rzecz rzeczy strony sprawy "
        "kobiety książki"), masculine=words("mężczyzna tata kolega"), neuter=words("euro dziecko piętro lata"),
        feminine_endings=("a", "ść", "iny", "uty", "undy", "oby", "ki", "ony"), neuter_endings=("o", "e", "ę", "um")),
    fractions={"2": ("druga", "drugie"), "3": ("trzecia", "trzecie"), "4": ("czwarta", "czwarte")},
    spelt=words("UE USA AI TV CD DVD USB PC GPS SMS URL API IP PKO PKP"),
    roman_after=words("rozdz cz t "
        "rozdział część tom akt faza typ poziom księga wojna"),
    roman_ordinal_after=words(
        "Jan Paweł Zygmunt Kazimierz Władysław Stanisław August Elżbieta Ludwik Karol Henryk Napoleon "
        "Pius Benedykt Katarzyna Bolesław Papież"),
    roman_before=words("wiek wieku wieków wiekach"),
    ordinal_nouns=words("Maja Stycznia Lutego Marca Kwietnia Czerwca Lipca Sierpnia Września Października Listopada "
        "Grudnia Liceum Liga Dywizja Pułk Armia Korpus Festiwal Kongres Zjazd Edycja Miejsce Piętro"),
    digits_after=words("kod pin zamówienia zamówienie faktury faktura rezerwacji rezerwacja klienta hasło biletu"),
    phone_after=words("telefon tel zadzwoń numer numerem fax komórka"),
    score_after=words("wygrał wygrała wygrali przegrał przegrali wynik remis pokonał mecz"),
    numbered=words(
        "strona rozdział numer krok poziom pokój wersja linia artykuł piętro tom sala opcja pytanie "
        "zadanie lekcja część peron punkt"),
    counted_stops=words("i a w z na do o jest są się to że po od za przez lub oraz"),
)  # fmt: skip
