"""Arabic."""

from voi.text.tables.shape import Clock, Language, Money, forms, words

LANGUAGE = Language(
    code="ar",
    decimal=".",
    groups=",",
    clock=Clock("{h}", "{h} و{m} دقيقة"),
    say={
        "dot": "نقطة", "at": "آت", "slash": "شرطة مائلة", "and": "و", "percent": "بالمئة", "number": "رقم",
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
    ending={"إلخ.": "إلى آخره", "ق.م.": "قبل الميلاد", "ص.ب.": "صندوق بريد"},
    scales={"مليون": forms("مليون"), "مليار": forms("مليار"), "ألف": forms("ألف")},
    units={"كم": forms("كيلومتر"), "كغ": forms("كيلوغرام"), "كجم": forms("كيلوغرام"), "م": forms("متر"),
        "سم": forms("سنتيمتر"), "كم/س": forms("كيلومتر في الساعة"), "كم/ساعة": forms("كيلومتر في الساعة"),
        "د": forms("دقيقة")},
    named_units={"temperature-celsius": forms("درجة مئوية"), "angle-degree": forms("درجة"),
        "length-kilometer": forms("كيلومتر"), "mass-kilogram": forms("كيلوغرام"), "length-meter": forms("متر")},
    money={"$": Money(forms("دولار"), forms("سنت")), "€": Money(forms("يورو"), forms("سنت")),
        "£": Money(forms("جنيه"), forms("بنس")), "AED": Money(forms("درهم"), forms("فلس")),
        "SAR": Money(forms("ريال"), forms("هللة"))},
    money_joint=" و",
    cents_named=True,
    fractions={"2": ("نصف", "أنصاف"), "3": ("ثلث", "أثلاث"), "4": ("ربع", "أرباع"), "5": ("خمس", "أخماس"),
        "10": ("عشر", "أعشار"), "8": ("ثمن", "أثمان")},
    spells=False,
    digits_after=words("رمز الرمز طلب الطلب الفاتورة فاتورة الحجز حجز كود الكود"),
    phone_after=words("هاتف الهاتف اتصل الرقم رقم تلفون جوال"),
)  # fmt: skip
