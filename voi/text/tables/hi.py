"""Hindi."""

from voi.text.tables.shape import Clock, Language, Money, forms, words

LANGUAGE = Language(
    code="hi",
    decimal=".",
    groups=",",
    clock=Clock("{h} बजे", "{h} बजकर {m} मिनट", after=words("बज")),
    say={
        "score": "",        "hyphen": "हाइफ़न",
        "dot": "डॉट", "at": "एट", "slash": "स्लैश", "and": "और", "percent": "प्रतिशत", "number": "नंबर",
        "hashtag": "हैशटैग", "plus": "प्लस", "minus": "माइनस", "equals": "बराबर", "point": "दशमलव", "per": "प्रति",
        "to": "से", "by": "गुणा", "times": "गुणा", "out_of": "में से", "over": "बटा", "ratio": "अनुपात",
        "divided": "भाग", "greater": "से अधिक", "less": "से कम", "about": "लगभग", "plusminus": "प्लस माइनस",
        "at_most": "अधिकतम", "at_least": "न्यूनतम", "not_equal": "बराबर नहीं", "root": "वर्गमूल", "infinity": "अनंत",
        "section": "धारा", "squared": "वर्ग", "cubed": "घन", "power": "घात", "or": "या", "arrow": "से",
        "degrees": "डिग्री", "euros": "यूरो", "dollars": "डॉलर", "pounds": "पाउंड", "half": "आधा",
    },
    before={"डॉ.": "डॉक्टर", "प्रो.": "प्रोफ़ेसर", "श्री.": "श्री", "सं.": "संख्या", "पृ.": "पृष्ठ", "उदा.": "उदाहरण",
    "नं.": "नंबर", "कु.": "कुमारी", "पं.": "पंडित", "प्रा.": "प्राइवेट", "अ.": "अध्याय",
        "दि.": "दिनांक", "मो.": "मोबाइल", "इं.": "इंजीनियर", "चि.": "चिरंजीव",
        "क्र.": "क्रमांक"},
    ending={"कि.मी.": "किलोमीटर", "रु.": "रुपये", "कि.ग्रा.": "किलोग्राम", "ई.पू.": "ईसा पूर्व", "आदि.": "आदि",
        "मि.": "मिनट"},
    scales={"लाख": forms("लाख"), "करोड़": forms("करोड़"), "हज़ार": forms("हज़ार"), "हजार": forms("हज़ार")},
    units={"किमी": forms("किलोमीटर"), "किग्रा": forms("किलोग्राम"), "मी": forms("मीटर"),
        "km/h": forms("किलोमीटर प्रति घंटा")},
    named_units={"temperature-celsius": forms("डिग्री सेल्सियस"), "angle-degree": forms("डिग्री"),
        "mass-kilogram": forms("किलोग्राम")},
    cents_named=True,
    money={"₹": Money(forms("रुपया", "रुपये"), forms("पैसा", "पैसे")), "$": Money(forms("डॉलर"), forms("सेंट")),
        "€": Money(forms("यूरो"), forms("सेंट")), "£": Money(forms("पाउंड"), forms("पेंस"))},
    fractions={"2": ("आधा", "आधे"), "4": ("चौथाई", "चौथाई"), "3": ("तिहाई", "तिहाई")},
    spells=False,
    digits_after=words("नंबर ओटीपी OTP पासवर्ड खाता टिकट संदर्भ कोड पिन ऑर्डर बुकिंग"),
    phone_after=words("फ़ोन फोन नंबर कॉल मोबाइल"),
    score_after=words("जीत हरा हार ड्रॉ मुकाबला स्कोर"),
)  # fmt: skip
