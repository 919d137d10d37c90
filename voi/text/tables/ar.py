"""Arabic."""

from voi.text.tables.shape import Language, Money, forms, words

_KILOMETER = forms("كيلومتر", "كيلومتر", "كيلومترات")
_KILOGRAM = forms("كيلوغرام", "كيلوغرام", "كيلوغرامات")
_GRAM = forms("غرام", "غرام", "غرامات")
_MILLIGRAM = forms("مليغرام", "مليغرام", "مليغرامات")
_METER = forms("متر", "متر", "أمتار")

LANGUAGE = Language(
    code="ar",
    decimal=".",
    groups=",",
    say={
        "hyphen": "شرطة",
        "dot": "نقطة", "at": "آت", "slash": "شرطة مائلة", "and": "و", "percent": "بالمئة", "permille": "بالألف",
        "number": "رقم",
        "hashtag": "هاشتاغ", "plus": "زائد", "minus": "ناقص", "equals": "يساوي", "point": "فاصلة", "per": "في",
        "to": "إلى", "by": "في", "times": "ضرب", "out_of": "من", "over": "على",
        "ratio": "إلى", "divided": "على", "greater": "أكبر من", "less": "أقل من", "about": "حوالي",
        "plusminus": "زائد أو ناقص", "at_most": "على الأكثر", "at_least": "على الأقل", "not_equal": "لا يساوي",
        "root": "جذر", "infinity": "ما لا نهاية", "section": "فقرة", "squared": "تربيع",
        "cubed": "تكعيب", "power": "أس", "or": "أو", "arrow": "إلى", "degrees": "درجة", "euros": "يورو",
        "dollars": "دولار", "pounds": "جنيه", "half": "نصف",
    },
    before={"د.": "دكتور", "أ.": "أستاذ", "أ.د.": "أستاذ دكتور", "م.": "مهندس", "ص.": "صفحة", "ت.": "تلفون",
        "رقم.": "رقم"},
    ending={"إلخ.": "إلى آخره", "ق.م.": "قبل الميلاد", "a.m.": "صباحا", "p.m.": "مساء", "ص.ب.": "صندوق بريد"},
    scales={"مليون": forms("مليون"), "مليار": forms("مليار"), "ألف": forms("ألف")},
    units={"كم": _KILOMETER, "كغ": _KILOGRAM, "كجم": _KILOGRAM, "كلغ": _KILOGRAM, "م": _METER, "سم": forms("سنتيمتر"),
        "مم": forms("مليمتر"), "كم/س": forms("كيلومتر في الساعة"), "كم/ساعة": forms("كيلومتر في الساعة"),
        "د": forms("دقيقة", "دقيقة", "دقائق"), "ملغ": _MILLIGRAM, "مجم": _MILLIGRAM, "ملغم": _MILLIGRAM,
        "مغ": _MILLIGRAM, "غم": _GRAM, "جم": _GRAM, "غ": _GRAM, "مل": forms("مليلتر"),
        "لتر": forms("لتر", "لتر", "لترات")},
    named_units={"temperature-celsius": forms("درجة مئوية", "درجة مئوية", "درجات مئوية"),
        "angle-degree": forms("درجة", "درجة", "درجات"), "length-kilometer": _KILOMETER, "mass-kilogram": _KILOGRAM,
        "length-meter": _METER},
    money={"$": Money(forms("دولار", "دولار", "دولارات"), forms("سنت")), "€": Money(forms("يورو"), forms("سنت")),
        "£": Money(forms("جنيه"), forms("بنس")), "AED": Money(forms("درهم"), forms("فلس")),
        "SAR": Money(forms("ريال", "ريال", "ريالات"), forms("هللة"))},
    money_joint=" و",
    cents_named=True,
    fractions={"2": ("نصف", "أنصاف"), "3": ("ثلث", "أثلاث"), "4": ("ربع", "أرباع"), "5": ("خمس", "أخماس"),
        "10": ("عشر", "أعشار"), "8": ("ثمن", "أثمان")},
    spells=False,
    digits_after=words("التحقق الدخول التأكيد التفعيل "
        "البريدي "
        "رمز الرمز طلب الطلب الفاتورة فاتورة الحجز حجز كود الكود"),
    phone_after=words("هاتف الهاتف اتصل الرقم رقم تلفون جوال"),
)  # fmt: skip
