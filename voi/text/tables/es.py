"""Spanish."""

from voi.text.tables.shape import Clock, Gender, Language, Money, forms, words
from voi.text.tables.starters import STARTERS

LANGUAGE = Language(
    code="es",
    starters=STARTERS["es"],
    date="{day} de {month} de {year}",
    parts_max=100,
    clock=Clock("{h}", "{h} y {m}", feminine=True, after=words("horas hora h")),
    months={"sep": 9, "set": 9, "setiembre": 9},
    say={
        "factorial": "factorial",
        "hyphen": "guion",
        "dot": "punto", "at": "arroba", "slash": "barra", "backslash": "barra invertida", "colon": "dos puntos",
        "tilde": "virgulilla",
        "and": "y", "percent": "por ciento", "permille": "por mil", "number": "número", "hashtag": "hashtag",
        "plus": "más",
        "minus": "menos", "equals": "igual a", "point": "coma", "per": "por", "to": "a", "by": "por", "times": "por",
        "out_of": "sobre", "over": "sobre", "ratio": "a", "score": "a", "divided": "dividido por",
        "greater": "mayor que", "less": "menor que",
        "about": "aproximadamente", "plusminus": "más o menos", "at_most": "como máximo", "at_least": "como mínimo",
        "not_equal": "distinto de", "root": "raíz cuadrada de", "infinity": "infinito", "section": "sección",
        "squared": "al cuadrado",
        "cubed": "al cubo", "power": "elevado a", "or": "o", "arrow": "a", "degrees": "grados", "euros": "euros",
        "dollars": "dólares", "pounds": "libras", "version": "versión", "half": "medio", "one_part": "un",
    },
    before={
        "D.ª": "doña", "Dª": "doña",
        "Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Sres.": "señores", "Sras.": "señoras",
        "Dr.": "doctor", "Dra.": "doctora",
        "Dres.": "doctores", "D.": "don", "Dña.": "doña", "Prof.": "profesor", "Profa.": "profesora",
        "Lic.": "licenciado", "Ing.": "ingeniero", "Arq.": "arquitecto",
        "p.ej.": "por ejemplo", "ej.": "ejemplo", "aprox.": "aproximadamente", "n.º": "número", "nº": "número",
        "N.º": "número", "núm.": "número",
        "núms.": "números", "avda.": "avenida", "av.": "avenida", "tel.": "teléfono", "tfno.": "teléfono",
        "pág.": "página", "págs.": "páginas", "vol.": "volumen",
        "cap.": "capítulo", "fig.": "figura", "art.": "artículo", "Sto.": "Santo", "Sta.": "Santa",
        "Gral.": "general", "Excmo.": "excelentísimo",
        "Ilmo.": "ilustrísimo", "C/": "calle", "máx.": "máximo", "mín.": "mínimo", "ed.": "edición",
        "cf.": "compárese", "cta.": "cuenta",
        "dpto.": "departamento", "depto.": "departamento", "pza.": "plaza", "Pza.": "plaza", "incl.": "incluido",
        "apdo.": "apartado", "urb.": "urbanización", "ctra.": "carretera", "esq.": "esquina", "km.": "kilómetro",
        "ap.": "apartado", "ref.": "referencia", "Mtro.": "maestro", "Mtra.": "maestra", "Fr.": "fray",
        "Mons.": "monseñor",
        "Pdte.": "presidente", "Pdta.": "presidenta", "ext.": "extensión", "tít.": "título", "párr.": "párrafo",
        "col.": "colonia", "Col.": "colonia", "Licda.": "licenciada", "Arqta.": "arquitecta", "Prol.": "prolongación",
        "Blvd.": "bulevar", "núm": "número", "cód.": "código", "admón.": "administración", "Cnel.": "coronel",
        "Tte.": "teniente", "Sgto.": "sargento",
    },
    ending={
        "izda.": "izquierda", "izdo.": "izquierdo", "dcho.": "derecho",
        "Ud.": "usted", "Uds.": "ustedes", "Vd.": "usted", "Vds.": "ustedes", "EE.UU.": "Estados Unidos",
        "EEUU": "Estados Unidos", "etc.": "etcétera",
        "a.C.": "antes de Cristo", "d.C.": "después de Cristo", "a.m.": "de la mañana", "p.m.": "de la tarde",
        "izq.": "izquierda",
        "dcha.": "derecha", "Cía.": "compañía", "Hnos.": "hermanos", "S.A.": "S A",
        "JJ.OO.": "Juegos Olímpicos", "RR.HH.": "recursos humanos", "CC.AA.": "comunidades autónomas",
        "ene.": "enero", "feb.": "febrero", "abr.": "abril", "jun.": "junio", "jul.": "julio", "ago.": "agosto",
        "sept.": "septiembre", "oct.": "octubre",
        "nov.": "noviembre", "dic.": "diciembre", "seg.": "segundos",
        "lun.": "lunes", "mié.": "miércoles", "jue.": "jueves", "vie.": "viernes", "sáb.": "sábado",
        "Bs.As.": "Buenos Aires", "JJOO": "Juegos Olímpicos", "FF.AA.": "Fuerzas Armadas", "S.L.": "S L",
        "vs.": "versus", "atte.": "atentamente", "p.d.": "posdata",
    },
    choices={
        "c/": (("9", "cada"), ("A", "calle"), ("", "")),
        "hab.": (("#", "habitantes"), ("", "habitación")), "min.": (("#", "minutos"), ("9", "minuto"), ("", "minutos")),
        "km": (("9", "kilómetro"), ("", "")),
        "p.": (("9", "página"), ("", "")), "s.": (("R", "siglo"), ("", "")), "ss.": (("#", "y siguientes"), ("", "")),
        "mar.": (("D", "martes"), ("d", "martes"), ("", "")), "dom.": (("d", "domingo"), ("w", "domingo"), ("", "")),
        "sec.": (("#", "segundos"), ("9", "sección"), ("", "")), "inc.": (("9", "inciso"), ("", "")),
    },
    scales={
        "M": forms("millón", "millones"), "mil": forms("mil"), "millón": forms("millón", "millones"),
        "millones": forms("millón", "millones"), "mill.": forms("millón", "millones"), "bill.": forms("billón",
        "billones"),
        "billón": forms("billón", "billones"), "billones": forms("billón", "billones"),
    },
    units={
        "ppm": forms("pulsación por minuto", "pulsaciones por minuto"), "lpm": forms("latido por minuto",
        "latidos por minuto"),
        "sec": "duration-second", "seg": "duration-second", "seg.": "duration-second", "min.": "duration-minute",
        "km/h": forms("kilómetro por hora", "kilómetros por hora"),
        "cda.": forms("cucharada", "cucharadas"), "cdas.": forms("cucharada", "cucharadas"),
        "cdta.": forms("cucharadita", "cucharaditas"), "cdtas.": forms("cucharadita", "cucharaditas"),
        "cdita.": forms("cucharadita", "cucharaditas"), "cditas.": forms("cucharadita", "cucharaditas"),
        "hs": "duration-hour", "h": "duration-hour", "CV": forms("caballo", "caballos"),
        "m/s": forms("metro por segundo", "metros por segundo"),
        "mmHg": forms("milímetro de mercurio", "milímetros de mercurio"), "pulg": "length-inch", "años": forms("año",
        "años"),
    },
    named_units={
        "mass-kilogram": forms("kilo", "kilos"), "digital-megabyte": forms("megabyte", "megabytes"),
        "digital-gigabyte": forms("gigabyte", "gigabytes"),
        "temperature-celsius": forms("grado Celsius", "grados Celsius"),
        "temperature-fahrenheit": forms("grado Fahrenheit", "grados Fahrenheit"),
        "angle-degree": forms("grado", "grados"), "mah": forms("miliamperio hora", "miliamperios hora"),
        "sound-decibel": forms("decibelio", "decibelios"),
    },
    money_joint=" con ",
    money={
        "S/": Money(forms("sol", "soles"), forms("céntimo", "céntimos")),
        "€": Money(forms("euro", "euros"), forms("céntimo", "céntimos")), "$": Money(forms("dólar", "dólares"),
        forms("centavo", "centavos")),
        "£": Money(forms("libra", "libras"), forms("penique", "peniques")), "¥": Money(forms("yen", "yenes")),
        "¢": Money(forms("centavo", "centavos")),
        "MXN": Money(forms("peso", "pesos"), forms("centavo", "centavos")), "CHF": Money(forms("franco suizo",
        "francos suizos"), forms("céntimo", "céntimos")), "₿": Money(forms("bitcoin", "bitcoins")),
    },
    gender=Gender(
        feminine=words(
            "hora semana persona vez página libra horas semanas personas veces páginas libras noche "
            "noches mano manos mujer mujeres clase clases calle calles parte partes tarde tardes foto "
            "fotos moto motos flor flores luz luces llave llaves serie series leche nube nubes torre "
            "torres sal señal señales frase frases base bases imagen imágenes habitación orden órdenes "
            "razón razones sangre red redes ley leyes"),
        masculine=words(
            "día días mapa mapas problema problemas programa programas sistema sistemas tema temas "
            "idioma idiomas clima planeta planetas poema poemas drama dramas sofá sofás telegrama "
            "programa kilograma diploma diplomas síntoma síntomas panorama dilema dilemas esquema "
            "esquemas avión aviones camión camiones turista artista guardia policía"),
        feminine_endings=("a", "as", "ción", "ciones", "sión", "siones", "dad", "dades", "tad", "tades", "tud",
            "tudes", "gión", "giones", "nión", "niones", "umbre"),
    ),
    fractions={"2": ("medio", "medios"), "3": ("tercio", "tercios"), "4": ("cuarto", "cuartos")},
    spelt=words(
        "ITV OMS IRPF IMC IP ID "
        "IA UE ONU IVA ADN DNI ADSL PIB CD DVD USB PC TV AI GPS SMS VIP URL API RRHH UVI UCI FBI CIA ETT "
        "BBVA CEO SUV ISBN") - words("ONU IVA UVI UCI IBAN"),
    roman_after=words(
        "inc "
        "vol art tít "
        "cap s capítulo parte tomo volumen acto escena sección fase tipo nivel libro título anexo artículo "
        "siglo siglos guerra"),
    roman_ordinal_after=words(
        "Felipe Carlos Alfonso Isabel Fernando Juan Pablo Pío Benedicto Enrique Luis Catalina Napoleón "
        "Jorge Eduardo Guillermo Pedro Alejandro Nicolás Federico Jaime Sancho Ramiro Francisco Leopoldo "
        "María Papa"),
    digits_after=words(
        "código pin pedido factura reserva referencia ticket billete cuenta expediente postal clave "
        "contraseña localizador seguimiento cliente serie dni"),
    phone_after=words("teléfono tel llama llame llamar número fax móvil celular whatsapp llámanos"),
    version_after=words("versión python ios android windows java"),
    score_after=words("ganó gana ganaron perdió perdieron empató empate venció marcador resultado victoria partido"),
    weekdays={"lun": "lunes", "mar": "martes", "mié": "miércoles", "jue": "jueves", "vie": "viernes", "sáb": "sábado",
        "dom": "domingo"},
    numbered=words(
        "art cap pág página capítulo número paso nivel habitación versión línea artículo piso tomo volumen sala "
        "opción pregunta ejercicio lección parte andén puerta clase acto punto"),
    counted_stops=words(
        "contra ante frente durante según tras izda dcha izq "
        "y o de a en por para con sin que es son se la el los las del al pero como más menos fue será "
        "hasta desde entre"),
)  # fmt: skip
