"""Czech."""

from voi.text.tables.shape import Clock, Gender, Language, Money, forms, words
from voi.text.tables.starters import STARTERS

LANGUAGE = Language(
    code="cs",
    starters=STARTERS["cs"],
    ordinal_point=True,
    decimals="number",
    clock=Clock("{h} hodin", "{h} {m}", zero="nula ", after=words("hodin hod")),
    say={
        "hyphen": "pomlčka",
        "dot": "tečka", "at": "zavináč", "slash": "lomítko", "backslash": "zpětné lomítko", "colon": "dvojtečka",
        "and": "a", "percent": "procent", "permille": "promile", "number": "číslo", "hashtag": "hashtag",
        "plus": "plus", "minus": "minus",
        "equals": "rovná se",
        "point": "celých", "per": "za", "to": "až", "by": "krát", "times": "krát", "out_of": "z", "over": "na",
        "ratio": "ku", "score": "", "divided": "děleno", "greater": "větší než", "less": "menší než", "about": "asi",
        "plusminus": "plus minus",
        "at_most": "nejvýše", "at_least": "alespoň", "not_equal": "nerovná se", "root": "odmocnina z",
        "infinity": "nekonečno", "section": "paragraf", "squared": "na druhou", "cubed": "na třetí", "power": "na",
        "or": "nebo", "arrow": "na",
        "degrees": "stupňů", "euros": "eur", "dollars": "dolarů", "pounds": "liber", "version": "verze",
        "half": "půl", "one_part": "jedna",
    },
    before={
        "písm.": "písmeno",
        "pí": "paní",
        "např.": "například", "tj.": "to jest", "tzn.": "to znamená", "tzv.": "takzvaný", "dr.": "doktor",
        "Dr.": "doktor", "MUDr.": "doktor", "JUDr.": "doktor", "PhDr.": "doktor", "RNDr.": "doktor",
        "Ing.": "inženýr", "Mgr.": "magistr", "Bc.": "bakalář", "prof.": "profesor", "doc.": "docent", "č.": "číslo",
        "cca": "zhruba", "popř.": "popřípadě", "příp.": "případně", "resp.": "respektive",
        "tel.": "telefon", "str.": "strana", "sv.": "svatý", "nám.": "náměstí", "kap.": "kapitola", "obr.": "obrázek",
        "max.": "maximálně", "min.": "minimálně", "vč.": "včetně", "odst.": "odstavec", "viz.": "viz", "p.": "pan",
        "pí.": "paní", "sl.": "slečna", "tř.": "třída", "tab.": "tabulka", "ev.": "eventuálně", "zejm.": "zejména",
        "mj.": "mimo jiné", "vyd.": "vydání", "roč.": "ročník", "čl.": "článek", "gen.": "generál",
        "plk.": "plukovník", "kpt.": "kapitán", "náb.": "nábřeží", "okr.": "okres", "zvl.": "zvláště",
        "angl.": "anglicky",
        "něm.": "německy", "lat.": "latinsky", "red.": "redaktor", "ved.": "vedoucí", "dop.": "dopoledne",
        "odp.": "odpoledne", "pozn.": "poznámka", "srov.": "srovnej", "mjr.": "major", "MVDr.": "doktor",
        "ThDr.": "doktor", "PaedDr.": "doktor", "Ph.D": "P H D",
    },
    choices={
        "km": (("9", "kilometr"), ("", "")),
        "s.": (("9", "strana"), ("", "")),
        "r.": (("i", "roce"), ("9", "roku"), ("", "")), "ul.": (("p", "ulici"), ("", "ulice")), "po.": (("d",
        "pondělí"), ("", "")), "út.": (("", "úterý"),),
        "st.": (("w", "středu"), ("d", "středa"), ("", "")), "čt.": (("", "čtvrtek"),), "pá.": (("", "pátek"),),
        "so.": (("w", "sobotu"), ("d", "sobota"), ("", "")), "ne.": (("w", "neděli"), ("d", "neděle"), ("", "")),
    },
    leading=words("ul. r."),
    weekdays={"po": "pondělí", "út": "úterý", "st": "středa", "čt": "čtvrtek", "pá": "pátek", "so": "sobota",
        "ne": "neděle", "Po": "pondělí", "Út": "úterý", "St": "středa", "Čt": "čtvrtek", "Pá": "pátek", "So": "sobota",
        "Ne": "neděle"},
    ordinal_nouns=words("Ledna Května Liga Armáda Pluk Festival Ročník"),
    ending={"atd.": "a tak dále", "apod.": "a podobně", "aj.": "a jiné", "n.l.": "našeho letopočtu",
        "př.n.l.": "před naším letopočtem", "hod.": "hodin", "tis.": "tisíc", "mil.": "milionů", "mld.": "miliard",
        "s.r.o.": "s r o", "a.s.": "a s", "stol.": "století", "obyv.": "obyvatel", "ks.": "kusů"},
    scales={"tis.": forms("tisíc", "tisíc", "tisíce", "tisíce"), "mil.": forms("milion", "milionů", "miliony",
    "milionu"),
        "mld.": forms("miliarda", "miliard", "miliardy", "miliardy"), "milion": forms("milion", "milionů", "miliony",
        "milionu"),
        "miliony": forms("milion", "milionů", "miliony", "milionu"), "milionů": forms("milion", "milionů", "miliony",
        "milionu")},
    units={
        "měs": "duration-month", "měs.": "duration-month",
        "hod.": "duration-hour", "hod": "duration-hour", "min.": "duration-minute", "sek.": "duration-second",
        "km/h": forms("kilometr za hodinu", "kilometrů za hodinu", "kilometry za hodinu"), "ks": forms("kus", "kusů",
        "kusy")},
    named_units={
        "percent": forms("procento", "procent", "procenta", "procenta"), "mass-kilogram": forms("kilogram",
        "kilogramů", "kilogramy", "kilogramu"),
        "temperature-celsius": forms("stupeň Celsia", "stupňů Celsia", "stupně Celsia", "stupně Celsia"),
        "angle-degree": forms("stupeň", "stupňů", "stupně", "stupně"),
    },
    money={
        "Kč": Money(forms("koruna", "korun", "koruny", "koruny"), forms("haléř", "haléřů", "haléře")),
        "€": Money(forms("euro", "eur", "eura", "eura"), forms("cent", "centů", "centy")),
        "$": Money(forms("dolar", "dolarů", "dolary", "dolaru"), forms("cent", "centů", "centy")),
        "£": Money(forms("libra", "liber", "libry", "libry"), forms("pence", "pencí", "pence")),
    },
    gender=Gender(feminine=words(
        "miliarda miliardy hodina hodiny minuta minuty sekunda sekundy osoba osoby noc noci věc věci koruna koruny "
        "libra "
        "libry strany kniha knihy ženy"), masculine=words("táta předseda muž den dny"),
        neuter=words("euro eura procento procenta patro poschodí století dítě místo auto"), feminine_endings=("a",
        "ost"), neuter_endings=("o", "í", "ě", "um")),
    fractions={"2": ("polovina", "poloviny"), "3": ("třetina", "třetiny"), "4": ("čtvrtina", "čtvrtiny"),
        "5": ("pětina", "pětiny"), "10": ("desetina", "desetiny")},
    spelt=words("EU USA AI TV CD DVD USB PC GPS SMS URL API IP OSN ČD"),
    roman_after=words("kap "
        "kapitola část díl akt fáze typ úroveň kniha válka"),
    roman_ordinal_after=words(
        "Karel Václav Jan Pavel Rudolf Alžběta Ludvík Jindřich Napoleon Pius Benedikt Kateřina Ferdinand "
        "Josef František Papež"),
    roman_before=words("století"),
    digits_after=words("kód pin objednávky objednávka faktury faktura rezervace klienta heslo psč"),
    phone_after=words("telefon tel volejte zavolejte číslo fax mobil"),
    score_after=words("skončil skončilo skončila zápas "
        "vyhrál vyhrála vyhráli prohrál prohráli výsledek remíza porazil porazili"),
    numbered=words(
        "strana kapitola číslo krok úroveň pokoj verze řádek článek patro díl sál otázka úkol lekce část "
        "nástupiště bod"),
    counted_stops=words("a i v z na do o je jsou se to že po od za nebo"),
)  # fmt: skip
