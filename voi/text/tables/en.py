"""English."""

from voi.text.tables.shape import Clock, Language, Money, forms, words
from voi.text.tables.starters import STARTERS

_TITLES = {
    "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Mx.": "Mix", "Prof.": "Professor",
    "Capt.": "Captain", "Cpt.": "Captain", "Lt.": "Lieutenant", "Sgt.": "Sergeant", "Col.": "Colonel",
    "Maj.": "Major", "Cpl.": "Corporal", "Cmdr.": "Commander", "Adm.": "Admiral", "Sen.": "Senator",
    "Rep.": "Representative", "Gov.": "Governor", "Pres.": "President", "Hon.": "Honorable", "Supt.": "Superintendent",
    "Messrs.": "Messrs", "Mme.": "Madame", "Mlle.": "Mademoiselle", "Fr.": "Father", "Br.": "Brother",
    "Mt.": "Mount", "Ft.": "Fort", "Pvt.": "Private", "Det.": "Detective", "Insp.": "Inspector", "Amb.": "Ambassador",
    "Atty.": "Attorney",
}  # fmt: skip
_STATES = [
    "AL",
    "Alabama",
    "AK",
    "Alaska",
    "AZ",
    "Arizona",
    "AR",
    "Arkansas",
    "CA",
    "California",
    "CO",
    "Colorado",
    "CT",
    "Connecticut",
    "DE",
    "Delaware",
    "FL",
    "Florida",
    "GA",
    "Georgia",
    "HI",
    "Hawaii",
    "ID",
    "Idaho",
    "IL",
    "Illinois",
    "IN",
    "Indiana",
    "IA",
    "Iowa",
    "KS",
    "Kansas",
    "KY",
    "Kentucky",
    "LA",
    "Louisiana",
    "ME",
    "Maine",
    "MD",
    "Maryland",
    "MA",
    "Massachusetts",
    "MI",
    "Michigan",
    "MN",
    "Minnesota",
    "MS",
    "Mississippi",
    "MO",
    "Missouri",
    "MT",
    "Montana",
    "NE",
    "Nebraska",
    "NV",
    "Nevada",
    "NH",
    "New-Hampshire",
    "NJ",
    "New-Jersey",
    "NM",
    "New-Mexico",
    "NY",
    "New-York",
    "NC",
    "North-Carolina",
    "ND",
    "North-Dakota",
    "OH",
    "Ohio",
    "OK",
    "Oklahoma",
    "OR",
    "Oregon",
    "PA",
    "Pennsylvania",
    "RI",
    "Rhode-Island",
    "SC",
    "South-Carolina",
    "SD",
    "South-Dakota",
    "TN",
    "Tennessee",
    "TX",
    "Texas",
    "UT",
    "Utah",
    "VT",
    "Vermont",
    "VA",
    "Virginia",
    "WA",
    "Washington",
    "WV",
    "West-Virginia",
    "WI",
    "Wisconsin",
    "WY",
    "Wyoming",
    "DC",
    "D-C",
]
STATES = {short: name.replace("-", " ") for short, name in zip(_STATES[::2], _STATES[1::2], strict=True)}
"""Read in full after a town and a comma, or before a ZIP code."""
STREETS = {
    "St": "Street", "Ave": "Avenue", "Av": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane", "Dr": "Drive",
    "Ct": "Court", "Pl": "Place", "Hwy": "Highway", "Pkwy": "Parkway", "Sq": "Square", "Ter": "Terrace",
    "Cir": "Circle", "Fwy": "Freeway", "Expy": "Expressway", "Cres": "Crescent", "Trl": "Trail",
}  # fmt: skip
COMPASS = {
    "N": "North", "S": "South", "E": "East", "W": "West", "NW": "Northwest", "NE": "Northeast", "SW": "Southwest",
    "SE": "Southeast",
}  # fmt: skip
ZONES = words("EST EDT ET CST CDT CT MST MDT MT PST PDT PT GMT UTC BST CET CEST IST JST AEST AEDT AKST HST")
SPELT = words(
    "CLI COOH TLDR AI API APIs ATM AWS BA BBQ CEO CFO CIA CIO COO CPU CTO DIY DOB EEG EEO EKG ETA EU EV FAQ FBI GPA "
    "GPU GUI HIV IBM "
    "ICU ID IDE IOS IOT IP IPA IPO IQ IRA IRS ISBN ISO ISP IT IV IVF KPI LED MBA MIA MIT MRI NBA NGO NIH NYC NYU OCR "
    "OEM OS OTP PA POV ROI RSA SAAS SEO SQL SUV TBA UAE UAV UFO UI UK UN UPS URI URL USA USB USD UX VIP VOIP VPN "
    "YMCA EUR ETF ADHD AKA ASAP DNA RNA DOJ EPA HOA IOU IRL LGBTQ LLC MPH NPC OCD OMG PHD PTO RIP RPG SOS TSA UTC UV "
    "AES AC DC IRC AM PM US LA ABC AAA AAC ACL ADA AED AFC AFK AGM AMA AMD ANC AOL APA APR APY ASL ATV AV BAC BIO "
    "CET CEST EET EEST MSK BMI BMW BYOB CAC CEU CGI CIF CMO COD CPA CRA CSA CSI CSV CVA DA DAO DEA DIN DJ DMV DUI "
    "DUID EAN "
    "EDM EIN EMS EMT EOD "
    "EOM EP EPL ER ERP ESL ESP ESPN ESG EST ET FA FAA FCA FIFO FOB FOMO FWIW FYI FYA GI GIS GOP GUID HMO HBO HOV HR "
    "HUD IBS ICE ICYMI IDF IE IEEE IG IMF IMHO IMO IO IPTV ISS ITV IUD JIT KIA LAX LCA LOA LOL LPGA MA MCAT MMA MO MOU "
    "MVP NASDAQ NFA NFC NIC OBE OD OECD OLED OPD OTC PBA PC PDA PE PI PIA POS PPE PR PSA PSI QA RAF RDA REM RFI RN RV "
    "SAS SDK SEC SUVS TBD TCP TGIF TIA TOS TTYL TV UAT UEFA UI UPC URLS USC USDA USMC USPS UTI UTM VA VAT VC VFX VHS "
    "VIN VR WHO WIP AR XR MR QR DVD IBAN UCLA USAID UNHCR IUCN AAPL APAC EMEA EDT EOS AAAS MSNBC CNN"
) - words(
    "NASDAQ UEFA AAPL APAC EMEA EOS USAID IBAN FIFO FOMO TGIF OLED BIO IMHO WIP SEC REM ICE DIN WHO SAAS "
    "ADA")  # fmt: skip
