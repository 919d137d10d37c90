"""French."""

from voi.text.tables.shape import Clock, Gender, Language, Money, forms, words
from voi.text.tables.starters import STARTERS

LANGUAGE = Language(
    code="fr",
    starters=STARTERS["fr"],
    decimals="number",
    day="first",
    first="premier",
    clock=Clock("{h} heures", "{h} heures {m}", feminine=True, after=words("heures heure h")),
    say={
        "factorial": "factorielle",
        "hyphen": "tiret",
        "dot": "point", "at": "arobase", "slash": "barre oblique", "backslash": "barre oblique inverse",
        "colon": "deux-points",
        "tilde": "tilde", "and": "et", "percent": "pour cent", "permille": "pour mille", "number": "numéro",
        "hashtag": "hashtag", "plus": "plus", "minus": "moins", "equals": "égale", "point": "virgule", "per": "par",
        "to": "à", "by": "sur", "times": "fois", "out_of": "sur", "over": "sur", "ratio": "à", "score": "à",
        "divided": "divisé par",
        "greater": "supérieur à", "less": "inférieur à", "about": "environ", "plusminus": "plus ou moins",
        "at_most": "au plus", "at_least": "au moins", "not_equal": "différent de", "root": "racine carrée de",
        "infinity": "infini", "section": "paragraphe", "squared": "au carré", "cubed": "au cube", "power": "puissance",
        "or": "ou", "arrow": "vers", "degrees": "degrés", "euros": "euros", "dollars": "dollars", "pounds": "livres",
        "version": "version", "half": "demi",
    },
    before={
        "rdv.": "rendez-vous",
        "Mt": "Mont",
        "M.": "Monsieur", "MM.": "Messieurs", "Mme": "Madame", "Mme.": "Madame", "Mmes": "Mesdames",
        "Mlle": "Mademoiselle", "Mlle.": "Mademoiselle",
        "Mlles": "Mesdemoiselles", "Dr": "Docteur", "Dr.": "Docteur", "Pr": "Professeur", "Pr.": "Professeur",
        "Me": "Maître", "Me.": "Maître", "St.": "Saint", "Ste.": "Sainte", "env.": "environ",
        "p.ex.": "par exemple", "ex.": "exemple", "n°": "numéro", "nº": "numéro", "Nº": "numéro", "N°": "numéro",
        "c.-à-d.": "c'est-à-dire",
        "c.à.d.": "c'est-à-dire", "càd": "c'est-à-dire",
        "tél.": "téléphone", "vol.": "volume", "chap.": "chapitre", "fig.": "figure", "art.": "article",
        "cf.": "confer", "St": "Saint", "Ste": "Sainte",
        "av.": "avenue", "bd": "boulevard", "bd.": "boulevard", "boul.": "boulevard", "pp.": "pages",
        "éd.": "édition", "apr.": "après", "max.": "maximum", "min.": "minimum",
        "nos": "nos", "réf.": "référence", "sq.": "et suivant", "rdv": "rendez-vous", "ndlr": "note de la rédaction",
        "c.-à-d": "c'est-à-dire", "al.": "alinéa",
        "quest.": "question", "dir.": "direction", "not.": "notamment", "resp.": "respectivement", "ext.": "extérieur",
        "int.": "intérieur", "ann.": "annexe", "coll.": "collection", "trad.": "traduction", "rte": "route",
        "imm.": "immeuble", "bât.": "bâtiment", "esc.": "escalier", "apt.": "appartement",
        "arr.": "arrondissement", "RDV": "rendez-vous",
    },
    ending={
        "HT": "hors taxes", "pdt": "pendant",
        "c. à s.": "cuillère à soupe", "c. à c.": "cuillère à café",
        "RDC": "rez-de-chaussée", "a.p.": "après prolongation",
        "ét.": "étage",
        "etc.": "et cetera", "av. J.-C.": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ",
        "Cie": "compagnie", "dép.": "département",
        "hab.": "habitants", "janv.": "janvier", "févr.": "février", "juil.": "juillet",
        "oct.": "octobre",
        "nov.": "novembre", "déc.": "décembre", "lun.": "lundi",
        "ven.": "vendredi", "sam.": "samedi", "dim.": "dimanche", "TTC": "toutes taxes comprises",
        "svp": "s'il vous plaît", "SVP": "s'il vous plaît",
    },
    choices={
        "no": (("9", "numéro"), ("", "")),
        "pl.": (("A", "place"), ("", "")),
        "min.": (("o", "minute"), ("#", "minutes"), ("9", "minimum"), ("", "minimum")),
        "km": (("9", "kilomètre"), ("", "")),
        "p.": (("9", "page"), ("", "")), "s.": (("r", "siècle"), ("", "")),
        "th.": (("9", "thermostat"), ("", "")), "sept.": (("#", "septembre"), ("9", "septembre"), ("", "")),
        "mer.": (("d", "mercredi"), ("", "")),
        "jeu.": (("d", "jeudi"), ("", "")), "mar.": (("d", "mardi"), ("w", "mardi"), ("", "")),
        "suiv.": (("", "suivantes"),), "S.": (("A", "Saint"), ("", "")),
    },
    scales={
        "k": forms("mille"), "K": forms("mille"), "M": forms("million", "millions"), "Md": forms("milliard",
        "milliards"), "Mds": forms("milliard", "milliards"),
        "million": forms("million", "millions"), "millions": forms("million", "millions"),
        "milliard": forms("milliard", "milliards"), "milliards": forms("milliard", "milliards"),
        "mille": forms("mille"),
    },
    units={
        "cp": forms("comprimé", "comprimés"), "gél.": forms("gélule", "gélules"), "cp.": forms("comprimé", "comprimés"),
        "bpm": forms("battement par minute", "battements par minute"),
        "Mo": forms("mégaoctet", "mégaoctets"), "Go": forms("gigaoctet", "gigaoctets"), "Ko": forms("kilooctet",
        "kilooctets"), "ko": forms("kilooctet", "kilooctets"),
        "To": forms("téraoctet", "téraoctets"), "sec": "duration-second", "mn": "duration-minute",
        "ch": forms("cheval", "chevaux"),
        "j": "duration-day", "km/h": forms("kilomètre heure", "kilomètres heure"), "pouces": "length-inch",
        "CV": forms("cheval", "chevaux"),
        "c. à s.": forms("cuillère à soupe", "cuillères à soupe"), "c. à c.": forms("cuillère à café",
        "cuillères à café"), "c.à.s.": forms("cuillère à soupe", "cuillères à soupe"),
        "c.à.c.": forms("cuillère à café", "cuillères à café"), "c. à soupe": forms("cuillère à soupe",
        "cuillères à soupe"), "c. à café": forms("cuillère à café", "cuillères à café"),
        "càs": forms("cuillère à soupe",
        "cuillères à soupe"), "càc": forms("cuillère à café", "cuillères à café"),
        "l/100 km": forms("litre aux cent kilomètres", "litres aux cent kilomètres"), "L/100 km": forms(
        "litre aux cent kilomètres", "litres aux cent kilomètres"), "m/s": forms("mètre par seconde",
        "mètres par seconde"),
        "mmHg": forms("millimètre de mercure", "millimètres de mercure"), "heures": "duration-hour",
        "ans": forms("an", "ans"), "an": forms("an", "ans"),
    },
    named_units={
        "mass-kilogram": forms("kilo", "kilos"), "temperature-celsius": forms("degré Celsius", "degrés Celsius"),
        "temperature-fahrenheit": forms("degré Fahrenheit", "degrés Fahrenheit"), "angle-degree": forms("degré",
        "degrés"), "mah": forms("milliampère-heure", "milliampères-heures"),
        "digital-megabyte": forms("mégaoctet", "mégaoctets"), "digital-gigabyte": forms("gigaoctet", "gigaoctets"),
        "sound-decibel": forms("décibel", "décibels"),
    },
    money={
        "€": Money(forms("euro", "euros"), forms("centime", "centimes")),
        "$": Money(forms("dollar", "dollars"), forms("cent", "cents")), "£": Money(forms("livre", "livres"),
        forms("penny", "pence")),
        "CHF": Money(forms("franc suisse", "francs suisses"), forms("centime", "centimes")), "¥": Money(forms("yen",
        "yens")), "¢": Money(forms("cent", "cents")),
        "CAD": Money(forms("dollar canadien", "dollars canadiens"), forms("cent", "cents")),
        "₿": Money(forms("bitcoin", "bitcoins")),
    },
    gender=Gender(
        feminine=words(
            "souris vis brebis oasis perdrix noix voix croix paix "
            "gélule gélules pilule pilules capsule capsules botte bottes ampoule ampoules goutte gouttes dose doses "
            "gousse gousses branche branches pincée poignée feuille feuilles barquette brique station stations "
            "formule formules salade "
            "heure heures minute minutes seconde secondes semaine semaines année années journée "
            "journées personne personnes fois page pages livre livres "
            "maison maisons femme femmes fille filles nuit nuits mer main mains voiture voitures "
            "chambre chambres table tables place places porte portes "
            "question questions ville villes lettre lettres note notes étoile étoiles ligne lignes "
            "carte cartes tasse tasses pomme pommes route routes "
            "rue rues école écoles église églises image images photo photos chose choses cuillère "
            "cuillères orange oranges banane bananes tomate tomates "
            "boîte boîtes bouteille bouteilles part parts pièce pièces salle salles classe classes "
            "tonne tonnes once onces tranche tranches mère sœur "
            "sœurs tante équipe équipes étape étapes idée idées île îles langue langues offre offres "
            "partie parties règle règles tâche tâches pizza pizzas "
            "bière bières chanson chansons leçon leçons façon raison fin fois version versions "
            "option options chaise chaises fenêtre fenêtres assiette assiettes "
            "adresse adresses agence agences application applications facture factures commande "
            "commandes entrée entrées sortie sorties erreur erreurs fleur fleurs couleur couleurs "
            "mille"
        ) - words("mille"),
        masculine=words(
            "véhicule véhicules scrupule préambule crépuscule silence silences cimetière arrière derrière musée "
            "musées lycée lycées côté comté pâté été traité incendie génie parapluie silence "
            "problème système livres-sterling squelette magazine"),
        feminine_endings=("ise", "ises", "ule", "ules", "esse", "esses", "erie", "eries", "ière", "ières", "euse",
        "euses", "ille", "illes", "ance", "ances", "ence", "ences", "tion", "tions", "sion", "sions", "té", "tés",
        "ée", "ées", "ie", "ies", "ence", "ences",
            "ance", "ances", "ette", "ettes",
                          "elle", "elles", "ure", "ures", "ade", "ades", "aison", "aisons", "ille", "illes", "euse",
                          "euses", "esse", "esses", "ière", "ières", "ine", "ines", "onne", "enne", "ennes", "onnes"),
    ),
    fractions={"2": ("demi", "demis"), "3": ("tiers", "tiers"), "4": ("quart", "quarts")},
    spelt=words(
        "OGM ONG ADSL IP ID UV OMS OCDE INSEE ASSEDIC AVC "
        "OM OL PSG CO CA CE AG RTL TF BNP HIV VIH IRM ORL UV AOC CEO DJ FM QI IRL "
        "USA UE IA SNCF TVA PDG ONU IBAN USB ADN EDF GPS SMS CV TGV TV DVD CD UK PC VIP API RATP HLM BD "
        "RH PME QCM OVNI PIB FAQ URL AI EU RER SUV RTT CAF SAV URSSAF CNRS ENA BMW FBI CIA"
        ) - words("ONU OVNI URSSAF SAV ENA CAF IBAN RDV CV"),
    roman_after=words(
        "vol art tit "
        "chap chapitre partie tome volume acte scène section phase type niveau livre titre annexe article "
        "guerre"),
    roman_ordinal_after=words(
        "Louis Henri Charles François Philippe Napoléon Élisabeth Elizabeth Catherine Jean Paul Pie "
        "Benoît Guillaume Édouard George Georges Jacques Pierre Alexandre Nicolas Frédéric Albert "
        "Léopold Richard Marie"),
    roman_before=words("siècle siècles"),
    digits_after=words(
        "siret siren code pin commande facture dossier réservation référence ticket billet client compte suivi "
        "postal passe série"),
    phone_after=words("téléphone tél appelez appeler numéro fax portable mobile joindre"),
    version_after=words("version python ios android windows java"),
    score_after=words("gagné gagne battu bat perdu score victoire match mené mène nul"),
    weekdays={"lun": "lundi", "mar": "mardi", "mer": "mercredi", "jeu": "jeudi", "ven": "vendredi", "sam": "samedi",
        "dim": "dimanche"},
    numbered=words(
        "art chap p n page chapitre numéro étape niveau chambre version ligne article étage tome volume salle option "
        "question exercice leçon partie quai porte numéro classe acte point"),
    counted_stops=words(
        "contre face après avant depuis pendant "
        "est et à de ou par pour sur en dans avec sans qui que se sera a sont la le les du des mais car "
        "donc puis chez vers au aux comme plus moins"),
)  # fmt: skip
