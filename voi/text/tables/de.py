"""German."""

from voi.text.tables.shape import Clock, Gender, Language, Money, forms, words

LANGUAGE = Language(
    code="de",
    sentence_noun_capitals=True,
    ordinal_point=True,
    ordinal_nouns=words(
        "OG UG Min Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember "
        "Stock Etage Obergeschoss Jahrhundert "
        "Platz Mal Klasse FC Liga Bundesliga Weltkrieg Quartal Halbjahr Semester Geburtstag Runde "
        "Reihe Auflage Advent Mannschaft Person "
        "Gang Kapitel Teil Akt Szene Tor Minute Spieltag Lebensjahr Woche Stufe Wahl Versuch Termin "
        "Staffel Folge Hälfte Stunde Tag Schritt "
        "Mahnung Rate Bezirk Dimension Generation Ordnung Grades Lesung"
    ),
    ordinal_after=words(
        "am im zum zur beim vom ins ans der die das dem den des diesem diesen dieser jedem jeden "
        "jede jeder jedes meinem meinen mein meine "
        "dein sein seine seinem ihr ihre ihrem unser unsere unserem ein eine einem einen einer und "
        "bis oder kein keine welche welcher ist war wird wurde als bin seit mit von auf"
    ),
    starters=words(
        "Der Die Das Den Dem Des Ein Eine Einen Einem Ich Du Er Sie Es Wir Ihr Ihre Mein Meine Sein "
        "Seine Unser Unsere Dein Deine Dies Diese "
        "Dieser Dieses Dann Danach Dort Da Daher Darum Deshalb Deswegen Doch Aber Und Oder Denn Also "
        "Auch Außerdem Ab Als Alle Alles Am Auf Aus "
        "Bei Beim Bis Bitte Damit Dabei Dafür Dazu Erst Falls Für Ganz Gerne Gern Gibt Haben Hat "
        "Heute Hier Hierbei Im In Insgesamt Ist Ja Jetzt "
        "Jede Jeder Jedes Kann Können Kein Keine Leider Man Mit Möchten Morgen Nach Nein Noch Nun "
        "Nur Ob Oft Ohne Schon Sehr Sind So Sobald Sonst "
        "Später Trotzdem Um Viel Viele Vielen Vom Von Vor Wann Warum Was Weil Wenn Wer Wie Wieder Wo "
        "Wollen Wir Zu Zuerst Zum Zur Zusätzlich Zwar Gestern Natürlich Vielleicht Soll Soweit "
        "Welche Welcher Welches Nehmen Drücken Rufen"
    ),
    day="ordinal",
    year="hundreds",
    months={"jänner": 1, "feber": 2},
    clock=Clock("{h} Uhr", "{h} Uhr {m}", one="ein", after=words("uhr")),
    say={
        "factorial": "Fakultät",
        "sections": "Paragrafen",
        "hyphen": "Bindestrich",
        "dot": "Punkt", "at": "ät", "slash": "Schrägstrich", "backslash": "Backslash", "colon": "Doppelpunkt",
        "tilde": "Tilde", "and": "und", "percent": "Prozent", "permille": "Promille", "number": "Nummer",
        "hashtag": "Hashtag", "plus": "plus", "minus": "minus", "equals": "gleich", "point": "Komma", "per": "pro",
        "to": "bis", "by": "mal", "times": "mal", "out_of": "von", "over": "zu", "ratio": "zu", "score": "zu",
        "divided": "geteilt durch", "greater": "größer als", "less": "kleiner als", "about": "etwa",
        "plusminus": "plus minus", "at_most": "höchstens", "at_least": "mindestens", "not_equal": "ungleich",
        "root": "Wurzel aus", "infinity": "unendlich", "section": "Paragraf", "squared": "Quadrat",
        "cubed": "hoch drei",
        "power": "hoch", "or": "oder", "arrow": "zu", "degrees": "Grad", "euros": "Euro", "dollars": "Dollar",
        "pounds": "Pfund", "version": "Version", "one_part": "ein",
    },
    before={
        "dent.": "dent", "vet.": "vet", "h.c.": "honoris causa", "mult.": "mult", "kath.": "katholisch",
        "u.z.": "und zwar",
        "lit.": "Buchstabe", "Frühst.": "Frühstück",
        "bzgl.": "bezüglich", "hl.": "heilige", "Kfm.": "Kaufmann",
        "Erw.": "Erwachsene", "mittl.": "mittlerer", "Kundennr.": "Kundennummer",
        "Fam.": "Familie", "eff.": "effektiver", "Pck.": "Päckchen",
        "Gr.": "Größe",
        "z.B.": "zum Beispiel", "u.": "und", "o.": "oder", "d.h.": "das heißt", "u.a.": "unter anderem",
        "bzw.": "beziehungsweise", "ca.": "circa",
        "Nr.": "Nummer", "Dr.": "Doktor", "Prof.": "Professor", "Hr.": "Herr", "Hrn.": "Herrn", "Fr.": "Frau",
        "St.": "Sankt", "evtl.": "eventuell", "ggf.": "gegebenenfalls", "inkl.": "inklusive", "exkl.": "exklusive",
        "zzgl.": "zuzüglich", "abzgl.": "abzüglich", "vgl.": "vergleiche", "Tel.": "Telefon", "Abb.": "Abbildung",
        "Kap.": "Kapitel", "Bd.": "Band", "Art.": "Artikel", "Abs.": "Absatz", "Dipl.": "Diplom",
        "Ing.": "Ingenieur", "max.": "maximal", "mind.": "mindestens", "sog.": "sogenannt", "i.d.R.": "in der Regel",
        "z.T.": "zum Teil", "z.Zt.": "zurzeit", "z.Z.": "zurzeit", "o.ä.": "oder ähnliche", "u.U.": "unter Umständen",
        "v.a.": "vor allem", "i.A.": "im Auftrag", "gest.": "gestorben", "bes.": "besonders",
        "allg.": "allgemein", "tägl.": "täglich", "monatl.": "monatlich", "jährl.": "jährlich",
        "entspr.": "entsprechend",
        "einschl.": "einschließlich", "ehem.": "ehemals", "dt.": "deutsch", "engl.": "englisch",
        "franz.": "französisch",
        "m.E.": "meines Erachtens", "u.Ä.": "und Ähnliche", "o.g.": "oben genannt", "s.o.": "siehe oben",
        "s.u.": "siehe unten",
        "Mag.": "Magister", "Frl.": "Fräulein", "Hbf.": "Hauptbahnhof", "jr.": "junior", "lt.": "laut",
        "svw.": "so viel wie",
        "min.": "minimal", "p.a.": "pro Jahr", "med.": "med", "phil.": "phil", "jur.": "jur", "nat.": "nat",
        "rer.": "rer",
        "habil.": "habil", "bspw.": "beispielsweise", "Fa.": "Firma", "rd.": "rund", "Zi.": "Zimmer", "Whg.": "Wohnung",
        "Gem.": "Gemeinde",
        "Hs.": "Haus", "Gde.": "Gemeinde",
        "Ges.": "Gesellschaft", "gem.": "gemäß", "insb.": "insbesondere", "insbes.": "insbesondere", "zw.": "zwischen",
        "ugs.": "umgangssprachlich", "verh.": "verheiratet", "led.": "ledig", "wg.": "wegen", "öff.": "öffentlich",
        "Verf.": "Verfasser", "Hrsg.": "Herausgeber", "Aufl.": "Auflage", "Jg.": "Jahrgang", "Bsp.": "Beispiel",
        "Anm.": "Anmerkung", "Beil.": "Beilage", "Best.": "Bestell", "i.V.": "in Vertretung", "i.H.v.": "in Höhe von",
        "u.E.": "unseres Erachtens", "m.a.W.": "mit anderen Worten",
        "a.a.O.": "am angegebenen Ort",
        "e.V.": "e V", "a.D.": "außer Dienst", "o.Ä.": "oder Ähnliches", "o.k.": "okay", "z.H.": "zu Händen",
        "z.Hd.": "zu Händen", "b.z.w.": "beziehungsweise",
    },
    ending={
        "d.M.": "des Monats", "d.J.": "dieses Jahres",
        "p.P.": "pro Person", "p.N.": "pro Nacht", "DZ": "Doppelzimmer", "EZ": "Einzelzimmer", "OG": "Obergeschoss",
        "EG": "Erdgeschoss", "UG": "Untergeschoss", "DG": "Dachgeschoss",
        "usw.": "und so weiter", "etc.": "et cetera", "usf.": "und so fort", "Str.": "Straße", "str.": "straße",
        "Std.": "Stunden",
        "Min.": "Minuten", "Sek.": "Sekunden", "Jh.": "Jahrhundert", "Jhd.": "Jahrhundert", "v.Chr.": "vor Christus",
        "n.Chr.": "nach Christus", "Co.": "Co", "u.v.m.": "und vieles mehr", "u.v.a.": "und viele andere",
        "Pl.": "Platz", "MwSt.": "Mehrwertsteuer", "Mwst.": "Mehrwertsteuer", "ggü.": "gegenüber",
    },
    leading=words("geb."),
    choices={
        "S.": (("§", "Satz"), ("", "Seite")), "op.": (("9", "Opus"), ("", "")),
        "n.V.": (("#", "nach Verlängerung"), ("", "nach Vereinbarung")),
        "n.E.": (("#", "nach Elfmeterschießen"), ("", "")),
        "Min.": (("o", "Minute"), ("#", "Minuten"), ("", "Minuten")), "km": (("9", "Kilometer"), ("", "")),
        "geb.": (("9", "geboren"), ("am", "geboren"), ("in", "geboren"), ("im", "geboren"), ("um", "geboren"),
            ("A", "geborene"), ("", "geboren")),
        "Mo.": (("", "Montag"),), "Di.": (("", "Dienstag"),), "Mi.": (("", "Mittwoch"),),
        "Do.": (("", "Donnerstag"),), "Sa.": (("", "Samstag"),), "So.": (("d", "Sonntag"), ("w", "Sonntag"), ("", "")),
        "f.": (("#", "folgende"), ("A", "für"), ("", "")), "ff.": (("#", "fortfolgende"), ("", "")),
        "Mio.": (("", "Millionen"),), "Mrd.": (("", "Milliarden"),), "Tsd.": (("", "Tausend"),),
    },
    scales={
        "Mio.": forms("Million", "Millionen"), "Mio": forms("Million", "Millionen"),
        "Mrd.": forms("Milliarde", "Milliarden"), "Mrd": forms("Milliarde", "Milliarden"), "Tsd.": forms("Tausend"),
        "Million": forms("Million", "Millionen"), "Millionen": forms("Million", "Millionen"),
        "Milliarde": forms("Milliarde", "Milliarden"), "Milliarden": forms("Milliarde", "Milliarden"),
        "Tausend": forms("Tausend"), "T": forms("tausend"),
    },
    units={
        "Pr.": forms("Prise", "Prisen"),
        "ct": forms("Cent"), "Ct": forms("Cent"), "Stk": forms("Stück"), "TEUR": forms("tausend Euro"),
        "Mon.": "duration-month", "Mon": "duration-month",
        "bpm": forms("Schlag pro Minute", "Schläge pro Minute"),
        "Std.": "duration-hour", "Std": "duration-hour", "Min.": "duration-minute", "Min": "duration-minute",
        "Sek.": "duration-second", "sec": "duration-second", "Sek": "duration-second",
        "km/h": forms("Kilometer pro Stunde"), "PS": forms("P S"),
        "Kilo": forms("Kilo"), "Pkt.": forms("Punkt", "Punkte"), "Stk.": forms("Stück"), "EL": forms("Esslöffel"),
        "TL": forms("Teelöffel"), "U/min": forms("Umdrehung pro Minute", "Umdrehungen pro Minute"),
        "mmHg": forms("Millimeter Quecksilbersäule"),
        "Ltr.": "volume-liter", "Zi.": forms("Zimmer"), "Pers.": forms("Person", "Personen"), "Wo.": "duration-week",
        "l/100 km": forms("Liter auf hundert Kilometer"), "l/100km": forms("Liter auf hundert Kilometer"),
        "Pck.": forms("Päckchen"), "m/s": forms("Meter pro Sekunde"), "J.": forms("Jahr",
        "Jahre"),
    },
    named_units={
        "length-inch": forms("Zoll"), "temperature-celsius": forms("Grad Celsius"), "duration-hour": forms("Stunde",
        "Stunden"),
        "temperature-fahrenheit": forms("Grad Fahrenheit"), "mah": forms("Milliamperestunden"),
        "sound-decibel": forms("Dezibel"),
        "area-square-meter": forms("Quadratmeter"), "angle-arc-minute": forms("Minute", "Minuten"),
        "angle-arc-second": forms("Sekunde", "Sekunden"), "volume-cubic-meter": forms("Kubikmeter"),
    },
    money={
        "€": Money(forms("Euro"), forms("Cent")), "$": Money(forms("Dollar"), forms("Cent")),
        "£": Money(forms("Pfund"), forms("Penny", "Pence")), "CHF": Money(forms("Franken"), forms("Rappen")),
        "¥": Money(forms("Yen")), "¢": Money(forms("Cent")), "₹": Money(forms("Rupie", "Rupien")),
        "₽": Money(forms("Rubel")), "₿": Money(forms("Bitcoin")),
    },
    gender=Gender(
        feminine=words(
            "Stunde Minute Sekunde Woche Person Seite Million Milliarde Nacht Stadt Frau Mutter "
            "Tochter Schwester Hand Zahl Nummer Katze "
            "Uhr Straße Fahrt Tür Karte Mail E-Mail App Portion Wurst Kuh Maus Bank Angst Antwort "
            "Art Arbeit Burg Bahn Schule Klasse Etage "
            "Kapsel Spritze Ampulle Dosis Zwiebel Schüssel Wurzel Formel Nadel Kugel Regel Insel Gabel Tafel "
            "Schulter Feder Butter Mauer Steuer "
            "Nudel Kartoffel Tomate "
            "Flasche Dose Packung Tasse Rupie SMS"
        ),
        masculine=words(
            "Name Junge Kollege Kunde Gedanke Buchstabe Wille Glaube Friede Käse Kaffee See Tee Schnee "
            "Hase Löwe Affe Neffe Bote Experte Zeuge Kubikmeter"),
        neuter=words(
            "Byte Kilobyte Megabyte Gigabyte Terabyte Petabyte Kibibyte Mebibyte Gibibyte Tebibyte Pebibyte Bit "
            "Prozent OG UG Obergeschoss Untergeschoss Mal Kapitel Tor "
            "Quartal Semester Halbjahr Jahr Kind Haus Auto Buch "
            "Bild Zimmer "
            "Obergeschoss Jahrhundert Geschäft Projekt Team "
            "Spiel Thema Ende Auge Interesse Gebäude Getränk Glas Bett Brot Ei Bier Ticket Paket "
            "Problem Restaurant Hotel Land Dorf Lebensjahr"
        ),
        feminine_endings=("ung", "heit", "keit", "schaft", "tät", "tion", "sion", "ik", "ur", "enz", "anz", "in",
            "ie", "e"),
        neuter_endings=("chen", "lein", "um", "ment"),
    ),
    fractions={"2": ("halb", "Halbe")},
    spelt=words(
        "SAP IBM CIA FBI UKW EZB EKD ABS ESP ADS ADHS UV IP IQ NGO UN US OB AKW USV HNO EEG ÖBB ORF ÖPNV IG IV ID UFC "
        "RE CO HIV NRW "
        "USA EU KI AG GmbH UNO ADAC AOK PIN CEO ICE EC IT UK TV EDV ARD PKW LKW BIP IHK USB PC AI "
        "VIP UVP EDV DB AGB OP CD DVD SUV EM WM FC IC RE AB URL SMS ISBN USt BMW EKG CDU SPD AfD FDP"
        ) - words("UNO GmbH PIN AfD USt UVP IC RE AB"),
    roman_after=words("kap bd kapitel teil band akt szene abschnitt phase typ stufe klasse artikel weltkrieg anhang"),
    roman_ordinal_after=words(
        "Heinrich Ludwig Karl Friedrich Wilhelm Elisabeth Katharina Otto Papst Johannes Paul Benedikt "
        "Pius Maria Georg Eduard Leopold Franz Napoleon Philipp Nikolaus Alexander Peter Rudolf August "
        "Christian Gustav Harald Konrad"),
    digits_after=words(
        "kundennr kundennummer artikelnummer rechnungsnummer vertragsnummer tan otp kennwort pin code bestellnummer "
        "auftragsnummer bestellung kundennummer rechnungsnummer rechnung "
        "ticket "
        "buchungsnummer buchung postleitzahl plz kontonummer vorgangsnummer sendungsnummer "
        "referenznummer ticketnummer kennwort passwort seriennummer aktenzeichen bankleitzahl "
        "buchungscode"),
    phone_after=words("telefon tel telefonnummer nummer rufnummer hotline fax handy mobil ruf anrufen unter"),
    version_after=words("version python ios android windows java"),
    score_after=words(
        "gewann gewonnen verlor verloren gewinnt siegte besiegte besiegt spielte endstand spiel ergebnis "
        "führt führte unentschieden"),
    weekdays={"Mo": "Montag", "Di": "Dienstag", "Mi": "Mittwoch", "Do": "Donnerstag", "Fr": "Freitag",
        "Sa": "Samstag", "So": "Sonntag"},
    numbered=words(
        "s lit absatz abs satz paragraf nr kap bd abb art kapitel seite schritt nummer zimmer teil band "
        "gleis version punkt artikel klasse stufe level "
        "tag frage aufgabe übung halle gate raum etage option platz"),
    counted_stops=words("Uhr"),
)  # fmt: skip
