"""Cardinals of Russian, Polish and Czech in the genitive, as used after около, do, od, více než: около пятисот.

Endings: Русская грамматика (1980) § 1366–1370; Wielki słownik ortograficzny PWN, 219; Internetová jazyková příručka,
"Skloňování číslovek".
"""

from voi.text.scan import Scan
from voi.text.tables.shape import words as _set

_AFTER = {
    "ru": _set("около до от из без для после с со более менее больше меньше свыше течение ок кроме порядка"),
    "pl": _set("około ok do od bez dla powyżej poniżej koło ciągu spośród po"),
    "cs": _set("okolo do od bez kolem během z ze u kromě"),
}
_PAIRS = {
    "ru": "ноль ноля один одного одна одной одно одного два двух две двух три трёх четыре четырёх пять пяти шесть "
          "шести семь семи восемь восьми девять девяти десять десяти одиннадцать одиннадцати двенадцать двенадцати "
          "тринадцать тринадцати четырнадцать четырнадцати пятнадцать пятнадцати шестнадцать шестнадцати "
          "семнадцать семнадцати восемнадцать восемнадцати девятнадцать девятнадцати двадцать двадцати "
          "тридцать тридцати сорок сорока пятьдесят пятидесяти шестьдесят шестидесяти семьдесят семидесяти "
          "восемьдесят восьмидесяти девяносто девяноста сто ста двести двухсот триста трёхсот четыреста четырёхсот "
          "пятьсот пятисот шестьсот шестисот семьсот семисот восемьсот восьмисот девятьсот девятисот "
          "тысяча тысячи тысячи тысяч тысяч тысяч миллион миллиона миллиона миллионов миллионов миллионов",
    "pl": "zero zera jeden jednego jedna jednej jedno jednego dwa dwóch dwie dwóch trzy trzech cztery czterech "
          "pięć pięciu sześć sześciu siedem siedmiu osiem ośmiu dziewięć dziewięciu dziesięć dziesięciu "
          "jedenaście jedenastu dwanaście dwunastu trzynaście trzynastu czternaście czternastu piętnaście piętnastu "
          "szesnaście szesnastu siedemnaście siedemnastu osiemnaście osiemnastu dziewiętnaście dziewiętnastu "
          "dwadzieścia dwudziestu trzydzieści trzydziestu czterdzieści czterdziestu pięćdziesiąt pięćdziesięciu "
          "sześćdziesiąt sześćdziesięciu siedemdziesiąt siedemdziesięciu osiemdziesiąt osiemdziesięciu "
          "dziewięćdziesiąt dziewięćdziesięciu sto stu dwieście dwustu trzysta trzystu czterysta czterystu "
          "pięćset pięciuset sześćset sześciuset siedemset siedmiuset osiemset ośmiuset dziewięćset dziewięciuset "
          "tysiąc tysiąca tysiące tysięcy tysięcy tysięcy milion miliona miliony milionów milionów milionów",
    "cs": "nula nuly jeden jednoho jedna jedné jedno jednoho dva dvou dvě dvou tři tří čtyři čtyř pět pěti šest šesti "
          "sedm sedmi osm osmi devět devíti deset deseti jedenáct jedenácti dvanáct dvanácti třináct třinácti "
          "čtrnáct čtrnácti patnáct patnácti šestnáct šestnácti sedmnáct sedmnácti osmnáct osmnácti "
          "devatenáct devatenácti dvacet dvaceti třicet třiceti čtyřicet čtyřiceti padesát padesáti šedesát šedesáti "
          "sedmdesát sedmdesáti osmdesát osmdesáti devadesát devadesáti sto sta stě set sta set set set "
          "tisíc tisíce tisíce tisíc milion milionu miliony milionů milionů milionů",
}  # fmt: skip
_GENITIVE = {code: dict(zip(text.split()[::2], text.split()[1::2], strict=True)) for code, text in _PAIRS.items()}


def asks_for_genitive(scan: Scan, at: int) -> bool:
    """Whether the word before `at` is one after which numbers are said in the genitive."""
    after = _AFTER.get(scan.language.code)
    if after is None:
        return False
    before = scan.word_before(at).lower()
    pointed = len(before) == 1 and scan.text[:at].rstrip()[-1:] == "."  # с. 4 is a page
    return before in after and not pointed


def genitive(said: str, code: str) -> str:
    """`said`, with the number at its beginning in the genitive, up to the first word that is not a numeral."""
    forms = _GENITIVE[code]
    words = said.split()
    number = next((at for at, word in enumerate(words) if word not in forms), len(words))
    if number < len(words) and words[number] in ("целых", "целая", "przecinek", "celá", "celé", "celých"):
        return said
    if (code == "cs" and words[:number] == ["tisíc"]) or (number > 1 and words[number - 1] == "tisíc"):
        forms = {**forms, "tisíc": "tisíc" if number > 1 else "tisíce"}
    return " ".join([*(forms[word] for word in words[:number]), *words[number:]])
