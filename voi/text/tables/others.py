"""Languages that are read in part: signs, numbers, dates, money and the usual abbreviations; of some only the
abbreviations, for where sentences end.

Abbreviations: Dansk Sprognævn, Retskrivningsordbogen; Språkrådet,
    Forkortelser; Svenska skrivregler; Kotimaisten kielten
keskus, Lyhenteet; Hrvatski pravopis (IHJJ); Pravidlá slovenského pravopisu (JÚĽŠ).
"""

from collections.abc import Mapping

from voi.text.tables.shape import Clock, Forms, Language, Money, forms, words
from voi.text.tables.starters import STARTERS

_SIGNS = "dot at slash and percent degrees number point plus minus to"


def _language(
    code: str,
    signs: tuple[str, ...],
    money: tuple[str, str, str],
    *,
    before: Mapping[str, str],
    ending: Mapping[str, str],
    krone: Forms | None = None,
    ordinal_point: bool = False,
    day: str = "cardinal",
    ordinal_nouns: str = "",
    units: Mapping[str, str | Forms] | None = None,
) -> Language:
    """`signs`: the words for _SIGNS, in that order. `money`: euros, dollars, pounds."""
    euros, dollars, pounds = money
    found = {"€": Money(forms(euros)), "$": Money(forms(dollars)), "£": Money(forms(pounds))}
    if krone:
        found["kr"] = Money(krone)
    return Language(
        code,
        say={**dict(zip(_SIGNS.split(), signs, strict=True)), "per": "/", "euros": euros, "dollars": dollars,
             "pounds": pounds},
        money=found,
        before=before,
        ending=ending,
        ordinal_point=ordinal_point,
        ordinal_nouns=words(ordinal_nouns),
        starters=STARTERS.get(code, frozenset()),
        units=units or {},
        day=day,
        clock=Clock("{h}", "{h} {m}"),
        spells=False,
    )  # fmt: skip


_DA_NO = {
    "bl.a.": "blant annet", "m.m.": "med mere", "m.v.": "med videre", "osv.": "og så videre", "o.l.": "og lignende",
    "mv.": "med videre", "mm.": "med mere", "mfl.": "med flere", "m.fl.": "med flere", "etc.": "et cetera",
}  # fmt: skip