SOUNDS = words(
    "HMM HM SHH SH PSST BRR BRRR TSK PFFT GRR GRRR MM MMM ZZZ ZZ XXX HMMM SHHH MR MRS DR VS MX ST NTH TH RHYTHM MY BY "
    "WHY TRY FLY DRY CRY SKY SHY SPY FRY PRY GYM HYMN MYTH LYNX WRY"
)
"""Capitals without a vowel that are not acronyms."""
SHOUTED = words(
    "US AM PA LA BA ID OS AC IV RIP IT MA ER AR PI WHO ICE DA ET IRA ADA MIA AKA RAM PIN AV IE IO PE MO OD EV"
)
"""Acronyms that are words in a text all in capitals."""

_BOOKS = {
    "Ex": "Exodus", "Exod": "Exodus", "Lev": "Leviticus", "Num": "Numbers", "Deut": "Deuteronomy", "Josh": "Joshua",
    "Ps": "Psalm", "Prov": "Proverbs", "Isa": "Isaiah", "Jer": "Jeremiah", "Ezek": "Ezekiel", "Matt": "Matthew",
    "Rom": "Romans", "Cor": "Corinthians", "Gal": "Galatians", "Eph": "Ephesians", "Phil": "Philippians",
    "Col": "Colossians", "Heb": "Hebrews", "Jas": "James", "Pet": "Peter",
}  # fmt: skip

