"""Turkish."""

from voi.text.tables.shape import Clock, Forms, Language, Money, forms, words
from voi.text.tables.starters import STARTERS


def cldr_prefix(before: str, after: str) -> Forms:
    """A unit with a word before the number: saatte yirmi kilometre."""
    return forms(f"{before} {{0}} {after}")


LANGUAGE = Language(
    code="tr",
    starters=STARTERS["tr"],
    ordinal_stems=("Kat", "Sınıf", "Bölüm", "Dönem", "Madde", "Gün", "Hafta", "Yıl", "Yüzyıl", "Dünya", "Ordu", "Tur",
                   "Etap", "Peron", "Blok", "Cadde", "Sokak", "Sokağ", "Ulusal", "Uluslararası", "Lig", "Bölge",
                   "Kolordu",
                   "Sezon", "Bölüğ", "Olağan", "Geleneksel", "Levent", "Kongre", "Festival"),
    ordinal_point=True,
    ordinal_nouns=words(
        "Kat Sokak Cadde Dünya Bölge Lig Sınıf Bölüm Gün Hafta Ordu Murat Mahmut Mehmet Selim Yıl Madde "
        "Etap"),
    percent_first=True,
    decimals="number",
    clock=Clock("{h}", "{h} {m}", zero="sıfır "),
    say={
        "hyphen": "tire",
        "dot": "nokta", "at": "et", "slash": "eğik çizgi", "backslash": "ters eğik çizgi", "colon": "iki nokta",
        "and": "ve", "percent": "yüzde", "permille": "binde", "number": "numara", "hashtag": "hashtag",
        "plus": "artı", "minus": "eksi",
        "equals": "eşittir", "point": "virgül", "per": "başına",
        "to": "-", "by": "çarpı", "times": "çarpı", "out_of": "üzerinden", "over": "bölü", "ratio": "e",
        "score": "", "divided": "bölü", "greater": "büyüktür", "less": "küçüktür", "about": "yaklaşık",
        "plusminus": "artı eksi", "at_most": "en fazla", "at_least": "en az",
        "not_equal": "eşit değil", "root": "karekök", "infinity": "sonsuz", "section": "paragraf", "squared": "kare",
        "cubed": "küp", "power": "üssü", "or": "veya", "arrow": "ok", "degrees": "derece", "euros": "avro",
        "dollars": "dolar", "pounds": "sterlin", "version": "sürüm", "half": "buçuk",
    },
    before={
        "Dr.": "doktor", "Prof.": "profesör", "Doç.": "doçent", "örn.": "örneğin", "Sn.": "Sayın", "Av.": "avukat",
        "No.": "numara", "no.": "numara", "tel.": "telefon", "bkz.": "bakınız", "yy.": "yüzyıl", "yy.da": "yüzyılda",
        "yy.ın": "yüzyılın", "yy.dan": "yüzyıldan", "yy.a": "yüzyıla", "s.": "sayfa",
        "Cad.": "Caddesi", "Sok.": "Sokak", "Mah.": "Mahallesi", "Apt.": "apartman", "Alb.": "albay", "Gen.": "general",
        "yak.": "yaklaşık", "maks.": "maksimum", "min.": "minimum", "Müh.": "mühendis", "Yrd.": "yardımcı",
        "Öğr.": "öğretim", "Hz.": "Hazreti", "çev.": "çeviren", "böl.": "bölüm",
        "yakl.": "yaklaşık", "şek.": "şekil", "Blv.": "Bulvarı", "Bul.": "Bulvarı", "Sk.": "sokak", "Kat.": "kat",
        "tbl.": "tablo", "ör.": "örneğin", "krş.": "karşılaştırınız", "haz.": "hazırlayan",
        "ort.": "ortalama", "Uzm.": "uzman", "Op.": "operatör", "Arş.": "araştırma", "Gör.": "görevlisi",
        "Yzb.": "yüzbaşı",
        "Org.": "orgeneral", "Ecz.": "eczacı", "ank.": "Ankara", "İst.": "İstanbul", "md.": "madde",
    },
    ending={"vb.": "ve benzeri", "vs.": "vesaire", "vd.": "ve diğerleri", "M.Ö.": "milattan önce",
        "M.S.": "milattan sonra", "A.Ş.": "anonim şirketi", "Ltd.": "limitet", "Şti.": "şirketi", "dk.": "dakika",
        "sn.": "saniye", "TBMM": "Türkiye Büyük Millet Meclisi"},
    scales={"milyon": forms("milyon"), "milyar": forms("milyar"), "bin": forms("bin"), "mn": forms("milyon"),
        "M": forms("milyon")},
    units={
        "yk": forms("yemek kaşığı"), "yk.": forms("yemek kaşığı"), "çk": forms("çay kaşığı"),
        "çk.": forms("çay kaşığı"),
        "tk": forms("tatlı kaşığı"), "tk.": forms("tatlı kaşığı"), "sb": forms("su bardağı"), "ay": "duration-month",
        "km/s": forms("kilometre bölü saat"), "km/sa": cldr_prefix("saatte", "kilometre"),
        "m/s": cldr_prefix("saniyede", "metre"), "m/sn": cldr_prefix("saniyede", "metre"),
        "mph": cldr_prefix("saatte", "mil"), "tane": forms("tane"), "sa": "duration-hour", "dk": "duration-minute",
        "dk.": "duration-minute", "sn": "duration-second", "sn.": "duration-second",
        "km/h": cldr_prefix("saatte", "kilometre"), "adet": forms("adet")},
    named_units={"mass-kilogram": forms("kilo"), "temperature-celsius": forms("santigrat derece"),
        "angle-degree": forms("derece")},
    money={"₺": Money(forms("lira"), forms("kuruş")), "€": Money(forms("avro"), forms("sent")),
        "$": Money(forms("dolar"), forms("sent")), "£": Money(forms("sterlin"), forms("peni"))},
    cents_named=True,
    fractions={"2": ("ikide bir", "ikide"), "4": ("dörtte bir", "dörtte")},
    spelt=words("AB ABD AI TV CD DVD USB PC GPS SMS URL API IP THY PTT"),
    roman_after=words("bölüm kısım cilt perde aşama tip seviye"),
    digits_after=words("kod kodu pin sipariş fatura rezervasyon referans bilet müşteri şifre posta"),
    phone_after=words("telefon tel arayın numara faks cep"),
    score_after=words("kazan yendi yenildi mağlup galip berabere skor"),
)  # fmt: skip
