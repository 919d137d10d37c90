"""English as data: names of months, measures and money, abbreviations, acronyms, signs."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
SCALES = {
    "k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "t": "trillion",
    "tn": "trillion",
}  # fmt: skip
CURRENCIES = {
    "$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "¥": ("yen", ""),
    "₹": ("rupee", "paisa"), "₽": ("ruble", "kopek"), "₩": ("won", ""), "₺": ("lira", ""), "₴": ("hryvnia", ""),
    "₪": ("shekel", ""), "₫": ("dong", ""), "฿": ("baht", ""), "USD": ("dollar", "cent"), "EUR": ("euro", "cent"),
    "GBP": ("pound", "penny"), "JPY": ("yen", ""), "CHF": ("franc", "centime"), "CAD": ("Canadian dollar", "cent"),
    "AUD": ("Australian dollar", "cent"), "INR": ("rupee", "paisa"),
}  # fmt: skip
PLURALS = {
    "penny": "pence", "yen": "yen", "won": "won", "dong": "dong", "baht": "baht", "paisa": "paise", "lira": "lira",
}  # fmt: skip
UNITS = {
    "km": "kilometer", "m": "meter", "cm": "centimeter", "mm": "millimeter", "μm": "micrometer", "nm": "nanometer",
    "mi": "mile", "ft": "foot", "yd": "yard", "kg": "kilogram", "g": "gram", "mg": "milligram", "lb": "pound",
    "lbs": "pound", "oz": "ounce", "l": "liter", "L": "liter", "ml": "milliliter", "mL": "milliliter", "s": "second",
    "sec": "second", "secs": "second", "ms": "millisecond", "min": "minute", "mins": "minute", "h": "hour",
    "hr": "hour", "hrs": "hour", "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz",
    "KB": "kilobyte", "kB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte",
    "kbps": "kilobit per second", "Mbps": "megabit per second", "Gbps": "gigabit per second", "W": "watt",
    "kW": "kilowatt", "MW": "megawatt", "kWh": "kilowatt hour", "V": "volt", "mAh": "milliamp hour", "dB": "decibel",
    "mph": "mile per hour", "kph": "kilometer per hour", "km/h": "kilometer per hour", "m/s": "meter per second",
    "kcal": "kilocalorie", "cal": "calorie", "px": "pixel", "ha": "hectare", "ppm": "part per million",
    "rpm": "revolution per minute", "fps": "frame per second",
}  # fmt: skip
ABBREVIATIONS = {
    "dr": "Doctor", "mr": "Mister", "mrs": "Missus", "ms": "Miz", "prof": "Professor", "rev": "Reverend",
    "gen": "General", "capt": "Captain", "lt": "Lieutenant", "sgt": "Sergeant", "sen": "Senator", "gov": "Governor",
    "pres": "President", "jr": "Junior", "sr": "Senior", "inc": "Incorporated", "ltd": "Limited",
    "corp": "Corporation", "dept": "department", "est": "established", "approx": "approximately", "etc": "et cetera",
    "vs": "versus", "ave": "Avenue", "blvd": "Boulevard", "rd": "Road", "apt": "apartment", "govt": "government",
    "misc": "miscellaneous", "tel": "telephone", "ext": "extension",
}  # fmt: skip
SIGNS = {
    "&": " and ", "@": " at ", "+": " plus ", "=": " equals ", "%": " percent ", "°": " degrees ", "→": " to ",
    "⇒": " to ", "×": " times ", "÷": " divided by ", "±": " plus or minus ", "≈": " about ", "≤": " at most ",
    "≥": " at least ", "≠": " is not ", "√": " square root of ", "∞": " infinity ", "№": " number ",
    "§": " section ", "²": " squared ", "³": " cubed ",
}  # fmt: skip
TITLES = words("dr mr mrs ms prof rev gen capt lt sgt sen gov pres approx vs")
RULERS = words(
    "Henry Louis Charles George Edward Elizabeth Richard James William Philip Napoleon Pius Paul Benedict "
    "Nicholas Catherine Frederick Alexander Peter Leo Ramses Francis Felipe Juan Carlos"
)
SPELT = words(
    "AI API ATM AWS BA CEO CFO CIA CIO COO CPU DIY DOB EEG EKG ETA EU EV FAQ FBI GPA GPU GUI HIV IBM ICU ID IDE "
    "IOS IOT IP IPA IPO IQ IRA IRS ISO ISP IV IVF KPI LED MBA MIA MIT MRI NBA NGO NIH NYC NYU OCR OEM OS OTP PA "
    "POV ROI RSA SAAS SEO SQL SUV TBA UAE UAV UFO UI UK UN UPS URI URL USA USB USD UX VIP VOIP VPN YMCA EUR ETF "
    "ADHD AKA ASAP DNA RNA DOJ EPA HOA IOU IRL LGBTQ LLC MPH NPC OCD OMG PHD PTO RIP RPG SOS TSA UTC UV WWII AC "
    "DC IRC AM PM US LA BBQ"
)
SOUNDS = words("HMM HM SHH SH PSST BRR BRRR TSK PFFT GRR GRRR MM MMM ZZZ ZZ XXX HMMM SHHH MR MRS DR VS MS MX ST NTH TH")
