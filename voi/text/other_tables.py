"""Other languages than English as data: what signs are called, and what abbreviations stand for."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Words:
    """What stands for a sign. "": leave the sign to the speech engine."""

    dot: str = ""
    at: str = ""
    slash: str = ""
    and_: str = ""
    percent: str = ""
    hour: str = ""
    euros: str = ""
    dollars: str = ""
    pounds: str = ""
    degrees: str = ""
    number: str = ""
    plus: str = ""
    equals: str = ""
    minute: str = ""
    local: dict[str, str] = field(default_factory=dict)
    """The country's own money."""
    decimal_comma: bool = True
    decimal: str = ""
    """Where num2words reads decimals badly: the word for the comma; digits follow one by one."""
    percent_first: bool = False
    spaces: bool = True


WORDS = {
    "en": Words("dot", "at", "slash", "and", "percent", "", "euros", "dollars", "pounds", "degrees", "number", "plus",
                "equals", decimal_comma=False),
    "de": Words("Punkt", "ät", "Schrägstrich", "und", "Prozent", "Uhr", "Euro", "Dollar", "Pfund", "Grad", "Nummer",
                "plus", "gleich"),
    "fr": Words("point", "arobase", "barre oblique", "et", "pour cent", "heures", "euros", "dollars", "livres",
                "degrés", "numéro", "plus", "égale"),
    "es": Words("punto", "arroba", "barra", "y", "por ciento", "horas", "euros", "dólares", "libras", "grados",
                "número", "más", "igual a", decimal="coma"),
    "it": Words("punto", "chiocciola", "barra", "e", "per cento", "", "euro", "dollari", "sterline", "gradi", "numero",
                "più", "uguale a"),
    "pt": Words("ponto", "arroba", "barra", "e", "por cento", "horas", "euros", "dólares", "libras", "graus", "número",
                "mais", "igual a", local={"R$": "reais"}),
    "nl": Words("punt", "apenstaartje", "schuine streep", "en", "procent", "uur", "euro", "dollar", "pond", "graden",
                "nummer", "plus", "is"),
    "pl": Words("kropka", "małpa", "ukośnik", "i", "procent", "", "euro", "dolarów", "funtów", "stopni", "numer",
                "plus", "równa się", local={"zł": "złotych"}),
    "ru": Words("точка", "собака", "косая черта", "и", "процентов", "", "евро", "долларов", "фунтов", "градусов",
                "номер", "плюс", "равно", local={"₽": "рублей"}),
    "uk": Words("крапка", "равлик", "скісна риска", "і", "відсотків", "", "євро", "доларів", "фунтів", "градусів",
                "номер", "плюс", "дорівнює", local={"₴": "гривень"}),
    "sv": Words("punkt", "snabel-a", "snedstreck", "och", "procent", "", "euro", "dollar", "pund", "grader", "nummer"),
    "da": Words("punktum", "snabel-a", "skråstreg", "og", "procent", "", "euro", "dollar", "pund", "grader", "nummer"),
    "no": Words("punktum", "krøllalfa", "skråstrek", "og", "prosent", "", "euro", "dollar", "pund", "grader",
                "nummer"),
    "cs": Words("tečka", "zavináč", "lomítko", "a", "procent", "hodin", "eur", "dolarů", "liber", "stupňů", "číslo",
                "plus", "rovná se", local={"Kč": "korun"}),
    "tr": Words("nokta", "et", "eğik çizgi", "ve", "yüzde", "", "avro", "dolar", "sterlin", "derece", "numara", "artı",
                "eşittir", local={"₺": "lira"}, decimal="virgül", percent_first=True),
    "hu": Words("pont", "kukac", "perjel", "és", "százalék", "óra", "euró", "dollár", "font", "fok", "szám", "plusz",
                "egyenlő", local={"Ft": "forint"}),
    "ar": Words("نقطة", "آت", "شرطة مائلة", "و", "بالمئة", "", "يورو", "دولار", "جنيه", "درجة", "رقم", "زائد",
                "يساوي", decimal_comma=False, decimal="فاصلة"),
    "hi": Words("डॉट", "एट", "स्लैश", "और", "प्रतिशत", "", "यूरो", "डॉलर", "पाउंड", "डिग्री", "नंबर", "प्लस", "बराबर",
                local={"₹": "रुपये"}, decimal_comma=False, decimal="दशमलव"),
    "zh": Words("点", "艾特", "斜杠", "和", "百分之", "点", "欧元", "美元", "英镑", "度", "号码", "加", "等于", "分",
                {"¥": "元"}, decimal_comma=False, decimal="点", percent_first=True, spaces=False),
    "ja": Words("ドット", "アットマーク", "スラッシュ", "と", "パーセント", "時", "ユーロ", "ドル", "ポンド", "度",
                "番号", "たす", "イコール", "分", {"¥": "円"}, decimal_comma=False, decimal="点", spaces=False),
    "ko": Words("점", "골뱅이", "슬래시", "그리고", "퍼센트", "시", "유로", "달러", "파운드", "도", "번호", "더하기",
                "는", "분", {"₩": "원"}, decimal_comma=False, decimal="점", spaces=False),
}  # fmt: skip

