"""Abbreviations that are read as they stand, in small letters and without the point: the cutter knows that they seldom
end a sentence."""

from collections.abc import Mapping

from voi.text.tables.shape import words

UNEXPANDED: Mapping[str, frozenset[str]] = {
    "en": words("adj adv anon bros cont dir doz edn encl gal hwy illus mfr mo neg pl pos prob pt pts "
                "qt ret rpt sched sess subj supp supt tech treas yd asap bldg rm dist int'l gov't"),
    "de": words("zt bhf abt amtl ausg ausschl bearb bez dgl dipl etw ev inst jmd jmdm jmdn kath kto ltg nachm nördl og "
                "östl philos prot qual rd red röm schr sg südl tägl techn teilw univ vorm westl wiss zus "
                "zzt stellv betr bet bzgl gebr gegr gez hl hptm kgl kl lfd mtl pat pfd pkw sek urspr verw wöch zit"),
    "fr": words("ch adj adv app bibl cie doct ens exc fam gal gén hon inc inf lat mgr mme mus nat obs "
                "orig peint phil prof prov rel sén sté ste subst suppl sté tech univ zool"),
    "es": words("adj adv afmo antig arz atte bibl bol c/c cent col coord dir doc ed etim fam fdo fed gob gobno gral "
    "hist "
                "lat loc ntra ntro num ob org orig pbro pl prov pte rte rvdo sec sig sra subdir supl tec trad univ "
                "vid vda"),
    "it": words("agg att bibl cav cfr cit coll cod ed ediz franc gov imp ind ingl lat locuz mod naz "
                "op orig pers pl pref priv pubbl racc reg rist segr sett sez sing spec stor succ suppl tec ted trad "
                "univ vd"),
    "pt": words("adj adm adv arq cel compl coord dez dir doc ed engª etim fed fl fls gên hist ind jr km lat loc méd "
                "mun nac op org orig port rel reg sec sing supl téc trad univ vda"),
    "nl": words("aant aanw adm afd afl alg bet bijl chr corr ev fa fig gld hoofdst inl inst jrg kath lat mnd ned "
                "nl ontv oorspr opm penn plm prot prov publ red ref rk sec secr sept st techn toel uitg univ ver "
                "vert vs "
                "wetensch wnd zgn"),
    "pl": words("abp adm arch bp dł dol franc geogr gosp hist hr inst jez kard kol łac mec med mies mjr mn nac "
                "niem nr oddz odp ogr orkiestr por pow płk ppor przew ros ryc sekr sierż ss szer techn ted tur ub "
                "uniw wch wg właśc współcz wsch wys zach zal zast zm zw"),
    "ru": words("абз адм арх бул вост гал ген гос гр г-н г-жа д-р греч губ ед зап заруб инж ин-т инст канд кап кн комн "
                "лат мед мес миним млн млрд науч нед обр орг осн отд пед полк просп р-н разд респ рим ром "
                "сер след сов соч тов ун-т устар уч фам фр физ франц хим худ центр экз эконом юж"),
    "cs": words("anon atp cca čp čís dr event franc hist hl inž kpt kr lit mpor nár např národ odb "
                "odd ods oec pedag písm pluk ppor pol por pplk pol rak rus řím sb sekr slov spol špan st stř tel "
                "tech ter tur ukr univ zák záp zast"),
    "hu": words("ált alez alt ang áll állt biol bp dk ea ék ezds ezr ford főig fr ft gk hdgy ig int isk kb ker "
                "kgst kiad km kp lat mb mbt megj mh mjr mat mn ny nyug ofm okt olv orsz par pk ref rkp szds "
                "szkv tbk tud ua uo vezérig vh vhol vki vmi vmely zool őrgy"),
    "tr": words("alm ank arş atğm bçvş bkn bn bşk bul cm çvş dç ed ens enst erm fak fiz fr gn huk "
                "jeol kg kim kor koor kur mat mec mim mr müd nö ord ort öğ psikol san sb sos şb tğm tic tüm "
                "tüg ünl üniv ütğm vet yb yd yük zf zool İng"),
    "hi": words("सुश्री स्व एड इंजी लि वि सा कृ तह जि पो "),
    "da": words("adm adr afd aut bd dep dir eng etc fhv fmd fork forf forts int jr kgl klf kr lat lign lok mdr medl nl "
                "obs opl overs pol red sdr sml stud sv techn udd udg ugtl univ vol"),
    "sv": words("adj adv akad anm art aug avd avs bil bitr dir dyl eg eng enl exp fack fil fol forts förb förf föreg "
                "före gm hr hist hovr inst jr jur kl kand komm kr lat leg lic ltn mag milj mom mots "
                "nuv omkr ordf pol red ref sek sekr sid sign sr stf tab tekn tf tim univ utg vard vol"),
    "no": words("adj adm adv avs bd dep dir eg eng etc fam fil fmt forf forts gml gt hist int jr jur kand kgl komm lat "
                "lok mag mnd mv norw nåv ordf orig red ref res sek sekr skr sml soc spm tekn tlf univ utg vs"),
    "fi": words("ao ap apul dipl dos ed engl erik evl fil harv henk hlö huom ins ip isl ital joht jatk kand kok "
                "kt lat lis maist ml muist nim nyk oik op opp os par per pj pm päiv ransk rno ruots sairaanh seur siht "
                "so synt tark tekn terv tekst tied toht tri ts ulk vt vs yht yl"),
    "hr": words("akad arh bib dipl dr engl fiz fr geog god gosp hist ing inž izd izv jez kem knj kn kor lat lit mag "
    "mat med "
                "minist mn narod njem npr nps obl pril polj red ref rus sc sek stud sv šk tal tbl teh tzn ur vol zn "
                "žup"),
    "sk": words("angl arch biol blv čl čs dr fr franc gen hist hl inž kpt kr lat lit maď mjr ml mn mpor napr nár nem "
    "obv "
                "odd odb ods okr pl plk por pplk písm poľ prekl red rím rndr ročn rus sekr slov spol šp súkr štát tal "
                "tech tlač ukr univ vyd zák záp zast zväz phd thdr"),
}  # fmt: skip
