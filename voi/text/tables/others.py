"""A few words for languages that have no table of their own."""

from voi.text.tables.shape import Language, Money, forms


def _language(code: str, dot: str, at: str, slash: str, and_: str, percent: str, degrees: str, number: str, point: str,
              plus: str, minus: str, to: str, money: tuple[str, str, str],
                  ordinal_point: bool = False) -> Language:  # fmt: skip
    euros, dollars, pounds = money
    return Language(
        code,
        say={"dot": dot, "at": at, "slash": slash, "and": and_, "percent": percent, "degrees": degrees,
            "number": number, "point": point,
             "plus": plus, "minus": minus, "to": to, "per": "/", "euros": euros, "dollars": dollars, "pounds": pounds},
        money={"€": Money(forms(euros)), "$": Money(forms(dollars)), "£": Money(forms(pounds))},
        ordinal_point=ordinal_point,
        spells=False,
    )  # fmt: skip


LANGUAGES: dict[str, Language] = {
    "uk": _language("uk", "крапка", "равлик", "скісна риска", "і", "відсотків", "градусів", "номер", "кома", "плюс",
    "мінус", "до", ("євро", "доларів", "фунтів")),
    "sv": _language("sv", "punkt", "snabel-a", "snedstreck", "och", "procent", "grader", "nummer", "komma", "plus",
    "minus", "till", ("euro", "dollar", "pund")),
    "da": _language("da", "punktum", "snabel-a", "skråstreg", "og", "procent", "grader", "nummer", "komma", "plus",
    "minus", "til", ("euro", "dollar", "pund"), True),
    "no": _language("no", "punktum", "krøllalfa", "skråstrek", "og", "prosent", "grader", "nummer", "komma", "pluss",
    "minus", "til", ("euro", "dollar", "pund"), True),
    "fi": _language("fi", "piste", "ät-merkki", "kauttaviiva", "ja", "prosenttia", "astetta", "numero", "pilkku",
    "plus", "miinus", "viiva", ("euroa", "dollaria", "puntaa"), True),
}  # fmt: skip