LANGUAGE = Language(
    code="en",
    starters=STARTERS["en"],
    decimal=".",
    groups=",",
    date="{month} {day}, {year}",
    day="ordinal",
    year="pairs",
    month_first=True,
    months={"sept": 9},
    clock=Clock(zero="oh "),
    say={
        "factorial": "factorial",
        "sections": "sections",
        "hyphen": "dash",
        "dot": "dot", "at": "at", "slash": "slash", "backslash": "backslash", "colon": "colon", "tilde": "tilde",
        "and": "and", "percent": "percent", "permille": "per mille", "number": "number", "hashtag": "hashtag",
        "plus": "plus", "minus": "minus", "equals": "equals", "point": "point", "per": "per", "to": "to", "by": "by",
        "times": "times", "out_of": "out of", "over": "over", "ratio": "to", "divided": "divided by",
        "greater": "greater than", "less": "less than", "about": "about", "plusminus": "plus or minus",
        "at_most": "at most", "at_least": "at least", "not_equal": "is not", "root": "square root of",
        "infinity": "infinity", "section": "section", "squared": "squared", "cubed": "cubed",
        "power": "to the power of", "or": "or", "of": "of", "arrow": "to", "degree": "degree", "degrees": "degrees",
        "version": "version", "half_past": "",
    },
    before={
        "agg.": "aggregate",
        **_TITLES, "approx.": "approximately", "vs.": "versus", "pp.": "pages", "figs.": "figures", "viz.": "namely",
        "cf.": "compare", "ca.": "circa", "attn.": "attention", "bldg.": "building", "incl.": "including",
        "excl.": "excluding", "Univ.": "University", "i.e.": "that is,", "e.g.": "for example,", "eg.": "for example,",
        "nos.": "numbers", "vols.": "volumes", "avg.": "average", "Intl.": "International", "Natl.": "National",
        "Assoc.": "Association", "resp.": "respectively", "eds.": "editors", "qty.": "quantity", "temp.": "temperature",
        "Bldg.": "Building", "Rm.": "Room", "rm.": "room", "chap.": "chapter", "esp.": "especially",
        "equiv.": "equivalent", "asst.": "assistant", "Asst.": "Assistant", "Assn.": "Association", "mgr.": "manager",
        "Mgr.": "Manager", "ref.": "reference", "Ref.": "Reference", "hosp.": "hospital", "Mtn.": "Mountain",
        "Pkg.": "Package", "pkg.": "package", "pkgs.": "packages", "std.": "standard", "acct.": "account",
        "Op.": "Opus", "w.r.t.": "with respect to",
        "orig.": "original", "abbr.": "abbreviation",
    },
    ending={
        "WW2": "World War two", "WW1": "World War one", "Rte.": "Route",
        "int'l": "international", "nat'l": "national", "gov't": "government", "dep't": "department",
        "cont'd": "continued", "qty": "quantity",
        "WWII": "World War two", "WWI": "World War one", "YoY": "year over year", "QoQ": "quarter over quarter",
        "MoM": "month over month", "Jr.": "Junior", "Inc.": "Incorporated", "Ltd.": "Limited",
        "Corp.": "Corporation",
        "Co.": "Company", "Bros.": "Brothers", "dept.": "department", "etc.": "et cetera", "Esq.": "Esquire",
        "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road", "Ln.": "Lane", "Hwy.": "Highway", "Pkwy.": "Parkway",
        "govt.": "government", "misc.": "miscellaneous", "tel.": "telephone", "wt.": "weight", "hrs.": "hours",
        "al.": "al", "yrs.": "years", "mins.": "minutes", "secs.": "seconds", "dist.": "district", "lbs.": "pounds",
        "mfg.": "manufacturing", "mgmt.": "management", "intl.": "international", "bldgs.": "buildings",
        "ext.": "extension", "Cres.": "Crescent", "mos.": "months", "wks.": "weeks", "mtg.": "meeting",
        "appt.": "appointment",
        "appts.": "appointments", "Sq.": "Square", "tsp.": "teaspoons", "tbsp.": "tablespoons", "a.k.a.": "A K A",
        "ea.": "each", "appt": "appointment", "appts": "appointments", "approx": "approximately", "dept": "department",
        "govt": "government", "mgmt": "management", "acct": "account", "tmrw": "tomorrow", "thru": "through",
        "Appt": "Appointment", "Appt.": "Appointment", "btwn": "between", "misc": "miscellaneous",
        "Ph.D.": "P H D", "PhD.": "P H D", "Psy.D.": "Psy D", "Ed.D.": "Ed D", "Th.D.": "T H D",
    },
    leading=words("apt. ste. ch. sec. art. par. para. fl. vol. fig. p. c. v. Dr. Rev. Gen."),
    choices={
        "b.": (("Y", "born"), ("", "")), "d.": (("Y", "died"), ("", "")),
        "Sr.": (("mary", "Sister"), ("teresa", "Sister"), ("maria", "Sister"), ("agnes", "Sister"), ("margaret",
        "Sister"), ("anne", "Sister"), ("catherine", "Sister"), ("bernadette", "Sister"), ("clare", "Sister"),
        ("rose", "Sister"),
        ("", "Senior")),
        "MR.": (("M", "Mister"), ("", "")), "MRS.": (("M", "Missus"), ("", "")), "MS.": (("M", "Miz"), ("", "")),
        "DR.": (("M", "Doctor"), ("", "")), "PROF.": (("M", "Professor"), ("", "")),
        "ch.": (("W", "channel"), ("9", "chapter"), ("L", "chapter"), ("R", "chapter"), ("", "")),
        "opt.": (("9", "option"), ("", "")), "ver.": (("9", "version"), ("", "")), "flt.": (("9", "flight"), ("", "")),
        "conf.": (("9", "confirmation"), ("", "")), "ex.": (("9", "example"), ("", "")),
        "elev.": (("9", "elevation"), ("", "")), "pop.": (("9", "population"), ("", "")),
        "km": (("9", "kilometer"), ("", "")),
        "Dr.": (("T", "Drive"), ("", "Doctor")),
        "St.": (("S", "Street"), ("A", "Saint"), ("", "Street")),
        **{f"{short}.": (("B", book), ("", "")) for short, book in _BOOKS.items()},
        "App.": (("L", "Appendix"), ("9", "Appendix"), ("", "")),
        "Rev.": (("B", "Revelation"), ("L", "revision"), ("9", "revision"), ("A", "Reverend"), ("", "Reverend")),
        "rev.": (("L", "revision"), ("9", "revision"), ("", "")),
        "Cat.": (("9", "Category"), ("", "")), "cat.": (("9", "category"), ("", "")),
        "Gen.": (("B", "Genesis"), ("G", "Gen"), ("9", "Generation"), ("A", "General"), ("", "General")),
        "Est.": (("Y", "established"), ("9", "Estimated"), ("in", "established"), ("", "Estimated")),
        "est.": (("Y", "established"), ("9", "estimated"), ("in", "established"), ("", "estimated")),
        "No.": (("9", "number"), ("", "")),
        "no.": (("9", "number"), ("", "")),
        "p.": (("9", "page"), ("Q", "page"), ("", "")),
        "c.": (("9", "circa"), ("", "")),
        "v.": (("9", "version"), ("N", "versus"), ("", "")),
        "vol.": (("L", "volume"), ("9", "volume"), ("R", "volume"), ("", "volume")),
        "fig.": (("L", "figure"), ("9", "figure"), ("", "")),
        "art.": (("9", "article"), ("", "")),
        "par.": (("9", "paragraph"), ("", "")),
        "para.": (("9", "paragraph"), ("", "paragraph")),
        "sec.": (("L", "section"), ("#", "seconds"), ("9", "section"), ("", "")),
        "min.": (("#", "minutes"), ("", "minimum")),
        "max.": (("#", "maximum"), ("9", "maximum"), ("a", "maximum"), ("", "")),
        "ed.": (("#", "edition"), ("o", "edition"), ("", "")),
        "apt.": (("L", "apartment"), ("9", "apartment"), ("A", "apartment"), ("", "apartment")),
        "ste.": (("L", "suite"), ("9", "suite"), ("", "")),
        "fl.": (("Y", "flourished"), ("9", "floor"), ("o", "floor"), ("", "")),
        "Ct.": (("S", "Court"), ("", "Court")),
        "Pl.": (("S", "Place"), ("", "Place")),
        "hr.": (("", "hour"),),
        "mo.": (("", "month"),),
        "yr.": (("", "year"),),
        "wk.": (("", "week"),),
        "Mon.": (("", "Monday"),), "Tue.": (("", "Tuesday"),), "Tues.": (("", "Tuesday"),),
        "Wed.": (("", "Wednesday"),), "Thu.": (("", "Thursday"),), "Thur.": (("", "Thursday"),),
        "Thurs.": (("", "Thursday"),), "Fri.": (("", "Friday"),),
        "Sat.": (("", "Saturday"),), "Sun.": (("d", "Sunday"), ("w", "Sunday"), ("D", "Sunday"), ("", "")),
        "am.": (("#", "A M"), ("", "")),
        "pm.": (("#", "P M"), ("", "")),
    },
    units={
        "t.": "volume-teaspoon",
        "req": forms("request", "requests"), "reqs": forms("request", "requests"), "bbl": forms("barrel", "barrels"),
        "T.": "volume-tablespoon",
        "nt": forms("night", "nights"), "nt.": forms("night", "nights"), "pp": forms("person", "people"),
        "pp.": forms("person", "people"), "ppl": forms("person", "people"), "qtr": forms("quarter", "quarters"),
        "doz.": forms("dozen"), "sf": "area-square-foot",
        "mi": "length-mile", "ft": "length-foot", "yd": "length-yard", "yds": "length-yard", "lb": "mass-pound",
        "lbs": "mass-pound", "oz": "mass-ounce", "s": "duration-second", "sec": "duration-second",
        "secs": "duration-second", "min": "duration-minute", "mins": "duration-minute", "hr": "duration-hour",
        "hrs": "duration-hour", "d": "duration-day", "day": "duration-day", "days": "duration-day",
        "wk": "duration-week", "wks": "duration-week", "mo": "duration-month", "mos": "duration-month",
        "yr": "duration-year", "yrs": "duration-year", "y": "duration-year", "w": "duration-week",
        "fl oz": "volume-fluid-ounce", "gal": "volume-gallon", "qt": "volume-quart", "pt": "volume-pint",
        "tbsp": "volume-tablespoon", "tsp": "volume-teaspoon", "cc": "volume-cubic-centimeter", "ac": "area-acre",
        "sq ft": "area-square-foot", "sqft": "area-square-foot", "sq mi": "area-square-mile",
        "sq m": "area-square-meter", "sqm": "area-square-meter", "sq km": "area-square-kilometer",
        "sq yd": "area-square-yard", "sq in": "area-square-inch", "cu ft": "volume-cubic-foot",
        "cu in": "volume-cubic-inch", "cu m": "volume-cubic-meter", "cu yd": "volume-cubic-yard",
        "mpg": "consumption-mile-per-gallon", "mph": "speed-mile-per-hour",
        "kph": "speed-kilometer-per-hour", "kmh": "speed-kilometer-per-hour", "in²": "area-square-inch",
        "hp": forms("horsepower"), "rpm": forms("revolution per minute", "revolutions per minute"),
        "fps": forms("frame per second", "frames per second"), "bpm": forms("beat per minute", "beats per minute"),
        "psi": forms("pound per square inch", "pounds per square inch"), "dpi": forms("dot per inch", "dots per inch"),
        "ppi": forms("pixel per inch", "pixels per inch"), "px": forms("pixel", "pixels"), "pts": forms("point",
        "points"),
        "kt": forms("knot", "knots"), "kts": forms("knot", "knots"), "pcs": forms("piece", "pieces"),
        "pax": forms("passenger", "passengers"), "BTU": "energy-british-thermal-unit",
        "ppm": forms("part per million", "parts per million"),
        "lb-ft": forms("pound-foot", "pound-feet"), "ft-lb": forms("foot-pound", "foot-pounds"),
        "mmHg": forms("millimeter of mercury", "millimeters of mercury"),
        "Nm": forms("newton meter", "newton meters"), "lm": forms("lumen", "lumens"), "ct": forms("carat", "carats"),
        "mcg": "mass-microgram", "y/o": forms("year old", "years old"), "mmol": forms("millimole", "millimoles"),
        "mol": forms("mole", "moles"),
        "mEq": forms("milliequivalent", "milliequivalents"), "bhp": forms("brake horsepower"),
        "IU": forms("international unit", "international units"), "doz": forms("dozen"), "MP": forms("megapixel",
        "megapixels"),
        "cal": "energy-calorie", "kcal": "energy-kilocalorie", "sq. ft.": "area-square-foot",
        "cu. ft.": "volume-cubic-foot",
        "ft²": "area-square-foot", "ft2": "area-square-foot", "mi²": "area-square-mile", "in.": "length-inch",
        "c.": "volume-cup", "C": "temperature-celsius", "F": "temperature-fahrenheit",
        "in": "length-inch",
        "ft.": "length-foot",
        "oz.": "mass-ounce", "lb.": "mass-pound", "fl. oz.": "volume-fluid-ounce", "yd.": "length-yard",
        "mi.": "length-mile", "gal.": "volume-gallon",
        "hr.": "duration-hour", "hrs.": "duration-hour", "min.": "duration-minute", "mins.": "duration-minute",
        "sec.": "duration-second", "secs.": "duration-second", "lbs.": "mass-pound",
        "yr.": "duration-year", "yrs.": "duration-year", "mo.": "duration-month", "wk.": "duration-week",
        "tbsp.": "volume-tablespoon", "tsp.": "volume-teaspoon", "pt.": "volume-pint", "qt.": "volume-quart",
        "sq. mi.": "area-square-mile", "sq. m.": "area-square-meter", "sq. in.": "area-square-inch",
    },
    named_units={
        "volume-fluid-ounce": forms("fluid ounce", "fluid ounces"), "digital-kilobit": forms("kilobit", "kilobits"),
        "temperature-celsius": forms("degree Celsius", "degrees Celsius"),
        "temperature-fahrenheit": forms("degree Fahrenheit", "degrees Fahrenheit"),
        "energy-british-thermal-unit": forms("B T U", "B T U's"),
        "angle-arc-minute": forms("minute", "minutes"), "angle-arc-second": forms("second", "seconds"),
        "duration-month": forms("month", "months"), "power-kilowatt-hour": forms("kilowatt hour", "kilowatt hours"),
        "energy-kilowatt-hour": forms("kilowatt hour", "kilowatt hours"), "mass-metric-ton": forms("ton", "tons"),
        "mass-tonne": forms("ton", "tons"),
        "electric-ampere": forms("amp", "amps"), "mah": forms("milliamp hour", "milliamp hours"),
    },
    money={
        "$": Money(forms("dollar", "dollars"), forms("cent", "cents")),
        "€": Money(forms("euro", "euros"), forms("cent", "cents")),
        "£": Money(forms("pound", "pounds"), forms("penny", "pence")), "¥": Money(forms("yen")),
        "₹": Money(forms("rupee", "rupees"), forms("paisa", "paise")), "₽": Money(forms("ruble", "rubles"),
        forms("kopek", "kopeks")),
        "₩": Money(forms("won")), "₺": Money(forms("lira")), "₴": Money(forms("hryvnia")), "₪": Money(forms("shekel",
        "shekels")),
        "₫": Money(forms("dong")), "฿": Money(forms("baht")), "₿": Money(forms("bitcoin", "bitcoins")),
        "R$": Money(forms("real", "reais"), forms("centavo", "centavos")),
        "C$": Money(forms("Canadian dollar", "Canadian dollars"), forms("cent", "cents")),
        "CA$": Money(forms("Canadian dollar", "Canadian dollars"), forms("cent", "cents")),
        "A$": Money(forms("Australian dollar", "Australian dollars"), forms("cent", "cents")),
        "AU$": Money(forms("Australian dollar", "Australian dollars"), forms("cent", "cents")),
        "NZ$": Money(forms("New Zealand dollar", "New Zealand dollars"), forms("cent", "cents")),
        "HK$": Money(forms("Hong Kong dollar", "Hong Kong dollars"), forms("cent", "cents")),
        "S$": Money(forms("Singapore dollar", "Singapore dollars"), forms("cent", "cents")),
        "CHF": Money(forms("Swiss franc", "Swiss francs"), forms("centime", "centimes")),
        "CAD": Money(forms("Canadian dollar", "Canadian dollars"), forms("cent", "cents")),
        "AUD": Money(forms("Australian dollar", "Australian dollars"), forms("cent", "cents")),
        "¢": Money(forms("cent", "cents")),
    },
    money_joint=" and ",
    cents_named=True,
    scales={
        "k": forms("thousand"), "K": forms("thousand"), "m": forms("million"), "M": forms("million"),
        "mn": forms("million"), "mm": forms("million"), "MM": forms("million"), "mil": forms("million"),
        "B": forms("billion"), "b": forms("billion"), "bn": forms("billion"), "T": forms("trillion"),
        "t": forms("trillion"),
        "tn": forms("trillion"), "thousand": forms("thousand"), "million": forms("million"),
        "billion": forms("billion"), "trillion": forms("trillion"), "hundred": forms("hundred"),
    },
    fractions={"2": ("half", "halves"), "4": ("quarter", "quarters")},
    spelt=SPELT,
    roman_after=words(
        "chapter chapters part volume vol act scene section book phase type level stage tier title "
        "appendix bowl war episode article "
        "figure table grade category amendment mark generation season quadrant schedule annex round "
        "unit lesson module group "
        "step series sequel theorem case factor option class corps olympiad wrestlemania ch bowls parts types"
    ) - words("generation case grade"),
    roman_before=words("century centuries"),
    roman_ordinal_after=words(
        "Henry Louis Charles George Edward Elizabeth Richard James William Philip Napoleon Pius Paul Benedict "
        "Nicholas Catherine Frederick Alexander Peter Leo Ramses Francis Felipe Juan Carlos Innocent "
        "Clement Gregory Urban "
        "Ivan Wilhelm Ferdinand Leopold Gustav Christian Haakon Olav Otto Harald Mary Albert Alfonso Isabella Ptolemy "
        "Cleopatra Xerxes Darius Tudor Sixtus Boniface Celestine Mehmed Murad Selim Suleiman Rama Edmund Joseph Franz"
    ),
    digits_after=words(
        "cvv cvc cvn tan order orders invoice ticket case confirmation reference ref tracking account acct pin code "
        "passcode otp serial booking policy "
        "member membership id routing extension ext zip postcode postal receipt claim card ssn isbn password passport "
        "license licence sku reservation imei vin ein"
    ),
    phone_after=words(
        "call phone tel telephone dial text fax ring whatsapp hotline mobile cell sms contact fon "
        "helpline number"),
    version_after=words(
        "os version versions python ios ipados android windows macos node java ubuntu release ruby php "
        "go golang rust swift kotlin django react angular "
        "vue postgres postgresql mysql chrome firefox safari debian fedora kernel linux cuda pytorch tensorflow numpy "
        "gpt claude gemini llama mistral excel office v build firmware bluetooth usb http tls pandas "
        "dotnet kubernetes docker"
    ),
    year_after=words(
        "c ca fl est born died founded established built in since by from until till year of circa around before "
        "after during late early mid summer "
        "winter spring autumn fall "
        "class model january february march april may june july august september october november "
        "december jan feb mar apr jun "
        "jul aug sep sept oct nov dec"
    ),
    score_after=words(
        "won win lost lose beat beats score scored lead led leads tied tie draw drew final defeated "
        "victory loss series game"),
    weekdays={
        "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
        "Thur": "Thursday", "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
    },
)  # fmt: skip
