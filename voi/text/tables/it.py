"""Italian."""

from voi.text.tables.shape import Clock, Gender, Language, Money, forms, words
from voi.text.tables.starters import STARTERS

LANGUAGE = Language(
    code="it",
    starters=STARTERS["it"],
    decimals="number",
    day="first",
    months={"sett": 9},
    first="primo",
    parts_max=100,
    clock=Clock("{h}", "{h} e {m}", one="una", after=words("ore")),
    say={
        "factorial": "fattoriale",
        "hyphen": "trattino",
        "dot": "punto", "at": "chiocciola", "slash": "barra", "backslash": "barra inversa", "colon": "due punti",
        "tilde": "tilde",
        "and": "e", "percent": "per cento", "permille": "per mille", "number": "numero", "hashtag": "hashtag",
        "plus": "più",
        "minus": "meno", "equals": "uguale a", "point": "virgola", "per": "al", "to": "-", "by": "per", "times": "per",
        "out_of": "su", "over": "su", "ratio": "a", "score": "a", "divided": "diviso", "greater": "maggiore di",
        "less": "minore di", "about": "circa",
        "plusminus": "più o meno", "at_most": "al massimo", "at_least": "almeno", "not_equal": "diverso da",
        "root": "radice quadrata di", "infinity": "infinito", "section": "paragrafo", "squared": "al quadrato",
        "cubed": "al cubo",
        "power": "alla", "or": "o", "arrow": "a", "degrees": "gradi", "euros": "euro", "dollars": "dollari",
        "pounds": "sterline",
        "version": "versione", "half": "mezzo", "one_part": "un",
    },
    before={
        "sig.": "signor", "sig.ra": "signora", "sig.na": "signorina", "sigg.": "signori", "dott.": "dottor",
        "dott.ssa": "dottoressa", "dr.": "dottor", "Dr.": "dottor",
        "prof.": "professor", "prof.ssa": "professoressa", "ing.": "ingegner", "avv.": "avvocato",
        "arch.": "architetto", "geom.": "geometra", "on.": "onorevole",
        "p.es.": "per esempio", "ad es.": "ad esempio", "es.": "esempio", "n°": "numero", "nº": "numero",
        "nr.": "numero", "ca.": "circa", "tel.": "telefono",
        "pag.": "pagina", "pagg.": "pagine", "vol.": "volume", "cap.": "capitolo", "fig.": "figura",
        "art.": "articolo", "c.a.": "corrente anno", "v.le": "viale",
        "p.zza": "piazza", "c.so": "corso", "S.": "San", "max.": "massimo", "min.": "minimo", "cfr.": "confronta",
        "gent.": "gentile", "gent.mo": "gentilissimo", "gent.ma": "gentilissima",
        "egr.": "egregio", "spett.": "spettabile", "rif.": "riferimento", "incl.": "incluso",
         "lett.": "lettera", "comm.": "commendatore", "rag.": "ragioniere",
        "mons.": "monsignor", "sen.": "senatore", "gen.": "generale", "col.": "colonnello",
        "b.go": "borgo", "l.go": "largo", "loc.": "località", "fraz.": "frazione", "prov.": "provincia",
        "int.": "interno",
        "all.": "allegato", "par.": "paragrafo", "tab.": "tabella", "vs.": "contro", "min.a": "minuti",

        "d.lgs.": "decreto legislativo", "d.l.": "decreto legge", "n.b.": "nota bene", "c.d.": "cosiddetto",
    },
    ending={"ecc.": "eccetera", "segg.": "seguenti", "seg.": "seguente", "ss.": "seguenti", "a.C.": "avanti Cristo",
    "d.C.": "dopo Cristo", "S.p.A.": "S P A", "S.r.l.": "S R L",
        "Spa": "S P A", "Srl": "S R L", "gg.": "giorni", "ab.": "abitanti", "lun.": "lunedì", "mar.": "martedì",
        "mer.": "mercoledì", "gio.": "giovedì", "ven.": "venerdì", "sab.": "sabato", "dom.": "domenica"},
    leading=words("n."),
    choices={
        "n.": (("9", "numero"), ("cliente", "numero"), ("ordine", "numero"), ("pratica", "numero"), ("civico",
        "numero"), ("verde", "numero"), ("di", "numero"), ("", "")),
        "km": (("9", "chilometro"), ("", "")),
        "p.": (("9", "pagina"), ("", "")), "c.": (("9", "comma"), ("", "")), "co.": (("9", "comma"), ("", "")),
        "sec.": (("#", "secondi"), ("R", "secolo"), ("", "secolo")), "s.": (("R", "secolo"), ("", "")),
        "l.": (("9", "legge"), ("", "")),
    },
    scales={
        "k": forms("mila"), "mln": forms("milione", "milioni"), "mld": forms("miliardo", "miliardi"),
        "mila": forms("mila"), "milione": forms("milione", "milioni"),
        "milioni": forms("milione", "milioni"), "miliardo": forms("miliardo", "miliardi"),
        "miliardi": forms("miliardo", "miliardi"),
    },
    units={
        "gg.": forms("giorno", "giorni"),
        "bpm": forms("battito al minuto", "battiti al minuto"),
        "sec": "duration-second", "km/h": forms("chilometro orario", "chilometri orari"), "gg": forms("giorno",
        "giorni"), "mq": "area-square-meter", "mc": "volume-cubic-meter",
        "hg": forms("etto", "etti"), "kmq": "area-square-kilometer", "CV": forms("cavallo", "cavalli"),
        "m/s": forms("metro al secondo", "metri al secondo"), "mmHg": forms("millimetro di mercurio",
        "millimetri di mercurio"), "anni": forms("anno", "anni"), "ore": "duration-hour",
    },
    named_units={
        "mass-kilogram": forms("chilo", "chili"), "temperature-celsius": forms("grado Celsius", "gradi Celsius"),
        "digital-gigabyte": forms("gigabyte"), "digital-megabyte": forms("megabyte"),
        "temperature-fahrenheit": forms("grado Fahrenheit", "gradi Fahrenheit"), "angle-degree": forms("grado",
        "gradi"), "mah": forms("milliampere ora"), "sound-decibel": forms("decibel"),
    },
    money_joint=" e ",
    money={
        "€": Money(forms("euro"), forms("centesimo", "centesimi")), "$": Money(forms("dollaro", "dollari"),
        forms("centesimo", "centesimi")),
        "£": Money(forms("sterlina", "sterline"), forms("penny", "pence")), "¥": Money(forms("yen")),
        "CHF": Money(forms("franco svizzero", "franchi svizzeri"), forms("centesimo", "centesimi")),
        "¢": Money(forms("centesimo", "centesimi")), "₿": Money(forms("bitcoin")),
    },
    gender=Gender(
        feminine=words(
            "ora settimana persona volta pagina sterlina notte mano parte classe chiave carne neve luce "
            "voce moglie madre auto moto foto radio email mail città attività università opzione "
            "stagione lezione canzone stazione regione ragione azione torre gente fine"),
        masculine=words(
            "giorno problema programma sistema tema clima poema dramma diploma cinema sofà pigiama "
            "panorama schema artista autista pilota papa minuto euro milione miliardo"),
        feminine_endings=("a", "zione", "sione", "tà", "tù", "trice", "ione", "ice"),
    ),
    fractions={"2": ("mezzo", "mezzi"), "3": ("terzo", "terzi"), "4": ("quarto", "quarti")},
    spelt=words(
        "OMS IP ID ATM "
        "CO TAC RMN HIV CGIL CISL PD AC BTP UV QI "
        "UE IVA USA ADSL CD DVD USB PC TV GPS SMS VIP URL API AI IA FBI CIA DNA INPS ISBN RAI UK EU CEO "
        "SUV") - words("IVA USA INPS RAI VIP"),
    roman_after=words(
        "vol art tit "
        "cap capitolo parte tomo volume atto scena sezione fase tipo livello libro titolo allegato articolo "
        "guerra"),
    roman_ordinal_after=words(
        "secolo secoli sec Juan Felipe Alfonso Urbano Bonifacio "
        "Luigi Carlo Enrico Vittorio Emanuele Umberto Giovanni Paolo Pio Benedetto Elisabetta Caterina "
        "Napoleone Giorgio Edoardo Guglielmo Pietro Alessandro Federico Filippo Francesco Ferdinando "
        "Leopoldo Papa Leone Sisto Clemente Gregorio"),
    roman_before=words("secolo"),
    digits_after=words(
        "codice pin ordine fattura prenotazione riferimento ticket biglietto conto pratica cap password "
        "cliente serie spedizione tracciamento"),
    phone_after=words("telefono tel chiama chiamare chiami numero fax cellulare whatsapp"),
    version_after=words("versione python ios android windows java"),
    score_after=words("vinto vince perso perde battuto batte pareggio risultato punteggio vittoria partita"),
    weekdays={"lun": "lunedì", "mar": "martedì", "mer": "mercoledì", "gio": "giovedì", "ven": "venerdì",
        "sab": "sabato", "dom": "domenica"},
    numbered=words(
        "art cap pag n pagina capitolo numero passo livello camera stanza versione riga articolo piano tomo volume "
        "sala opzione domanda esercizio lezione parte binario porta classe atto punto passaggio"),
    counted_stops=words(
        "contro dopo prima tra fra all alla allo dalla dal nel nella sul sulla "
        "e o di a in per con su da che è sono si la il lo le gli i del al dal ma come più meno fu sarà"),
)  # fmt: skip
