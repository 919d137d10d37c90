"""Sentences end where the language ends them: its abbreviations and its ordinals do not cut."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voi.core.sentence_rules import rules_of
from voi.core.sentences import Cutter
from voi.text.tables import KNOWN, language_of

CASES = Path(__file__).parents[1] / "text" / "cases"
TOKEN = re.compile(r"[^\r\n\w]?[^\W\d_]+|\d{1,3}| ?[^\s\w]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+|.", re.DOTALL)


def cut(text: str, language: str) -> list[str]:
    cutter = Cutter(language)
    return [piece.strip() for token in TOKEN.findall(text) for piece in cutter.feed(token)] + [
        piece.strip() for piece in cutter.close()
    ]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Wir treffen uns am 3. Mai in Berlin."),
        ("de", "Das Büro ist im 2. Stock links."),
        ("de", "Der 1. FC Köln hat gewonnen."),
        ("de", "Im 20. Jahrhundert war das so."),
        ("de", "Heute ist der 24. Dezember und morgen der 1. Feiertag."),
        ("de", "Das kostet inkl. Mehrwertsteuer 5 Mio. Euro bzw. Dollar."),
        ("de", "Nehmen Sie z. B. Äpfel oder d. h. Birnen mit."),
        ("cs", "Je to ve 2. patře vlevo."),
        ("cs", "Sejdeme se 3. května v Praze."),
        ("cs", "Přijďte prosím 14. 5. v devět hodin."),
        ("cs", "Bylo to 15. 3. 2024 v Praze."),
        ("de", "Der Termin ist am 14. 5. um neun Uhr."),
        ("de", "Laut Abs. 1 S. 2 gilt das bzgl. Ihrer Frage."),
        ("nl", "Op wo. 14 mei komt dhr. Jansen."),
        ("sk", "Je to na 2. poschodí vľavo."),
        ("da", "Den 3. maj er vi der."),
        ("no", "Det er i 2. etasje her."),
        ("fi", "Tapaamme 3. toukokuuta klo kuusi."),
        ("hu", "A 2. emeleten van május 3. napján."),
        ("tr", "Toplantı 3. katta yapılacak."),
        ("hr", "Vidimo se 3. svibnja u Zagrebu."),
        ("pl", "To jest na 2. piętrze w domu."),
        ("pl", "Było tam 5 tys. osób z całej Polski."),
        ("es", "La Dra. García y el Sr. López van a EE. UU. mañana."),
        ("es", "Vea la pág. 3 y aprox. diez más."),
        ("fr", "M. Dupont habite env. Paris depuis longtemps."),
        ("nl", "Neem bijv. Amsterdam of dhr. Jansen mee."),
        ("ru", "Это г. Москва и т.е. центр города."),
        ("it", "Il sig. Rossi e la dott.ssa Bianchi sono qui."),
        ("pt", "O Sr. Silva mora na av. Paulista hoje."),
        ("hi", "डॉ. राव यहाँ हैं"),
        ("en", "It is 5 p.m. EST in New York."),
        ("en-GB", "Ask Dr. Smith of St. Ives about it."),
    ],
)
def test_one_sentence_stays_one(language: str, text: str) -> None:
    assert len([piece for piece in cut(text.replace(",", ""), language) if piece]) == 1


@pytest.mark.parametrize(
    ("language", "text", "pieces"),
    [
        ("de", "Wir öffnen um 9. Danach geht es los.", ["Wir öffnen um 9.", "Danach geht es los."]),
        ("de", "Äpfel, Birnen usw. Dann gehen wir.", ["Äpfel, Birnen usw.", "Dann gehen wir."]),
        ("de", "Es dauert 5 Min. Bitte warten Sie.", ["Es dauert 5 Min.", "Bitte warten Sie."]),
        ("cs", "Máme jich 5. Potom jdeme domů.", ["Máme jich 5.", "Potom jdeme domů."]),
        ("es", "Vive en EE. UU. El clima es bueno.", ["Vive en EE. UU.", "El clima es bueno."]),
        ("fr", "Des pommes, etc. Voilà la fin.", ["Des pommes, etc.", "Voilà la fin."]),
        ("en", "Call ext. 12. Then please wait.", ["Call ext. 12.", "Then please wait."]),
        ("en", "It is 5 p.m. EST. Come now, please.", ["It is 5 p.m. EST.", "Come now, please."]),
        ("xx", "Use a tool, e.g. a hammer. Then go on.", ["Use a tool, e.g. a hammer.", "Then go on."]),
    ],
)
def test_two_sentences_are_two(language: str, text: str, pieces: list[str]) -> None:
    assert cut(text, language) == pieces


@pytest.mark.parametrize("language", KNOWN)
def test_what_something_always_follows_never_ends_a_sentence(language: str) -> None:
    table = language_of(language)
    assert table is not None
    for short in table.before:
        if short.endswith("."):
            assert len(cut(f"Und es so {short} Abcdefg hijk", language)) == 1, short


@pytest.mark.parametrize("language", KNOWN)
def test_no_abbreviation_of_the_tables_ends_a_sentence_before_a_small_letter(language: str) -> None:
    table = language_of(language)
    assert table is not None
    for short in {**table.before, **table.ending}:
        if short.endswith("."):
            assert len(cut(f"Und es so {short} abcdefg hijk", language)) == 1, short


ABBREVIATIONS = {
    "de": (
        "z._B. z.B. d._h. u._a. bzw. ca. Nr. Dr. Prof. Hr. Fr. St. evtl. ggf. inkl. exkl. zzgl. vgl. Tel. "
        "Abb. Kap. Bd. Art. Abs. S. Dipl.-Ing. max. mind. sog. i._d._R. Mio. Mrd. Tsd. Str. Hauptstr. "
        "geb. gest. Jh. Std. Min. Sek. bspw. insb. insbes. Mag. Hrsg. Aufl. v._a. o._g. s._o. s._u. u._U. "
        "z._T. z._Zt. m._E. lt. gem. ugs. Bhf. Hbf. Pl. MwSt. röm. kath. ev. jun. Univ. Inst. Abt. Ltg. "
        "Verf. Red. Mr. Mrs. bes. allg. Jan. Feb. Aug. Sept. Okt. Nov. Dez. Co. Anm. Bsp. Ausg. dgl. etw. "
        "jmd. ehem. amtl. ausschl. einschl. entspr. Kto. Pkt. Zi. OG. Mo. Di. "
    ),
    "fr": (
        "M. MM. p._ex. env. av. bd. boul. p. pp. chap. vol. fig. art. cf. c.-à-d. tél. n. éd. Dr. Pr. "
        "Mme. St. janv. févr. juil. sept. oct. nov. déc. hab. apr. max. min. réf. arr. bât. dép. resp. "
        "not. ex. adj. coll. trad. suppl. vs. ch. app. ann. al. M._le Me. Sté. Cie. N.B. al. "
    ),
    "es": (
        "Sr. Sra. Srta. Dr. Dra. D. Dña. Prof. Profa. Lic. Ing. Arq. p._ej. ej. aprox. núm. avda. av. "
        "tel. pág. págs. vol. cap. fig. art. Sto. Sta. Gral. Ud. Uds. EE._UU. etc. a._C. d._C. a._m. "
        "p._m. izq. dcha. c. ed. máx. mín. dpto. depto. pza. Cía. Hnos. S._A. Rte. Ntra._Sra. Excmo. "
        "Ilmo. ref. vs. Mons. Fdo. admón. prov. trad. coord. dir. Mtro. km. hab. gob. Pte. Pdte. ap. "
        "apdo. ctra. urb. esq. "
    ),
    "it": (
        "sig. sig.ra sigg. dott. dott.ssa dr. prof. prof.ssa ing. avv. arch. geom. on. p._es. ad_es. es. "
        "n. nr. ca. tel. pag. pagg. vol. cap. fig. art. ecc. a._C. d._C. cfr. gent.mo egr. spett. rif. "
        "rag. mons. sen. gen. col. loc. fraz. prov. all. lett. comm. ed. trad. min. max. S. v. vd. c.a. "
        "p.zza v.le c.so ss. seg. segg. tab. int. cit. op._cit. par. sec. gg. ab. "
    ),
    "pt": (
        "Sr. Sra. Srta. Dr. Dra. prof. profa. Eng. p._ex. ex. n. av. tel. aprox. pág. págs. vol. cap. "
        "fig. art. máx. mín. R. D. etc. a.C. d.C. Ltda. Cia. S.A. hab. min. seg. séc. apto. ap. bl. pça. "
        "trav. Exmo. núm. ed. obs. ref. inc. Pe. Sto. Sta. Dep. Min. Pres. Gen. Cel. jan. fev. abr. ago. "
        "set. out. nov. dez. km. tb. cf. vs. depto. Al. Rod. Cap. Gov. Fl. fls. dir. coord. org. "
    ),
    "nl": (
        "dhr. mevr. mw. dr. drs. ir. ing. mr. prof. bijv. d.w.z. ca. nr. i.p.v. o.a. m.b.t. t.o.v. i.v.m. "
        "m.a.w. evt. incl. excl. tel. blz. p. vgl. max. min. n.a.v. t.a.v. zgn. art. hfst. St. resp. afb. "
        "vnl. enz. etc. a.u.b. s.v.p. v.Chr. e.d. jl. a.s. str. m.b.v. d.m.v. m.n. o.l.v. t.b.v. ong. "
        "gem. mln. mld. jan. feb. aug. sept. okt. nov. dec. b.v. bv. red. vert. Chr. gld. aant. afd. alg. "
        "bv. "
    ),
    "pl": (
        "np. tzn. tj. tzw. dr. inż. prof. ul. al. pl. os. ok. godz. m.in. św. tel. str. r. rozdz. ks. "
        "gen. maks. min. zob. por. p. itd. itp. p.n.e. n.e. tys. sp._z_o.o. br. im. wyd. red. art. ust. "
        "pkt. poz. rys. tab. hab. lek. med. woj. pow. gm. kpt. płk. mjr. por. sierż. ew. ang. niem. łac. "
        "jw. ww. cd. szt. szer. wys. dł. tzn. bp. abp. kard. o. s. ss. nr. wg. pt. "
    ),
    "ru": (
        "т._е. т.е. т._к. и_т._д. и_др. и_т._п. г. гг. в. вв. ул. пр. просп. пер. пл. наб. д. кв. корп. "
        "стр. с. рис. см. ср. напр. проф. акад. доц. тыс. млн. руб. коп. тел. им. св. ок. н._э. до_н._э. "
        "чел. мин. сек. ч. обл. р-н. гл. п. пп. ст. ред. изд. табл. прим. англ. нем. зам. нач. о. оз. р. "
        "бул. шт. экз. т._н. т._о. и._о. др. ж._д. макс. миним. ген. полк. кап. гр. тов. г-н. инж. канд. "
        "д-р. гос. ун-т. "
    ),
    "cs": (
        "např. tj. tzn. tzv. dr. Dr. MUDr. JUDr. Ing. Mgr. Bc. prof. doc. č. ul. popř. příp. resp. tel. "
        "str. sv. nám. kap. obr. max. min. vč. odst. p. pí. tř. atd. apod. aj. př._n._l. n._l. hod. tis. "
        "mil. mld. s._r._o. a._s. stol. obyv. ks. zejm. mj. vyd. čl. gen. plk. kpt. tab. pozn. srov. red. "
        "ev. RNDr. PhDr. angl. lat. něm. event. cca. m._n._m. sl. roč. tzn. písm. zák. Sb. čp. náb. okr. "
    ),
    "hu": (
        "pl. kb. dr. Dr. ill. ún. tel. prof. id. ifj. özv. vö. ld. old. max. min. ui. szt. u. krt. sz. "
        "fszt. em. db. stb. Kft. Zrt. Kr._e. i._e. i._sz. ker. ált. vezérig. áll. okl. márc. szept. okt. "
        "nov. dec. jan. febr. ápr. jún. júl. aug. ford. szerk. köt. fej. bek. közp. hrsz. ft. ezr. alez. "
        "tbk. tsz. ang. mjr. vmi. vki. kiad. uo. Bp. ny. "
    ),
    "tr": (
        "Dr. Prof. Doç. örn. Sn. Av. No. no. tel. bkz. yy. s. Cad. Sok. Mah. Apt. Alb. Gen. yak. yakl. "
        "maks. min. Müh. Yrd. Öğr. Hz. çev. böl. vb. vs. vd. M.Ö. M.S. A.Ş. Ltd. Şti. dk. sn. Uzm. Arş. "
        "Gör. ort. Blv. Org. Yzb. haz. krş. şek. md. İst. Ank. Ütğm. Bşk. Mim. Ord. Ecz. Op. Fak. Üniv. "
        "Enst. Kim. Mat. Ed. Fr. Alm. Tic. San. cm. kg. "
    ),
    "da": (
        "f.eks. ca. kl. nr. dvs. inkl. ekskl. bl.a. pga. jf. tlf. maks. min. s. evt. vedr. ift. mht. ang. "
        "osv. m.m. mio. mia. hhv. hr. fr. stk. pr. gl. afd. kap. fig. m.fl. mfl. o.l. el. etc. kgl. sml. "
        "fx. d.v.s. red. udg. "
    ),
    "sv": (
        "t.ex. bl.a. d.v.s. dvs. ca. kl. nr. s.k. f.d. p.g.a. inkl. exkl. jfr. st. tel. max. min. resp. "
        "t.o.m. fr.o.m. m.a.o. prof. kap. fig. osv. m.m. m.fl. e.Kr. f.Kr. milj. ev. ang. f.n. o.s.v. "
        "etc. dr. kr. avd. utg. red. fil. dr. tf. hr. s. "
    ),
    "no": (
        "f.eks. ca. kl. nr. dvs. inkl. ekskl. bl.a. pga. jf. tlf. maks. min. s. evt. vedr. ift. mht. ang. "
        "osv. m.m. mill. mrd. hhv. hr. fr. stk. pr. avd. kap. fig. m.fl. o.l. t.o.m. f.o.m. etc. d.v.s. "
        "red. utg. adm. dir. prof. gt. gml. "
    ),
    "fi": (
        "esim. n. ns. mm. ks. vrt. puh. nro. s. prof. ent. kpl. em. ko. os. toim. maks. min. jne. ym. "
        "yms. tms. eaa. eKr. milj. mrd. tri. maist. ts. so. engl. ruots. lat. vs. ao. huom. ap. ip. joht. "
        "p. v. synt. "
    ),
    "hr": (
        "npr. tj. tzv. br. ul. str. tel. dr. prof. mr. sv. usp. uklj. odn. sl. čl. st. itd. tis. mil. "
        "d.o.o. god. g. gđa. ing. dipl. max. min. gosp. mag. akad. i_sl. i_dr. o.g. sc. red. tzn. kn. "
        "cca. vol. izd. engl. njem. "
    ),
    "sk": (
        "napr. tzn. t.j. tj. tzv. č. ul. nám. str. obr. tel. p. sv. Ing. Mgr. MUDr. JUDr. prof. doc. Bc. "
        "vr. príp. resp. odst. max. min. tab. gen. pozn. kap. atď. a_i. a_pod. apod. hod. tis. mil. mld. "
        "s.r.o. n.l. stor. PhDr. RNDr. ThDr. čl. ods. písm. zák. ročn. angl. lat. nem. mjr. plk. kpt. "
        "okr. obv. "
    ),
}
"""As they are written in newspapers and by language models, not as the tables have them; _ is a blank."""


@pytest.mark.parametrize("language", ABBREVIATIONS)
def test_no_usual_abbreviation_cuts_before_a_word_that_begins_no_sentence(language: str) -> None:
    for short in ABBREVIATIONS[language].replace("_", "\u00a0").split():
        if short == "":
            continue
        written = short.replace("\u00a0", " ")
        for word in ("abcdef", "Abcdef"):
            assert len(cut(f"Hallo und das war {written} {word} wer und so", language)) == 1, (written, word)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "We moved to the U.S. They liked it there."),
        ("en", "It was made by Acme Inc. The price is fair."),
        ("en", "Come in Sept. We will be there then."),
        ("de", "Wir wohnen in der Hauptstr. Dort ist es laut."),
        ("fr", "Il y a des pommes, etc. Nous en prenons deux."),
        ("es", "Llame a García Hnos. Ellos le ayudan."),
        ("it", "Mele, pere, ecc. Poi andiamo a casa."),
        ("pt", "Fica na Silva Ltda. Depois vamos embora."),
        ("nl", "Appels, peren enz. Daarna gaan we naar huis."),
        ("pl", "Jabłka, gruszki itd. Potem idziemy do domu."),
        ("ru", "Яблоки, груши и т. д. Потом идём домой."),
        ("cs", "Jablka, hrušky atd. Potom jdeme domů."),
        ("hu", "Almák, körték stb. Aztán hazamegyünk."),
        ("tr", "Elma, armut vb. Sonra eve gideriz."),
        ("da", "Æbler, pærer osv. Derefter går vi hjem."),
        ("sv", "Äpplen, päron osv. Sedan går vi hem."),
        ("no", "Epler, pærer osv. Deretter går vi hjem."),
        ("fi", "Omenoita jne. Sitten menemme kotiin."),
        ("hr", "Jabuke, kruške itd. Zatim idemo kući."),
        ("sk", "Jablká, hrušky atď. Potom ideme domov."),
    ],
)
def test_an_abbreviation_ends_a_sentence_before_a_word_that_begins_one(language: str, text: str) -> None:
    assert len(cut(text.replace(",", ""), language)) == 2


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("cs", "Stojí to 5 tis. Kč a více."), ("pl", "Mieszka tam 5 tys. Polaków od lat."),
        ("nl", "Er wonen 17 mln. Nederlanders hier."), ("es", "Vi a los Hnos. García en la plaza."),
        ("en", "He joined the U.S. Army in Texas."), ("en", "Apt. B is on the left side."),
        ("tr", "Toplantı 5. Katta bugün yapılacak."), ("da", "Den 2. Etage er lukket i dag."),
        ("pl", "Spotkajmy się 3. Maja w Krakowie."), ("de", "Er ist 1. Vorsitzender im Verein."),
        ("de", "Sie wohnt in der Hauptstr. 5 in Bonn."), ("fr", "Le chap. IV est le plus long."),
        ("hu", "A 12. Kerület a legszebb hely."), ("fi", "Tule n. 5 minuutin päästä tänne."),
        ("hr", "Uzmi npr. Zagreb ili Split."), ("sk", "Choď napr. Bratislavou domov."),
        ("sv", "Ta t.ex. Stockholm eller Lund."), ("no", "Det er ca. Oslo sentrum dit."),
        ("nl", "Doe dit m.b.v. Jan of Piet hier."), ("pt", "Foi no séc. XX que tudo mudou."),
    ],
)  # fmt: skip
def test_a_name_or_a_unit_after_an_abbreviation_begins_no_sentence(language: str, text: str) -> None:
    assert len(cut(text, language)) == 1


TALKS = {
    language: [
        line.split("\t")[0].replace("|", "/")
        for line in (CASES / f"{language}.tsv").read_text(encoding="utf-8").splitlines()
    ]
    for language in KNOWN
}


@pytest.mark.parametrize("language", KNOWN)
@given(st.data())
@settings(max_examples=30, deadline=None)
def test_streamed_or_at_once_each_language_is_cut_alike(language: str, data: st.DataObject) -> None:
    said = data.draw(st.lists(st.sampled_from(TALKS[language]), max_size=30))
    text = " ".join(said)
    parts = TOKEN.findall(text)
    grouped = []
    while parts:
        size = data.draw(st.integers(1, 9))
        grouped.append("".join(parts[:size]))
        parts = parts[size:]

    def pieces(fed: list[str]) -> list[str]:
        cutter = Cutter(language)
        return [piece for part in fed for piece in cutter.feed(part)] + cutter.close()

    assert pieces(grouped) == pieces(TOKEN.findall(text)) == pieces([text])


@pytest.mark.parametrize("unit", ["word. ", "... ", "!", "— ", "etc. ", "3. ", "你好", "x", " ", "(", "a.b. ", '."'])
def test_the_time_to_cut_grows_with_the_text_and_no_faster(unit: str) -> None:
    """Ten times the text in ten times the time: twice as much is allowed for, quadratic would be a hundred."""

    def spent_s(characters: int) -> float:
        text = (unit * characters)[:characters]
        cutter = Cutter("en")
        began_s = time.process_time()
        cutter.feed(text)
        cutter.close()
        return time.process_time() - began_s

    short_s = max(0.001, min(spent_s(4_000) for _ in range(3)))
    assert any(spent_s(40_000) < 20 * short_s for _ in range(3))


TALK = {
    "en": [
        "I met Dr. Lee at 5 p.m. on Elm St.| He was late.",
        "The price is $3.50.| Is that fine?",
        "She moved to Washington, D.C.| It was cold.",
        "The U.S. Senate voted.| It passed.",
        "Use i.e. or e.g. sparingly.| Thanks a lot.",
        "We have apples, pears, etc.| Which do you want?",
        "It weighs 5 lbs.| The box is small.",
        "Open at 9 a.m. and close at 5 p.m.| We are near.",
        "Visit example.com.| It is free.",
        "Approx. 5 in. of rain fell.| It was wet.",
        "He is Sammy Davis Jr.| He sings well.",
        "See Fig. 3.| It shows more.",
        "Version 2.0.1 is out.| Get it now.",
        "No. 5 is alive.| I like it a lot.",
        "Is it no. 5?| No. It is not here.",
        "Wait... what happened?| I see it.",
        'He said "Stop!" and ran.| They left.',
        "The St. Louis Cardinals won.| They did.",
        "Prof. Smith et al. wrote it.| It is good.",
    ],
    "de": [
        "Am 3. Oktober feiern wir.| Kommst du?",
        "Er wohnt im 5. Stock.| Das ist hoch.",
        "Das kostet ca. 5 Mio. Euro.| Das ist viel.",
        "Ich komme um 8.| Bis dann also.",
        "Die Fa. Müller GmbH & Co. KG liefert.| Das dauert.",
        "Im 18. und 19. Jahrhundert war das so.| Heute nicht.",
        "Gehen Sie zur Hauptstr. 5.| Dort links abbiegen.",
        "Er kam z. B. am Mo. um neun.| Sie auch nicht.",
        "Das gilt gem. § 5 Abs. 2 BGB.| Alles klar?",
        "Es war der 1. Platz.| Wir feiern das.",
        "Ludwig XIV. regierte lange.| Er war König.",
        "Wir haben Obst, Gemüse usw.| Was möchten Sie?",
    ],
    "fr": [
        "M. Dupont arrive à 8 h.| Il est en avance.",
        "Voir p. 12, art. 3.| C'est clair.",
        "Au IIe s. av. J.-C. c'était ainsi.| Ensuite non.",
        "Il habite au 5, av. Foch.| C'est loin.",
        "Apportez pain, vin, etc.| Nous fêtons cela.",
        "C'est le n. 5.| Je le prends.",
    ],
    "es": [
        "El Sr. Ruiz vive en EE. UU. desde 2010.| Es médico.",
        "Vea la pág. 5.| Es corta.",
        "La Dra. Gil llega a las 5 p. m. hoy.| Espere aquí.",
        "Compré pan, leche, etc.| ¿Qué más quiere?",
        "En el s. III a. C. vivía aquí.| Después no.",
        "Uds. pueden pasar.| Está abierto.",
    ],
    "it": [
        "Il sig. Rossi abita in v.le Monza.| È lontano.",
        "Vedi pag. 5 e fig. 2.| Sono chiare.",
        "Nel III sec. a.C. era così.| Poi cambiò.",
        "La dott.ssa Bianchi arriva alle 5.| Aspetti qui.",
        "Mele, pere, ecc.| Cosa desidera?",
    ],
    "pt": [
        "O Sr. Silva mora na av. Paulista.| É longe.",
        "Veja a pág. 5.| É curta.",
        "No séc. XX era assim.| Depois mudou.",
        "A Dra. Lima chega às 5.| Espere aqui.",
        "Pão, leite, etc.| O que mais deseja?",
    ],
    "nl": [
        "Dhr. Jansen woont op nr. 5.| Hij is thuis.",
        "Zie blz. 5.| Die is kort.",
        "De 2e verdieping is dicht.| Neem de trap.",
        "Appels, peren, enz.| Wat wilt u?",
    ],
    "pl": [
        "Dr Nowak mieszka na ul. Długiej.| To blisko.",
        "Spotkajmy się 3. maja.| To piątek.",
        "To kosztuje 5 tys. zł.| To dużo.",
        "Mieszkam na 2. piętrze.| Zapraszam serdecznie.",
        "Jabłka, gruszki itp.| Co jeszcze chcesz?",
    ],
    "ru": [
        "Он живёт на ул. Ленина.| Это близко.",
        "Это было в 1990 г. в Москве.| Тогда так было.",
        "Там 5 тыс. человек.| Это много.",
        "Яблоки, груши и т. д.| Что ещё нужно?",
        "См. стр. 5.| Она короткая.",
    ],
    "cs": [
        "Bydlí ve 2. patře.| To je vysoko.",
        "Stojí to 5 tis. Kč.| To je moc.",
        "Sejdeme se 3. května.| Je to pátek.",
        "Jablka, hrušky atd.| Co ještě chcete?",
        "Dr. Novák je tady.| Pojďte dál.",
    ],
    "hu": [
        "A 2. emeleten lakik.| Ez magas.",
        "Dr. Nagy úr itt van.| Jöjjön be.",
        "Május 3. péntek.| Akkor jó.",
        "Almák, körték stb.| Mit kér még?",
    ],
    "tr": [
        "2. katta oturuyor.| Bu yüksek.",
        "Dr. Can burada.| İçeri gelin.",
        "Elma, armut vb. şeyler aldım.| Başka ne var?",
        "29 Ekim 1923 önemli.| O gün kuruldu.",
    ],
    "da": [
        "Det er på 2. sal.| Det er højt.",
        "Mød mig den 3. maj kl. 5.| Jeg venter.",
    ],
    "sv": [
        "Ta t.ex. tåget kl. 5.| Det går fort.",
        "Bananer, äpplen m.m.| Vad vill du ha?",
    ],
    "no": [
        "Det er i 2. etasje.| Det er høyt.",
        "Møt meg 3. mai kl. fem.| Jeg venter.",
    ],
    "fi": [
        "Tavataan 3. toukokuuta.| Se on perjantai.",
        "Esim. Helsinki on kaunis.| Tule käymään.",
    ],
    "hr": [
        "Vidimo se 3. svibnja.| To je petak.",
        "Uzmi npr. vlak.| To je brzo.",
    ],
    "sk": [
        "Býva na 2. poschodí.| To je vysoko.",
        "Choď napr. vlakom.| Je to rýchle.",
    ],
    "hi": [
        "डॉ. राव यहाँ हैं।| आप आइए।",
        "रु. 500 दीजिए।| धन्यवाद जी।",
    ],
    "zh": [
        "今天是3月5日。|我们见面吧。",
        "请访问example.com。|谢谢你了。",
    ],
    "ja": [
        "今日は3月5日です。|会いましょう。",
    ],
    "ko": [
        "오늘은 3월 5일입니다.| 만나요 우리.",
    ],
    "ar": [
        "د. أحمد هنا.| تفضل بالدخول.",
    ],
}
"""Two sentences each; | stands where the first ends."""


@pytest.mark.parametrize(("language", "text"), [(language, text) for language in TALK for text in TALK[language]])
def test_sentences_end_where_a_reader_ends_them(language: str, text: str) -> None:
    cutter = Cutter(language, clause_min_characters=1_000)
    pieces = [piece for token in TOKEN.findall(text.replace("|", "")) for piece in cutter.feed(token)] + cutter.close()
    assert "|".join(pieces) == text


def test_rules_are_made_once() -> None:
    assert rules_of("de-AT") is rules_of("de-AT")
    assert rules_of("zz").never == rules_of("zz-ZZ").never


@pytest.mark.parametrize(
    ("language", "text", "pieces"),
    [
        ("en", "Take some vitamin D. Then rest a while.", ["Take some vitamin D.", "Then rest a while."]),
        ("de", "Nehmen Sie Vitamin C. Dann ruhen Sie sich aus.", ["Nehmen Sie Vitamin C.", "Dann ruhen Sie sich aus."]),
        ("fr", "Prenez de la vitamine C. Puis dormez un peu.", ["Prenez de la vitamine C.", "Puis dormez un peu."]),
        ("en", "We should now ask J. Smith about it.", ["We should now ask J. Smith about it."]),
    ],
)
def test_a_letter_that_names_one_of_several_may_end_a_sentence(language: str, text: str, pieces: list[str]) -> None:
    assert cut(text, language) == pieces