LANGUAGES: dict[str, Language] = {
    "uk": _language(
        "uk", ("крапка", "равлик", "скісна риска", "і", "відсотків", "градусів", "номер", "кома", "плюс", "мінус",
        "до"),
        ("євро", "доларів", "фунтів"),
        before={"вул.": "вулиця", "напр.": "наприклад", "див.": "дивись", "стор.": "сторінка",
                "рис.": "рисунок", "ім.": "імені", "проф.": "професор", "акад.": "академік", "тел.": "телефон",
                "бл.": "близько", "м.": "місто", "просп.": "проспект", "буд.": "будинок", "кв.": "квартира",
                "т.зв.": "так званий", "т.я.": "так як"},
        ending={"т.д.": "так далі", "т.п.": "тому подібне", "ін.": "інші", "грн.": "гривень", "тис.": "тисяч",
                "хв.": "хвилин", "год.": "годин", "ст.": "століття", "н.е.": "нашої ери", "рр.": "роки"},
    ),
    "sv": _language(
        "sv", ("punkt", "snabel-a", "snedstreck", "och", "procent", "grader", "nummer", "komma", "plus", "minus",
        "till"),
        ("euro", "dollar", "pund"),
        before={"t.ex.": "till exempel", "bl.a.": "bland annat", "d.v.s.": "det vill säga", "dvs.": "det vill säga",
                "ca": "cirka", "ca.": "cirka", "kl.": "klockan", "nr.": "nummer", "nr": "nummer", "s.k.": "så kallad",
                "f.d.": "före detta", "p.g.a.": "på grund av", "pga.": "på grund av", "inkl.": "inklusive",
                "exkl.": "exklusive", "jfr.": "jämför", "st.": "stycken", "tel.": "telefon", "max.": "maximalt",
                "min.": "minst", "resp.": "respektive", "t.o.m.": "till och med", "fr.o.m.": "från och med",
                "i.o.m.": "i och med", "m.a.o.": "med andra ord", "t.f.": "tillförordnad", "prof.": "professor",
                "kap.": "kapitel", "fig.": "figur", "bl.": "bland", "ev.": "eventuellt", "ang.": "angående",
                "f.n.": "för närvarande", "s.": "sidan", "o.d.": "och dylikt", "S:t": "Sankt"},
        ending={"m.m.": "med mera", "osv.": "och så vidare", "o.s.v.": "och så vidare", "m.fl.": "med flera",
                "etc.": "et cetera", "e.Kr.": "efter Kristus", "f.Kr.": "före Kristus", "tim.": "timmar",
                "milj.": "miljoner", "dyl.": "dylikt"},
        krone=forms("krona", "kronor"),
    ),
    "da": _language(
        "da", ("punktum", "snabel-a", "skråstreg", "og", "procent", "grader", "nummer", "komma", "plus", "minus",
        "til"),
        ("euro", "dollar", "pund"),
        before={"f.eks.": "for eksempel", "fx.": "for eksempel", "ca.": "cirka", "kl.": "klokken", "nr.": "nummer",
                "dvs.": "det vil sige", "d.v.s.": "det vil sige", "inkl.": "inklusive", "ekskl.": "eksklusive",
                "hhv.": "henholdsvis", "pga.": "på grund af", "p.g.a.": "på grund af", "jf.": "jævnfør",
                "tlf.": "telefon", "maks.": "maksimalt", "min.": "mindst", "s.": "side", "evt.": "eventuelt",
                "vedr.": "vedrørende", "ift.": "i forhold til", "iht.": "i henhold til", "mht.": "med hensyn til",
                "ang.": "angående", "adr.": "adresse", "afd.": "afdeling", "prof.": "professor", "dr.": "doktor",
                "kap.": "kapitel", "fig.": "figur", "bl.a.": "blandt andet", "stk.": "styk", "gl.": "gammel",
                "hr.": "hr", "fr.": "fru", "frk.": "frøken", "Skt.": "Sankt", "pr.": "per", "st.": "stuen",
                "t.o.m.": "til og med", "vha.": "ved hjælp af", "feks.": "for eksempel", "el.": "eller"},
        ending={**{key: said for key, said in _DA_NO.items() if key != "bl.a."}, "e.Kr.": "efter Kristus",
                "f.Kr.": "før Kristus", "mio.": "millioner", "mia.": "milliarder", "årh.": "århundrede"},
        krone=forms("krone", "kroner"), ordinal_point=True, day="ordinal",
        ordinal_nouns="Etage Sal Klasse Division Plads Verdenskrig Juledag Pinsedag",
    ),
    "no": _language(
        "no", ("punktum", "krøllalfa", "skråstrek", "og", "prosent", "grader", "nummer", "komma", "pluss", "minus",
        "til"),
        ("euro", "dollar", "pund"),
        before={"f.eks.": "for eksempel", "ca.": "cirka", "kl.": "klokken", "nr.": "nummer", "dvs.": "det vil si",
                "d.v.s.": "det vil si", "inkl.": "inklusive", "ekskl.": "eksklusive", "hhv.": "henholdsvis",
                "pga.": "på grunn av", "p.g.a.": "på grunn av", "jf.": "jamfør", "tlf.": "telefon",
                "maks.": "maksimalt", "min.": "minst", "s.": "side", "evt.": "eventuelt", "vedr.": "vedrørende",
                "ift.": "i forhold til", "iht.": "i henhold til", "mht.": "med hensyn til", "ang.": "angående",
                "adr.": "adresse", "avd.": "avdeling", "prof.": "professor", "dr.": "doktor", "kap.": "kapittel",
                "fig.": "figur", "bl.a.": "blant annet", "stk.": "stykk", "pr.": "per", "fr.": "fru", "hr.": "herr",
                "t.o.m.": "til og med", "f.o.m.": "fra og med", "ev.": "eventuelt", "mrk.": "merk", "pkt.": "punkt"},
        ending={**{key: said for key, said in _DA_NO.items() if key != "bl.a."}, "e.Kr.": "etter Kristus",
                "f.Kr.": "før Kristus", "mill.": "millioner", "mrd.": "milliarder", "årh.": "århundre"},
        krone=forms("krone", "kroner"), ordinal_point=True, day="ordinal",
        ordinal_nouns="Etasje Klasse Divisjon Plass Verdenskrig Juledag",
    ),
    "fi": _language(
        "fi", ("piste", "ät-merkki", "kauttaviiva", "ja", "prosenttia", "astetta", "numero", "pilkku", "plus", "miinus",
               "viiva"),
        ("euroa", "dollaria", "puntaa"),
        before={"esim.": "esimerkiksi", "klo": "kello", "n.": "noin", "ns.": "niin sanottu", "mm.": "muun muassa",
                "ks.": "katso", "vrt.": "vertaa", "puh.": "puhelin", "nro.": "numero", "nro": "numero", "s.": "sivu",
                "tri.": "tohtori", "prof.": "professori", "ent.": "entinen", "kpl.": "kappaletta",
                "em.": "edellä mainittu",
                "ko.": "kyseinen", "os.": "osoite", "toim.": "toimittanut", "maks.": "maksimi", "min.": "minimi",
                "sis.": "sisältää", "alk.": "alkaen", "p.": "puhelin"},
        ending={"jne.": "ja niin edelleen", "ym.": "ynnä muuta", "yms.": "ynnä muuta sellaista",
        "jms.": "ja muuta sellaista",
                "tms.": "tai muuta sellaista", "eaa.": "ennen ajanlaskun alkua", "jaa.": "jälkeen ajanlaskun alun",
                "eKr.": "ennen Kristusta", "jKr.": "jälkeen Kristuksen", "milj.": "miljoonaa", "mrd.": "miljardia"},
        ordinal_point=True, day="ordinal",
    ),
    "sk": _language(
        "sk", ("bodka", "zavináč", "lomka", "a", "percent", "stupňov", "číslo", "čiarka", "plus", "mínus", "až"),
        ("eur", "dolárov", "libier"),
        before={"napr.": "napríklad", "tzn.": "to znamená", "t.j.": "to jest", "tj.": "to jest", "tzv.": "takzvaný",
                "č.": "číslo", "ul.": "ulica", "nám.": "námestie", "str.": "strana", "obr.": "obrázok",
                "tel.": "telefón",
                "p.": "pán", "sv.": "svätý", "Ing.": "inžinier", "Mgr.": "magister", "MUDr.": "doktor",
                "JUDr.": "doktor",
                "PhDr.": "doktor", "prof.": "profesor", "doc.": "docent", "Bc.": "bakalár", "vr.": "vrátane",
                "príp.": "prípadne", "resp.": "respektíve", "odst.": "odsek", "max.": "maximálne", "min.": "minimálne",
                "tab.": "tabuľka", "gen.": "generál", "pozn.": "poznámka", "kap.": "kapitola",
                "cca.": "cirka"},
        ending={"atď.": "a tak ďalej", "a i.": "a iné", "a pod.": "a podobne", "apod.": "a podobne", "hod.": "hodín",
                "tis.": "tisíc", "mil.": "miliónov", "mld.": "miliárd", "s.r.o.": "s r o", "a.s.": "a s",
                "pred n.l.": "pred naším letopočtom", "n.l.": "nášho letopočtu", "stor.": "storočie",
                "obyv.": "obyvateľov"},
        ordinal_point=True,
    ),
    "hr": _language(
        "hr", ("točka", "at", "kosa crta", "i", "posto", "stupnjeva", "broj", "zarez", "plus", "minus", "do"),
        ("eura", "dolara", "funti"),
        before={"npr.": "na primjer", "tj.": "to jest", "tzv.": "takozvani", "br.": "broj", "ul.": "ulica",
        "str.": "stranica",
                "tel.": "telefon", "gđa.": "gospođa", "g.": "gospodin", "dr.": "doktor", "prof.": "profesor",
                "mr.": "magistar", "sv.": "sveti", "inž.": "inženjer", "usp.": "usporedi", "uklj.": "uključujući",
                "odn.": "odnosno", "cca.": "oko", "max.": "maksimalno", "min.": "minimalno", "sl.": "slika",
                "čl.": "članak", "st.": "stavak", "vl.": "vlastiti", "trg.": "trg"},
        ending={"itd.": "i tako dalje", "i sl.": "i slično", "i dr.": "i drugo", "tis.": "tisuća", "mil.": "milijuna",
                "mlrd.": "milijardi", "d.o.o.": "d o o", "d.d.": "d d", "pr. Kr.": "prije Krista", "god.": "godine"},
        ordinal_point=True,
    ),
}  # fmt: skip
LANGUAGES["sr"] = LANGUAGES["bs"] = LANGUAGES["hr"]
