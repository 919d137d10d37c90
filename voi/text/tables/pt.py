"""Portuguese, as in Brazil."""

from voi.text.tables.shape import Clock, Gender, Language, Money, forms, words
from voi.text.tables.starters import STARTERS

LANGUAGE = Language(
    code="pt",
    starters=STARTERS["pt"],
    date="{day} de {month} de {year}",
    decimals="number",
    day="first",
    first="primeiro",
    clock=Clock("{h} horas", "{h} e {m}", feminine=True, after=words("horas hora h")),
    say={
        "factorial": "fatorial",
        "hyphen": "hífen",
        "dot": "ponto", "at": "arroba", "slash": "barra", "backslash": "barra invertida", "colon": "dois pontos",
        "and": "e", "percent": "por cento",
        "number": "número", "hashtag": "hashtag", "plus": "mais", "minus": "menos", "equals": "igual a",
        "point": "vírgula", "per": "por",
        "to": "a", "by": "por", "times": "vezes", "out_of": "de", "pressure": "por",
        "over": "por", "ratio": "a", "score": "a",
        "divided": "dividido por", "greater": "maior que",
        "less": "menor que", "about": "cerca de", "plusminus": "mais ou menos", "at_most": "no máximo",
        "at_least": "no mínimo",
        "not_equal": "diferente de", "root": "raiz quadrada de", "infinity": "infinito", "section": "parágrafo",
        "squared": "ao quadrado",
        "cubed": "ao cubo", "power": "elevado a", "or": "ou", "arrow": "para", "degrees": "graus", "euros": "euros",
        "dollars": "dólares",
        "pounds": "libras", "version": "versão", "half": "meio", "one_part": "um",
    },
    before={
        "Sr.": "senhor", "Sra.": "senhora", "Srs.": "senhores", "Sras.": "senhoras", "Srta.": "senhorita",
        "Dr.": "doutor", "Dra.": "doutora", "prof.": "professor", "profa.": "professora",
        "p.ex.": "por exemplo", "ex.": "exemplo", "nº": "número", "n.º": "número", "n.": "número", "av.": "avenida",
        "tel.": "telefone", "aprox.": "aproximadamente",
        "pág.": "página", "págs.": "páginas", "vol.": "volume", "cap.": "capítulo", "fig.": "figura",
        "art.": "artigo", "eng.": "engenheiro", "máx.": "máximo", "mín.": "mínimo", "incl.": "incluído",
        "Exmo.": "excelentíssimo", "Exma.": "excelentíssima", "núm.": "número",
        "apto.": "apartamento", "ap.": "apartamento", "bl.": "bloco", "pça.": "praça", "trav.": "travessa",
        "al.": "alameda", "rod.": "rodovia", "cj.": "conjunto", "Eng.ª": "engenheira", "Prof.ª": "professora",
        "ref.": "referência", "cel.": "celular", "tb.": "também", "obs.": "observação", "ed.": "edição",
        "inc.": "inciso",
        "Pe.": "padre", "Sto.": "Santo", "Sta.": "Santa", "S.": "São", "Dep.": "deputado", "Min.": "ministro",
        "Pres.": "presidente", "Gen.": "general", "ilmo.": "ilustríssimo",
        "cf.": "confira", "vs.": "versus", "adm.": "administração", "depto.": "departamento", "dpto.": "departamento",
        "gov.": "governo", "tít.": "título", "par.": "parágrafo", "unid.": "unidade",
    },
    choices={
        "km": (("9", "quilômetro"), ("", "")),
        "D.": (("f", "dona"), ("A", "dom"), ("", "")), "séc.": (("R", "século"), ("", "século")),
        "sécs.": (("", "séculos"),), "p.": (("9", "página"), ("", "")), "pp.": (("9", "páginas"), ("", "")),
        "R.": (("da", "rua"), ("das", "rua"), ("do", "rua"), ("dos", "rua"), ("p", "rua"), ("", "")),
        "mar.": (("#", "março"), ("", "")), "set.": (("#", "setembro"), ("", "")), "out.": (("#", "outubro"), ("", "")),
        "dez.": (("#", "dezembro"), ("", "")),
        "seg.": (("#", "segundos"), ("", "segunda")), "ter.": (("D", "terça"), ("d", "terça"), ("w", "terça"), ("",
        "")),
        "qua.": (("", "quarta"),), "qui.": (("", "quinta"),), "sex.": (("", "sexta"),), "sáb.": (("", "sábado"),),
        "dom.": (("d", "domingo"), ("w", "domingo"), ("D", "domingo"), ("", "")),
    },
    leading=words("R. séc."),
    ending={
        "a.a.": "ao ano","etc.": "et cetera", "a.C.": "antes de Cristo", "d.C.": "depois de Cristo",
        "Ltda.": "limitada",
        "Cia.": "companhia", "S.A.": "S A", "EUA": "Estados Unidos", "hab.": "habitantes", "min.": "minutos",
        "segs.": "seguintes", "Ltda": "limitada", "obs.": "observação", "jan.": "janeiro",
        "fev.": "fevereiro",  "abr.": "abril", "jun.": "junho", "jul.": "julho", "ago.": "agosto",
          "nov.": "novembro"},
    scales={"mil": forms("mil"), "mi": forms("milhão", "milhões"), "bi": forms("bilhão", "bilhões"),
    "tri": forms("trilhão", "trilhões"),
        "trilhão": forms("trilhão", "trilhões"), "trilhões": forms("trilhão", "trilhões"),
        "milhão": forms("milhão", "milhões"), "milhões": forms("milhão", "milhões"), "bilhão": forms("bilhão",
        "bilhões"), "bilhões": forms("bilhão", "bilhões"), "M": forms("milhão", "milhões")},
    units={
        "col. de sopa": forms("colher de sopa", "colheres de sopa"), "col. de chá": forms("colher de chá",
        "colheres de chá"),
        "col. sopa": forms("colher de sopa", "colheres de sopa"), "col. chá": forms("colher de chá", "colheres de chá"),
        "bpm": forms("batimento por minuto", "batimentos por minuto"),"km/h": forms("quilômetro por hora",
        "quilômetros por hora"), "seg": "duration-second",
        "sec": "duration-second", "m/s": forms("metro por segundo", "metros por segundo"), "anos": forms("ano",
        "anos")},
    named_units={
        "mah": forms("miliampere-hora", "miliamperes-hora"),
        "mass-kilogram": forms("quilo", "quilos"), "temperature-celsius": forms("grau Celsius", "graus Celsius"),
        "angle-degree": forms("grau", "graus"),
        "temperature-fahrenheit": forms("grau Fahrenheit", "graus Fahrenheit"), "digital-gigabyte": forms("gigabyte",
        "gigabytes"), "digital-megabyte": forms("megabyte", "megabytes"),
    },
    money_joint=" e ",
    money={
        "R$": Money(forms("real", "reais"), forms("centavo", "centavos")), "€": Money(forms("euro", "euros"),
        forms("cêntimo", "cêntimos")),
        "$": Money(forms("dólar", "dólares"), forms("centavo", "centavos")), "£": Money(forms("libra", "libras"),
        forms("penny", "pence")), "¥": Money(forms("iene", "ienes")),
    },
    gender=Gender(
        feminine=words(
            "hora semana pessoa vez página libra horas semanas pessoas vezes páginas libras noite noites "
            "colher colheres irmã irmãs maçã maçãs manhã manhãs "
            "mão mãos mulher mulheres parte partes tarde tardes flor flores luz cidade idade viagem "
            "viagens mensagem mensagens fase chave rede lei imagem imagens"),
        masculine=words(
            "dia dias mapa mapas problema problemas programa programas sistema sistemas tema temas "
            "idioma idiomas clima planeta planetas poema drama sofá cinema diploma grama gramas miligrama "
            "miligramas quilograma quilogramas micrograma microgramas"),
        feminine_endings=("a", "as", "ção", "ções", "são", "sões", "dade", "dades", "tude", "gem", "gens"),
    ),
    fractions={"2": ("meio", "meios"), "3": ("terço", "terços"), "4": ("quarto", "quartos")},
    spelt=words("IPVA IPTU ICMS IRPF OMS ISS IP ID AVC IPI "
        "CO HIV CF CLT STF OAB SP RJ MG TI RH CE PF PJ IR EUA MEI UTI INSS ONU IA UE ONU CPF RG CEP TV CD "
                "DVD USB PC DNA GPS SMS VIP URL API AI") - words("ONU CEP VIP EUA MEI UTI"),
    roman_after=words(
        "inc incs "
        "vol art tit "
        "cap capítulo parte tomo volume ato cena seção fase tipo nível livro título anexo artigo século "
        "guerra inciso incisos séc séculos capítulos artigos copa"),
    roman_ordinal_after=words(
        "Pedro João Carlos Luís Filipe Afonso Manuel Henrique Isabel Catarina Maria Paulo Pio Bento "
        "Napoleão José Sebastião Elizabeth Papa"),
    digits_after=words("código pin pedido fatura reserva referência ticket conta protocolo cep senha cliente cpf"),
    phone_after=words("telefone tel ligue ligar número fax celular whatsapp"),
    score_after=words("ganhou venceu perdeu empatou placar resultado vitória jogo"),
    weekdays={"seg": "segunda", "ter": "terça", "qua": "quarta", "qui": "quinta", "sex": "sexta", "sáb": "sábado",
        "dom": "domingo"},
    numbered=words(
        "art cap pág página capítulo número passo nível quarto versão linha artigo andar tomo volume sala opção "
        "pergunta exercício lição parte porta classe ato ponto"),
    counted_stops=words(
        "contra sobre no na nos nas pelo pela "
        "e ou de a em por para com sem que é são se o os as do da ao mas como mais menos foi será até"),
)  # fmt: skip
