"""Words that begin sentences, by language: after an abbreviation a capital alone does not tell (5 tis. Kč, Hnos.
García, the U.S. Army), one of these does. German has its own list, with its nouns' capitals."""

from collections.abc import Mapping

from voi.text.tables.shape import words

STARTERS: Mapping[str, frozenset[str]] = {
    "en": words(
        "The A An This That These Those There Then Than Thus Therefore Here He She It Its It's I I'm I'll We You They "
        "He's She's They're We're You're That's There's My Your His Her Our Their What Where When Why Who Whose Which "
        "How Is Are Was Were Am Be Do Does Did Don't Doesn't Can Could Would Will Won't Shall Should May Might Must "
        "Have Has Had Let Let's If Unless Although Though Because Since As While Until After Before Once During In On "
        "At By For From To With Without Within Under Over About Around Between Of And But Or So Yet Nor Also Please "
        "Sorry Thanks Thank Yes No Not Well Now Just Only Even Still Again Maybe Perhaps Actually Finally First Second "
        "Next Last Today Tomorrow Yesterday Tonight However Moreover Furthermore Otherwise Instead Meanwhile Both Each "
        "Every All Any Some Many Most Several One Two Three Another Other Others Nothing Nobody Everyone Everything "
        "Someone Something Anyone Anything Never Always Sometimes Usually Often Soon Later Come Go Take Call Bring Ask "
        "Give Get Make Keep Turn Use Try See Add Open Check Remember Note Wait Press Enter Visit Buy Look Say Tell"
    ),
    "fr": words(
        "Le La Les L Un Une Des Du De D Ce Cet Cette Ces C Ça Cela Celui Celle Ceux Il Elle On Nous Vous Ils Elles "
        "Je J "
        "Tu Mon Ma Mes Ton Ta Tes Son Sa Ses Notre Nos Votre Vos Leur Leurs Et Mais Ou Où Donc Or Ni Car Si Quand "
        "Comme Lorsque Puisque Parce Pour Par Avec Sans Dans En Sur Sous Chez Vers À A Au Aux Après Avant Depuis "
        "Pendant Entre Voilà Voici Alors Puis Ensuite Enfin Aussi Ainsi Cependant Pourtant Toutefois Sinon Oui Non "
        "Merci Bonjour Bien Très Tout Toute Tous Toutes Chaque Plusieurs Certains Beaucoup Quel Quelle Quels Quelles "
        "Qui Que Qu Quoi Comment Combien Pourquoi Est Êtes Avez Avons Peut Pouvez Voulez Souhaitez N Ne Pas Y S Se "
        "Aujourd Demain Hier Maintenant Ici Là Prenez Appelez Venez Faites Ajoutez Attendez Désolé"
    ),
    "es": words(
        "El La Los Las Lo Un Una Unos Unas Este Esta Estos Estas Esto Ese Esa Esos Esas Eso Aquel Aquella Él Ella "
        "Ellos "
        "Ellas Yo Tú Usted Ustedes Nosotros Mi Mis Tu Tus Su Sus Nuestro Nuestra Y E O U Pero Mas Sino Porque Pues Si "
        "Sí No Ni Que Qué Quien Quién Cuál Cuáles Cuando Cuándo Donde Dónde Como Cómo Cuánto Cuánta Aunque Mientras "
        "Después Antes Luego Entonces También Tampoco Además Así Por Para Con Sin En De Del Desde Hasta Hacia Sobre "
        "Entre Según A Al Hay Es Son Está Están Era Fue Ha Han He Tiene Tienen Puede Puedo Podemos Quiere Vamos Hoy "
        "Mañana Ayer Ahora Aquí Allí Ya Muy Más Menos Todo Toda Todos Todas Cada Muchos Muchas Algunos Algunas Otro "
        "Otra Gracias Perdón Lamento Bien Bueno Tome Llame Venga Espere Se Me Te Le Les Nos"
    ),
    "it": words(
        "Il Lo La I Gli Le L Un Uno Una Questo Questa Questi Queste Quello Quella Quelli Quelle Ciò Lui Lei Loro Io Tu "
        "Noi Voi Egli Mio Mia Tuo Sua Suo Suoi Nostro Vostro E Ed Ma O Oppure Però Se Sì No Non Né Che Chi Cosa Quale "
        "Quali Quando Dove Dov Come Quanto Quanta Perché Poiché Mentre Dopo Prima Poi Allora Anche Inoltre Così Per "
        "Con Senza In Di Del Della Dei Da Dal Dalla Su Sul Sulla Tra Fra A Al Alla Ai È Sono Era Ha Hanno Ho C Ci Vi "
        "Si "
        "Può Posso Possiamo Vuole Oggi Domani Ieri Ora Adesso Qui Qua Lì Già Molto Più Meno Tutto Tutti Tutte Ogni "
        "Molti Alcuni Altro Altri Grazie Mi Ti Bene Ecco Infine Quindi Dunque Prenda Chiami Venga Aggiunga Scusi"
    ),
    "pt": words(
        "O A Os As Um Uma Uns Umas Este Esta Estes Estas Isto Esse Essa Isso Aquele Aquela Aquilo Ele Ela Eles Elas Eu "
        "Tu Você Vocês Nós Meu Minha Seu Sua Seus Suas Nosso Nossa E Mas Ou Porém Porque Pois Se Sim Não Nem Que Quem "
        "Qual Quais Quando Onde Como Quanto Quanta Por Embora Enquanto Depois Antes Então Também Além Assim Para Com "
        "Sem "
        "Em No Na Nos Nas De Do Da Dos Das Desde Até Sobre Entre Segundo Ao À Há É São Está Estão Era Foi Tem Têm Pode "
        "Posso Podemos Quer Vamos Hoje Amanhã Ontem Agora Aqui Ali Lá Já Muito Mais Menos Tudo Todo Toda Todos Todas "
        "Cada Muitos Alguns Outro Outra Obrigado Obrigada Desculpe Bem Bom Tome Ligue Venha Espere Mesmo Contudo"
    ),
    "nl": words(
        "De Het Een Dit Dat Deze Die Er Daar Hier Hij Zij Ze Ik Wij We Jij Je U Jullie Mijn Jouw Uw Zijn Haar Onze Ons "
        "Hun En Maar Of Want Dus Als Indien Toen Wanneer Terwijl Omdat Hoewel Daarna Daarom Vervolgens Dan Ook "
        "Bovendien "
        "Toch Voor Met Zonder In Op Aan Bij Van Naar Over Onder Tussen Tot Na Om Uit Door Is Was Waren Heeft Hebben "
        "Heb "
        "Kan Kunt Kunnen Wil Wilt Moet Mag Zal Zou Wat Wie Waar Waarom Hoe Welke Welk Vandaag Morgen Gisteren Nu "
        "Straks "
        "Al Alle Elke Ieder Veel Sommige Andere Geen Niet Ja Nee Bedankt Sorry Graag Neem Bel Kom Wacht Voeg Ga Goed "
        "Helaas Misschien Eerst Ten Hoeveel"
    ),
    "pl": words(
        "To Ten Ta Te Ci Tamten On Ona Ono Oni One Ja Ty My Wy Pan Pani Państwo Mój Moja Twój Jego Jej Ich Nasz I A "
        "Ale "
        "Lub Albo Oraz Więc Zatem Bo Ponieważ Gdy Kiedy Jeśli Jeżeli Że Żeby Aby Choć Potem Następnie Później Wtedy "
        "Także Też Również Ponadto Dlatego Jednak W We Z Ze Na Do Od Po Przed Przez Przy Dla Bez O U Pod Nad Między "
        "Jest "
        "Są Był Była Było Ma Mają Mam Może Można Czy Co Kto Gdzie Jak Jaki Jaka Jakie Ile Dlaczego Który Która Które "
        "Dziś Dzisiaj Jutro Wczoraj Teraz Tu Tutaj Tam Już Jeszcze Bardzo Wszystko Wszyscy Każdy Niektóre Inne Nie Tak "
        "Dziękuję Proszę Przepraszam Dobrze Niestety Proponuję Zadzwoń Przyjdź Weź Dodaj Najpierw Potrzebuję Tylko"
    ),
    "ru": words(
        "Это Этот Эта Эти Тот Та Те Он Она Оно Они Я Ты Мы Вы Мой Моя Ваш Ваша Его Её Их Наш И А Но Или Да Однако Если "
        "Когда Пока Чтобы Потому Поэтому Затем Потом После Тогда Также Тоже Кроме Так Вот В Во На С Со К Ко По О Об От "
        "До Из У За Для Без При Под Над Между Через Есть Был Была Было Были Может Можно Можете Нужно Надо Что Кто Где "
        "Куда Как Какой Какая Какие Сколько Почему Зачем Который Сегодня Завтра Вчера Сейчас Теперь Здесь Там Уже Ещё "
        "Очень Все Всё Каждый Некоторые Другие Не Нет Ни Спасибо Пожалуйста Извините Хорошо Увы Сначала Позвоните "
        "Приходите Возьмите Добавьте Давайте Хотите Только Ведь Здравствуйте"
    ),
    "cs": words(
        "To Ten Ta Ti Tyto Tento Tato On Ona Ono Oni Já Ty My Vy Můj Moje Váš Vaše Jeho Její Jejich Náš A Ale Nebo "
        "Avšak Však Tedy Proto Protože Když Pokud Jestli Že Aby Ačkoli Potom Pak Poté Následně Také Navíc V Ve Z Ze "
        "Na Do "
        "Od Po Před Přes Při Pro Bez O U Pod Nad Mezi S Se K Ke Je Jsou Byl Byla Bylo Má Mají Mám Může Lze Můžete Co "
        "Kdo "
        "Kde Kam Jak Jaký Jaká Jaké Kolik Proč Který Která Které Dnes Zítra Včera Teď Nyní Tady Zde Tam Už Ještě Velmi "
        "Vše Všechno Všichni Každý Některé Jiné Ne Ano Děkuji Prosím Omlouvám Dobře Bohužel Nejprve Zavolejte Přijďte "
        "Vezměte Přidejte Pouze Jen Chcete Žije Jste"
    ),
    "hu": words(
        "A Az Egy Ez Ezek Azok Ő Ők Én Te Mi Ti Ön Önök És De Vagy Azonban Ha Amikor Mert Mivel Hogy Bár Aztán Ezután "
        "Utána Akkor Is Továbbá Ezért Tehát Így Van Vannak Volt Lesz Lehet Kell Tud Tudok Ki Mit Hol Hova Hogyan "
        "Milyen "
        "Mennyi Hány Miért Melyik Ma Holnap Tegnap Most Itt Ott Már Még Nagyon Minden Mindenki Néhány Más Nem Igen "
        "Köszönöm Kérem Elnézést Jó Sajnos Először Hívja Jöjjön Vegye Adja Csak Sok Ilyen Olyan Szeretne Kezdjük"
    ),
    "tr": words(
        "Bu Şu O Bunlar Onlar Ben Sen Biz Siz Bir Ve Ama Fakat Ancak Veya Ya Eğer Çünkü Sonra Ardından Daha Ayrıca "
        "Böylece Bunun Bundan Bunu Burada Orada Şimdi Bugün Yarın Dün Ne Nasıl Nerede Nereye Neden Niçin Kim Hangi Kaç "
        "Var Yok Evet Hayır Lütfen Teşekkürler Teşekkür Maalesef Önce Her Tüm Bütün Bazı Diğer Çok En Artık Yine Hemen "
        "Belki İşte İsterseniz Arayın Gelin Alın Ekleyin Size Bize Onu Onun Bizim Sizin Benim İçin Hâlâ Zaten"
    ),
    "da": words(
        "Den Det De En Et Der Her Han Hun Jeg Vi Du I Min Din Sin Hans Hendes Deres Vores Og Men Eller Så Hvis Når Da "
        "Fordi Derefter Derfor Også Desuden For Med Uden På Til Fra Af Om Ved Er Var Har Kan Vil Skal Må Hvad Hvem "
        "Hvor "
        "Hvorfor Hvordan Hvilken I dag Nu Alle Hver Mange Nogle Andre Ikke Ja Nej Tak Undskyld Desværre Først "
        "Bagefter Ring Kom"
    ),
    "sv": words(
        "Den Det De En Ett Där Här Han Hon Jag Vi Du Ni Min Din Sin Hans Hennes Deras Vår Och Men Eller Så Om När Då "
        "Eftersom Därefter Därför Också Dessutom För Med Utan På Till Från Av Vid I Är Var Har Kan Vill Ska Får "
        "Måste Vad "
        "Vem Varför Hur Vilken Vilket Idag Nu Alla Varje Många Några Andra Inte Ja Nej Tack Ursäkta Tyvärr Först "
        "Sedan Ring Kom"
    ),
    "no": words(
        "Den Det De En Et Der Her Han Hun Jeg Vi Du Dere Min Din Sin Hans Hennes Deres Vår Og Men Eller Så Hvis Når Da "
        "Fordi Deretter Derfor Også Dessuten For Med Uten På Til Fra Av Om Ved I Er Var Har Kan Vil Skal Må Hva Hvem "
        "Hvor "
        "Hvorfor Hvordan Hvilken Nå Alle Hver Mange Noen Andre Ikke Ja Nei Takk Unnskyld Dessverre Først Etterpå "
        "Ring Kom"
    ),
    "fi": words(
        "Se Ne Tämä Nämä Tuo Nuo Hän He Minä Sinä Me Te Ja Mutta Tai Vai Jos Kun Koska Sitten Siksi Myös Lisäksi On "
        "Ovat "
        "Oli Voi Voit Voitte Pitää Mikä Mitä Kuka Missä Minne Miten Miksi Milloin Kuinka Tänään Huomenna Eilen Nyt "
        "Täällä "
        "Siellä Kaikki Jokainen Monet Jotkut Muut Ei Kyllä Kiitos Anteeksi Valitettavasti Ensin Soita Tule Vain "
        "Haluatko"
    ),
    "hr": words(
        "To Taj Ta Ti Ovaj Ova Ovo On Ona Oni Ja Mi Vi A I Ali Ili No Ako Kad Kada Jer Da Zatim Potom Onda Također "
        "Stoga "
        "U Na Iz Za S Sa Od Do Po Prije Poslije Pri Bez O Je Su Bio Bila Ima Imaju Može Možete Što Tko Gdje Kako Koji "
        "Koja Koliko Zašto Danas Sutra Jučer Sada Ovdje Tamo Već Još Vrlo Sve Svi Svaki Neki Drugi Ne Da Hvala Molim "
        "Oprostite Nažalost Prvo Nazovite Dođite"
    ),
    "sk": words(
        "To Ten Tá Tí Tento Táto On Ona Ono Oni Ja Ty My Vy Môj Váš Jeho Jej Ich Náš A Ale Alebo Však Teda Preto "
        "Pretože "
        "Keď Ak Že Aby Hoci Potom Následne Tiež Navyše V Vo Z Zo Na Do Od Po Pred Cez Pri Pre Bez O U Pod Nad Medzi "
        "S So K "
        "Je Sú Bol Bola Bolo Má Majú Mám Môže Môžete Čo Kto Kde Kam Ako Aký Aká Aké Koľko Prečo Ktorý Ktorá Dnes "
        "Zajtra "
        "Včera Teraz Tu Tam Už Ešte Veľmi Všetko Všetci Každý Niektoré Iné Nie Áno Ďakujem Prosím Prepáčte Bohužiaľ "
        "Najprv"
    ),
}  # fmt: skip
STARTERS = {**STARTERS, "sr": STARTERS["hr"], "bs": STARTERS["hr"], "nb": STARTERS["no"]}