LISTS_END = frozenset(
    ("usw.", "etc.", "ecc.", "enz.", "itd.", "itp.", "т.д.", "т.п.", "др.", "atd.", "apod.", "stb.", "vb.")
)
"""After which a sentence may end: a capital then begins the next one."""
ABBREVIATIONS = {
    "de": {"z.B.": "zum Beispiel", "d.h.": "das heißt", "u.a.": "unter anderem", "usw.": "und so weiter",
           "etc.": "et cetera", "bzw.": "beziehungsweise", "ca.": "circa", "Nr.": "Nummer", "Dr.": "Doktor",
           "Prof.": "Professor", "Hr.": "Herr", "Fr.": "Frau", "St.": "Sankt", "Str.": "Straße", "evtl.": "eventuell",
           "ggf.": "gegebenenfalls", "inkl.": "inklusive", "Mio.": "Millionen", "Mrd.": "Milliarden",
           "vgl.": "vergleiche", "Tel.": "Telefon", "km/h": "Stundenkilometer", "kg": "Kilogramm", "km": "Kilometer"},
    "fr": {"M.": "Monsieur", "Mme": "Madame", "Mlle": "Mademoiselle", "Dr": "Docteur",
           "Dr.": "Docteur", "Mme.": "Madame", "env.": "environ",
           "etc.": "et cetera", "p.ex.": "par exemple", "n°": "numéro", "N°": "numéro", "c.-à-d.": "c'est-à-dire",
           "tél.": "téléphone", "km/h": "kilomètres heure", "kg": "kilos", "km": "kilomètres"},
    "es": {"Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Dr.": "doctor", "Dra.": "doctora", "Ud.": "usted",
           "Uds.": "ustedes", "EE.UU.": "Estados Unidos", "etc.": "etcétera", "p.ej.": "por ejemplo",
           "aprox.": "aproximadamente", "n.º": "número", "nº": "número", "núm.": "número", "avda.": "avenida",
           "tel.": "teléfono", "pág.": "página", "km/h": "kilómetros por hora", "kg": "kilos", "km": "kilómetros"},
    "it": {"sig.": "signor", "sig.ra": "signora", "dott.": "dottor", "dott.ssa": "dottoressa", "dr.": "dottor",
           "prof.": "professor", "ecc.": "eccetera", "p.es.": "per esempio", "n°": "numero", "ca.": "circa",
           "tel.": "telefono", "pag.": "pagina", "km/h": "chilometri orari", "kg": "chili", "km": "chilometri"},
    "pt": {"Sr.": "senhor", "Sra.": "senhora", "Dr.": "doutor", "Dra.": "doutora", "prof.": "professor",
           "etc.": "et cetera", "p.ex.": "por exemplo", "nº": "número", "n.º": "número", "av.": "avenida",
           "tel.": "telefone", "aprox.": "aproximadamente", "km/h": "quilômetros por hora", "kg": "quilos",
           "km": "quilômetros"},
    "nl": {"dhr.": "meneer", "mevr.": "mevrouw", "dr.": "doctor", "prof.": "professor", "bijv.": "bijvoorbeeld",
           "bv.": "bijvoorbeeld", "enz.": "enzovoort", "etc.": "et cetera", "d.w.z.": "dat wil zeggen",
           "ca.": "circa", "nr.": "nummer", "i.p.v.": "in plaats van", "o.a.": "onder andere",
           "a.u.b.": "alstublieft", "km/u": "kilometer per uur", "kg": "kilo", "km": "kilometer"},
    "pl": {"np.": "na przykład", "itd.": "i tak dalej", "itp.": "i tym podobne", "tzn.": "to znaczy", "dr": "doktor",
           "dr.": "doktor", "prof.": "profesor", "ul.": "ulica", "al.": "aleja", "nr": "numer", "ok.": "około",
           "godz.": "godzina",
           "m.in.": "między innymi", "św.": "święty", "tel.": "telefon", "tys.": "tysięcy", "mln": "milionów",
           "kg": "kilogramów", "km": "kilometrów"},
    "ru": {"т.е.": "то есть", "т.д.": "так далее", "т.п.": "тому подобное", "г-н": "господин", "г-жа": "госпожа",
           "д-р": "доктор", "др.": "другие", "ул.": "улица", "руб.": "рублей", "тыс.": "тысяч", "млн": "миллионов",
           "млрд": "миллиардов", "напр.": "например", "кг": "килограммов", "км": "километров", "№": "номер"},
    "cs": {"např.": "například", "atd.": "a tak dále", "apod.": "a podobně", "tj.": "to jest", "tzn.": "to znamená",
           "dr.": "doktor", "Ing.": "inženýr", "Mgr.": "magistr", "č.": "číslo", "ul.": "ulice", "cca": "zhruba",
           "popř.": "popřípadě", "kg": "kilogramů", "km": "kilometrů"},
    "hu": {"pl.": "például", "stb.": "és a többi", "kb.": "körülbelül", "dr.": "doktor", "ill.": "illetve",
           "ún.": "úgynevezett", "tel.": "telefon", "kg": "kilogramm", "km": "kilométer"},
    "tr": {"Dr.": "doktor", "Prof.": "profesör", "vb.": "ve benzeri", "örn.": "örneğin", "Sn.": "Sayın",
           "Av.": "avukat", "No.": "numara", "tel.": "telefon", "kg": "kilo", "km": "kilometre"},
    "ar": {"د.": "دكتور", "كم": "كيلومتر", "كغ": "كيلوغرام"},
    "hi": {"डॉ.": "डॉक्टर", "प्रो.": "प्रोफ़ेसर", "कि.मी.": "किलोमीटर", "रु.": "रुपये"},
}  # fmt: skip
