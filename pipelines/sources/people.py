"""Invented people: names of many cultures, some in their own script, and the details records hold of a person.

Telephone numbers are from the ranges Ofcom keeps free for drama, mail domains from RFC 2606. There are some twenty
thousand such numbers, so in a very large set a number belongs to several people, as numbers do.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Any, NamedTuple


class Culture(NamedTuple):
    """Names as they go together. `native` gives a name in its own script, where records hold it as an alias."""

    weight: int
    women: tuple[str, ...]
    men: tuple[str, ...]
    surnames: tuple[str, ...]
    language: str
    country: str
    script: str = ""
    native: dict[str, str] = {}  # noqa: RUF012 # never changed


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.replace("_", " ") for name in text.split())


def _composed(beginnings: str, endings: str) -> tuple[str, ...]:
    """Surnames as a language builds them. Without many, namesakes would be far commoner than they are."""
    return tuple(first + last for first in beginnings.split() for last in endings.split())


def _native(text: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Names written `Latin=native`, apart."""
    pairs = dict(part.replace("_", " ").split("=") for part in text.split())
    return tuple(pairs), pairs


def _written(weight: int, women: str, men: str, surnames: str, *, language: str, country: str, script: str) -> Culture:
    (f, fn), (m, mn), (s, sn) = _native(women), _native(men), _native(surnames)
    return Culture(weight, f, m, s, language, country, script, {**fn, **mn, **sn})


CULTURES: tuple[Culture, ...] = (
    Culture(
        520,
        _names(
            "Olivia Emma Sarah Claire Louise Hannah Rebecca Gemma Kelly Donna Tracey Julie Karen Nicola Amy Jessica"
            " Charlotte Lauren Megan Chloe Sophie Lucy Alice Grace Ruby Poppy Ellie Holly Zoe Abigail Mary Susan"
            " Margaret Patricia Joan Heather Fiona Morag Eilidh Siân Rhiannon Cerys Carys Aoife Niamh Siobhán Róisín"
        ),
        _names(
            "James Thomas Daniel Matthew Ryan Lee Craig Darren Gary Kevin Paul Mark Stephen Andrew David Peter Robert"
            " Jack Harry George Oliver Charlie Liam Connor Callum Ewan Rory Hamish Gareth Rhys Dylan Owen Alun Seán"
            " Pádraig Declan Cormac Nathan Joshua Adam Luke Ben Simon Martin Ian Neil Wayne Shaun"
        ),
        _names(
            "Ashdown Barlow Bickerton Blythe Brocklehurst Cartledge Chadwick Clegg Cotterill Crowther Dewhurst Eastwood"
            " Fairclough Fawcett Gaskell Greenhalgh Hargreaves Haworth Hebblethwaite Holroyd Ibbotson Jagger Kershaw"
            " Lockwood Marsden Naylor Oldroyd Pickersgill Ramsbottom Ridley Scholes Sutcliffe Tattersall Thackray"
            " Uttley Varley Whitaker Wormald Yardley Smith Jones Taylor Brown Williams Wilson Johnson Davies Patterson"
            " Wright Walker White Edwards Hughes Green Hall Lewis Harris Clarke Jackson Turner Hill Scott Cooper Morris"
            " Ward Moore King Watson Baker Harrison Morgan Allen Price Phillips Parker Bennett Cook Bell Murphy Kelly"
            " O'Brien O'Sullivan McCarthy MacDonald McKenzie Campbell Fraser Llewellyn Pritchard ap_Rhys Fitzgerald"
            " St_John Smith-Jones Hope May Rose Young"
        )
        + _composed(
            "Ald Ash Barn Beck Bir Black Brad Brough Buck Cal Chad Chat Cold Cran Dal Dun East Ell Fair Fal Far Gars Glad Had"
            " Hal Ham Hart Has Hazel Hol Hor Hux Kirk Lang Lind Lock Lyd Mar Mel Mil Nor Oak Old Ox Pem Pen Rad Raven Red Rish"
            " Roth Rush Sax Shel Sher Stan Stock Strat Sut Swin Tar Thorn Thur Wake Wal War Wes Wet Whit Win Wool Wy",
            "bourne bridge bury by combe cott croft dale den field ford gate grave ham hurst ley man more shaw stead stone ton"
            " well wick wood worth",
        ),
        "ENG",
        "GBR",
    ),
    Culture(
        40,
        _names("Agnieszka Katarzyna Małgorzata Joanna Ewa Monika Magdalena Zofia Wiesława Grażyna Beata Łucja"),
        _names("Piotr Krzysztof Andrzej Tomasz Paweł Michał Łukasz Wojciech Zbigniew Grzegorz Rafał Sławomir"),
        _names(
            "Nowak Kowalczyk Wiśniewska Wójcik Kamińska Zieliński Szymańska Woźniak Dąbrowski Jabłońska Krawczyk Żak"
        )
        + _composed(
            "Adam Bor Brzoz Cich Dobr Grab Jan Jar Kal Kwiat Las Lew Maj Mal Olsz Ost Paw Piotr Rog Rut Sad Sok Tom Urb Wal Zaw",
            "owski owska czyk iak ewicz ecki icka",
        ),
        "POL",
        "POL",
    ),
    Culture(
        30,
        _names("Ioana Andreea Mihaela Elena Cristina Gabriela Alexandra Roxana Ștefania Anca Lăcrămioara Doina"),
        _names("Andrei Mihai Ionuț Alexandru Florin Gheorghe Vasile Cătălin Răzvan Bogdan Ștefan Dumitru"),
        _names("Popescu Ionescu Munteanu Stoica Dumitrescu Constantinescu Țurcanu Rusu Moldovan Șerban Lungu Bălan")
        + _composed(
            "Albu Bog Cern Dragom Dum Filip Geor Grig Istr Laz Mar Mihail Neg Nicol Olt Petr Pop Rad Sim Stan Ungur Vasil",
            "escu eanu ovici",
        ),
        "RON",
        "ROU",
    ),
    _written(
        70,
        "Fatima=فاطمہ Ayesha=عائشہ Zainab=زینب Sadia=سعدیہ Nadia=نادیہ Shazia=شازیہ Rukhsana=رخسانہ Samina=ثمینہ"
        " Maryam=مریم Hina=حنا Bushra=بشریٰ Nasreen=نسرین",
        "Mohammed=محمد Imran=عمران Asif=آصف Tariq=طارق Usman=عثمان Bilal=بلال Kashif=کاشف Nadeem=ندیم Faisal=فیصل"
        " Zahid=زاہد Adeel=عدیل Waqar=وقار",
        "Khan=خان Hussain=حسین Ahmed=احمد Malik=ملک Iqbal=اقبال Chaudhry=چوہدری Mirza=مرزا Qureshi=قریشی Bibi=بی_بی"
        " Akhtar=اختر Butt=بٹ Sheikh=شیخ",
        language="URD",
        country="PAK",
        script="Arab",
    ),
    _written(
        40,
        "Harpreet=ਹਰਪ੍ਰੀਤ Manpreet=ਮਨਪ੍ਰੀਤ Simran=ਸਿਮਰਨ Jaswinder=ਜਸਵਿੰਦਰ Gurpreet=ਗੁਰਪ੍ਰੀਤ Parminder=ਪਰਮਿੰਦਰ Amrit=ਅੰਮ੍ਰਿਤ",
        "Gurdeep=ਗੁਰਦੀਪ Balwinder=ਬਲਵਿੰਦਰ Jagjit=ਜਗਜੀਤ Sukhdev=ਸੁਖਦੇਵ Rajinder=ਰਾਜਿੰਦਰ Mandeep=ਮਨਦੀਪ Kuldip=ਕੁਲਦੀਪ",
        "Singh=ਸਿੰਘ Kaur=ਕੌਰ Gill=ਗਿੱਲ Sandhu=ਸੰਧੂ Dhillon=ਢਿੱਲੋਂ Grewal=ਗਰੇਵਾਲ Sidhu=ਸਿੱਧੂ Bains=ਬੈਂਸ",
        language="PAN",
        country="IND",
        script="Guru",
    ),
    _written(
        30,
        "Priya=प्रिया Anjali=अंजलि Sunita=सुनीता Kavita=कविता Meena=मीना Pooja=पूजा Lakshmi=लक्ष्मी",
        "Rajesh=राजेश Sanjay=संजय Amit=अमित Vikram=विक्रम Anil=अनिल Suresh=सुरेश Rahul=राहुल",
        "Sharma=शर्मा Patel=पटेल Gupta=गुप्ता Verma=वर्मा Desai=देसाई Mehta=मेहता Joshi=जोशी Shah=शाह",
        language="HIN",
        country="IND",
        script="Deva",
    ),
    _written(
        35,
        "Nusrat=নুসরাত Shirin=শিরিন Taslima=তসলিমা Rahima=রহিমা Salma=সালমা Fahmida=ফাহমিদা Rokeya=রোকেয়া",
        "Abdul=আবদুল Rafiq=রফিক Kamal=কামাল Jahangir=জাহাঙ্গীর Shafiq=শফিক Mizanur=মিজানুর Habib=হাবিব",
        "Begum=বেগম Rahman=রহমান Islam=ইসলাম Uddin=উদ্দিন Miah=মিয়া Khatun=খাতুন Chowdhury=চৌধুরী Sarkar=সরকার",
        language="BEN",
        country="BGD",
        script="Beng",
    ),
    Culture(
        40,
        _names("Ngozi Chidinma Folasade Yetunde Amaka Blessing Ifeoma Temitope Oluwaseun Zainabu Chiamaka Bukola"),
        _names("Chukwuemeka Oluwatobi Emeka Babatunde Ikenna Olumide Chinedu Adewale Obinna Kelechi Musa Segun"),
        _names("Okonkwo Adeyemi Eze Balogun Okafor Adebayo Nwosu Ogunleye Ibrahim Onyekachi Lawal Abiodun")
        + _composed(
            "Ade Ola Oluwa Ayo Ogun Olu Baba Omo Ore Akin Ife Fola",
            "wale tunde bola yemi sola kunle dele tope sanya niyi jide rinde lade gboye femi",
        ),
        "YOR",
        "NGA",
    ),
    Culture(
        25,
        _names("Akosua Abena Adwoa Efua Esi Comfort Mercy Yaa"),
        _names("Kwame Kofi Kwabena Yaw Kojo Emmanuel Ebenezer Nana"),
        _names("Mensah Owusu Boateng Asante Osei Agyeman Appiah Amoah"),
        "TWI",
        "GHA",
    ),
    Culture(
        30,
        _names("Hodan Ifrah Sahra Hibo Ayaan Fadumo Deqa Nimco Amina Khadra"),
        _names("Abdirahman Liban Guled Mahad Warsame Cabdi Yuusuf Hassan Jama Omar"),
        _names("Warsame Abdi Farah Jama Yusuf Osman Hersi Guleed Xasan Nur"),
        "SOM",
        "SOM",
    ),
    _written(
        20,
        "Selam=ሰላም Tigist=ትግስት Hiwot=ሕይወት Meron=ሜሮን Senait=ሰናይት Mihret=ምሕረት",
        "Dawit=ዳዊት Tesfay=ተስፋይ Yonas=ዮናስ Berhane=ብርሃነ Filmon=ፊልሞን Haile=ኃይለ",
        "Tekle=ተክለ Gebre=ገብረ Haile=ኃይለ Mehari=መሓሪ Abraha=ኣብራሃ Kidane=ኪዳነ",
        language="TIR",
        country="ERI",
        script="Ethi",
    ),
    _written(
        40,
        "Layla=ليلى Hala=هالة Rania=رانيا Nour=نور Yasmin=ياسمين Huda=هدى Samira=سميرة Iman=إيمان",
        "Ahmad=أحمد Khaled=خالد Yousef=يوسف Mustafa=مصطفى Karim=كريم Tarek=طارق Hamza=حمزة Walid=وليد",
        "Al-Hassan=الحسن Haddad=حداد Mansour=منصور Nasser=ناصر Khoury=خوري Saleh=صالح Najjar=نجار Abd_al-Rahman=عبد_الرحمن",
        language="ARA",
        country="SYR",
        script="Arab",
    ),
    _written(
        25,
        "Shirin=شیرین Parisa=پریسا Zahra=زهرا Nasrin=نسرین Leila=لیلا Mahsa=مهسا",
        "Reza=رضا Hossein=حسین Farhad=فرهاد Behrouz=بهروز Omid=امید Kaveh=کاوه",
        "Ahmadi=احمدی Karimi=کریمی Rezaei=رضایی Moradi=مرادی Hosseini=حسینی Rostami=رستمی",
        language="FAS",
        country="IRN",
        script="Arab",
    ),
    _written(
        20,
        "Xiaoling=晓玲 Mei=梅 Yan=燕 Lihua=丽华 Jing=静 Fang=芳",
        "Wei=伟 Jian=建 Guoqiang=国强 Ming=明 Hao=浩 Lei=磊",
        "Wang=王 Li=李 Zhang=张 Chen=陈 Lin=林 Zheng=郑 Huang=黄 Ou=欧",
        language="ZHO",
        country="CHN",
        script="Hans",
    ),
    Culture(
        25,
        _names("Thị_Lan Thị_Hương Ngọc_Mai Thu_Hà Bích_Phượng Thanh_Thảo"),
        _names("Văn_Hùng Minh_Đức Quốc_Anh Văn_Dũng Hữu_Phúc Thành_Long"),
        _names("Nguyễn Trần Lê Phạm Hoàng Vũ Đặng Bùi"),
        "VIE",
        "VNM",
    ),
    Culture(
        25,
        _names("Maria_Luz Jocelyn Rosario Marites Analyn Divina"),
        _names("Jose Rodrigo Emmanuel Ferdinand Reynaldo Danilo"),
        _names("Santos Reyes dela_Cruz Bautista Villanueva Macaraeg"),
        "TGL",
        "PHL",
    ),
    Culture(
        30,
        _names("Ayşe Fatma Emine Zeynep Elif Gülşen Özlem Şirin"),
        _names("Mehmet Mustafa Hüseyin İbrahim Çağlar Ömer Emre Kadir"),
        _names("Yılmaz Kaya Demir Şahin Çelik Öztürk Aydın Doğan")
        + _composed(
            "Ak Kara Öz Demir Gök Yıl Sarı Taş Güneş Bay Er Koç",
            "türk taş kaya soy gül han bulut oğlu çelik doğan tekin alp",
        ),
        "TUR",
        "TUR",
    ),
    _written(
        15,
        "Eleni=Ελένη Maria=Μαρία Katerina=Κατερίνα Sofia=Σοφία",
        "Giorgos=Γιώργος Dimitris=Δημήτρης Nikos=Νίκος Kostas=Κώστας",
        "Papadopoulos=Παπαδόπουλος Georgiou=Γεωργίου Nikolaou=Νικολάου Ioannou=Ιωάννου",
        language="ELL",
        country="CYP",
        script="Grek",
    ),
    _written(
        25,
        "Oksana=Оксана Iryna=Ірина Tetiana=Тетяна Nataliia=Наталія Svitlana=Світлана Yuliia=Юлія",
        "Oleksandr=Олександр Dmytro=Дмитро Serhii=Сергій Andrii=Андрій Volodymyr=Володимир Yurii=Юрій",
        "Shevchenko=Шевченко Kovalenko=Коваленко Bondarenko=Бондаренко Tkachuk=Ткачук Melnyk=Мельник Hrytsenko=Гриценко",
        language="UKR",
        country="UKR",
        script="Cyrl",
    ),
    _written(
        15,
        "Kavitha=கவிதா Selvi=செல்வி Meenakshi=மீனாட்சி Vasuki=வாசுகி",
        "Suresh=சுரேஷ் Kannan=கண்ணன் Murugan=முருகன் Siva=சிவா",
        "Sivakumar=சிவகுமார் Rajaratnam=ராஜரத்தினம் Selvarajah=செல்வராஜா Nadarajah=நடராஜா",
        language="TAM",
        country="LKA",
        script="Taml",
    ),
    Culture(
        25,
        _names("Beatriz Conceição Inês Luísa Thaís Rosângela"),
        _names("João Tiago Luís António Márcio Thiago"),
        _names("da_Silva Gonçalves Simões dos_Santos Araújo Conceição")
        + _composed(
            "Alb Carv Fern Guim Mach Magalh Mor Oliv Per Pinh Quint Teix Vi",
            "eira ado ães ella inho ais",
        ),
        "POR",
        "BRA",
    ),
    Culture(
        25,
        _names("Besa Drita Elira Fjolla Mimoza Valbona"),
        _names("Arben Besnik Dritan Ilir Luan Shpëtim"),
        _names("Hoxha Prifti Shehu Dervishi Gjoka Çela")
        + _composed(
            "Alim Bajr Dem Gash Has Ism Kras Lek Mor Pren Shal Vuk",
            "aj i niqi ovci olli eka",
        ),
        "SQI",
        "ALB",
    ),
    Culture(
        30,
        _names("Shanice Keisha Marcia Sonia Latoya Beverley"),
        _names("Delroy Winston Leroy Tyrone Marlon Jermaine"),
        _names("Campbell Brown Grant Gayle Blake Bogle"),
        "ENG",
        "JAM",
    ),
)

_DRAW = tuple(culture for culture in CULTURES for _ in range(culture.weight // 5))

_PHONES = (
    *(f"+447700900{n:03d}" for n in range(1000)),
    *(
        f"+44{area}{n:03d}"
        for area in _names(
            "1134960 1144960 1154960 1164960 1174960 1184960 1214960 1314960 1414960 1514960 1614960 1914980 "
            "2079460 2920180 1632960 3069990 8081570"
        )
        for n in range(1000)
    ),
)
_MOBILES = 1000
_DOMAINS = ("example.org", "example.com", "example.net")
_STREETS = _names(
    "Acacia_Road Beech_Grove Canal_Street Chapel_Lane Cinder_Hill Dock_Road Elm_Terrace Ferry_Lane "
    "Foundry_Yard Garrison_Street Harbour_View Ivy_Close Jubilee_Walk Kiln_Lane Laburnum_Avenue Mill_Bank "
    "Nelson_Parade Orchard_Way Paddock_Rise Quarry_Hill Rope_Walk Station_Approach Tannery_Court "
    "Union_Street Victoria_Mews Weavers_Row Yew_Tree_Drive"
)
#: Town and the postcode districts its invented addresses lie in.
_TOWNS = (
    ("Leeds", ("LS6", "LS8", "LS11")),
    ("Bradford", ("BD3", "BD8", "BD21")),
    ("Manchester", ("M8", "M14", "M40")),
    ("Birmingham", ("B10", "B21", "B66")),
    ("London", ("E7", "N17", "SE15", "SW9", "EC1V", "W1D")),
    ("Glasgow", ("G12", "G42")),
    ("Cardiff", ("CF11", "CF24")),
    ("Leicester", ("LE2", "LE5")),
    ("Liverpool", ("L7", "L15")),
    ("Luton", ("LU1", "LU4")),
    ("Slough", ("SL1", "SL2")),
    ("Bristol", ("BS5", "BS13")),
)
_UNIT = "ABDEFGHJLNPQRSTUWXYZ"
_VARIANTS = {
    "Mohammed": ("Muhammad", "Mohamad", "Mohamed", "Mohd"),
    "Ahmed": ("Ahmad", "Achmed"),
    "Ahmad": ("Ahmed",),
    "Hussain": ("Hussein", "Husain", "Hossain"),
    "Yusuf": ("Yousef", "Yusef", "Yousuf"),
    "Yousef": ("Yusuf", "Youssef"),
    "Fatima": ("Fathima", "Fatimah"),
    "Ayesha": ("Aisha", "Aysha"),
    "Khaled": ("Khalid",),
    "Rahman": ("Rehman", "Rahmaan"),
    "Uddin": ("Udin", "Ud Din"),
    "Chowdhury": ("Choudhury", "Chaudhuri"),
    "Chaudhry": ("Choudhry", "Chowdhury"),
    "Oleksandr": ("Aleksandr", "Alexander"),
    "Shevchenko": ("Schewtschenko",),
    "Stephen": ("Steven",),
    "Catherine": ("Katherine",),
    "Xasan": ("Hassan",),
    "Cabdi": ("Abdi",),
}


class Profile(NamedTuple):
    """One invented person, as they are; what a record says of them may differ."""

    culture: Culture
    female: bool
    surname: str
    given: tuple[str, ...]
    year: int
    month: int
    day: int
    nominal: str
    phone: str
    email: str

    @property
    def dob(self) -> str:
        """The date of birth in ISO form."""
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}"

    @property
    def full(self) -> str:
        """The name as one would write it in a sentence."""
        return f"{self.given[0]} {self.surname}"


def draw_culture(rng: Random) -> Culture:
    """A culture, by the weights of the table."""
    return _DRAW[int(rng.random() * len(_DRAW))]


def draw_person(
    rng: Random,
    number: int,
    *,
    ages: tuple[int, int],
    this_year: int,
    culture: Culture | None = None,
    surname: str | None = None,
    female: bool | None = None,
) -> Profile:
    """A person of an age in `ages` (whole years, both ends included). `number` makes nominal id and mail their own."""
    chance = rng.random
    culture = culture or draw_culture(rng)
    if female is None:
        female = chance() < 0.5
    pool = culture.women if female else culture.men
    first = pool[int(chance() * len(pool))]
    given = (
        (first,)
        if chance() < (0.8 if len(culture.surnames) > 20 else 0.4)
        else (first, pool[int(chance() * len(pool))])
    )
    surname = surname or culture.surnames[int(chance() * len(culture.surnames))]
    youngest, oldest = ages
    year = this_year - youngest - 1 - int(chance() * (oldest - youngest))
    month, day = 1 + int(chance() * 12), 1 + int(chance() * 28)
    if chance() < 0.03:
        month = day = 1
    phone = _PHONES[int(chance() * (_MOBILES if chance() < 0.4 else len(_PHONES)))]
    return Profile(
        culture, female, surname, given, year, month, day, f"N{number:07d}", phone, mail(first, number, chance())
    )


def mail(first: str, number: int, at: float) -> str:
    """An address nobody can have."""
    return f"{_local(first)}.{number}@{_DOMAINS[int(at * 3)]}"


@lru_cache(maxsize=2048)
def _local(first: str) -> str:
    return "".join(c for c in first.lower() if c.isascii() and c.isalnum()) or "person"


def respelt(rng: Random, person: Profile) -> Profile:
    """The same person as another officer wrote them down: a variant, a slip, the order, or day and month changed."""
    how = rng.random()
    given, surname = person.given, person.surname
    if how < 0.35:
        given = (_otherwise(rng, given[0]), *given[1:])
    elif how < 0.7:
        surname = _otherwise(rng, surname)
    elif how < 0.8:
        surname, given = given[-1], (*given[:-1], surname)
    elif how < 0.9 and person.day <= 12:
        return person._replace(month=person.day, day=person.month)
    else:
        return person._replace(month=1, day=1)
    return person._replace(given=given, surname=surname)


def _otherwise(rng: Random, name: str) -> str:
    known = _VARIANTS.get(name)
    if known:
        return known[int(rng.random() * len(known))]
    if len(name) < 5:
        return name.upper()
    at = 1 + int(rng.random() * (len(name) - 3))
    how = int(rng.random() * 3)
    if how == 0:
        return name[:at] + name[at] + name[at:]
    if how == 1:
        return name[:at] + name[at + 1 :]
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def names_of(rng: Random, person: Profile) -> list[dict[str, Any]]:
    """A person's names as recorded: LEGAL first, sometimes the own script, an alias or a maiden name."""
    names: list[dict[str, Any]] = [{"surname": person.surname, "given": list(person.given), "type": "LEGAL"}]
    native = person.culture.native
    if native and person.surname in native and rng.random() < 0.4:
        given = [native[name] for name in person.given if name in native]
        if given:
            names.append(
                {"surname": native[person.surname], "given": given, "type": "TRANSLIT", "script": person.culture.script}
            )
    how = rng.random()
    if how < 0.05:
        pool = person.culture.women if person.female else person.culture.men
        names.append({"surname": person.surname, "given": [pool[int(rng.random() * len(pool))]], "type": "ALIAS"})
    elif how < 0.1 and person.female:
        pool = person.culture.surnames
        names.append({"surname": pool[int(rng.random() * len(pool))], "given": list(person.given), "type": "MAIDEN"})
    return names


def draw_address(rng: Random, ref: str, premise: str = "DWELLING") -> dict[str, Any]:
    """A location with a postcode of real shape in an invented street."""
    chance = rng.random
    town, districts = _TOWNS[int(chance() * len(_TOWNS))]
    street = _STREETS[int(chance() * len(_STREETS))]
    unit = _UNIT[int(chance() * 20)] + _UNIT[int(chance() * 20)]
    postcode = f"{districts[int(chance() * len(districts))]} {int(chance() * 10)}{unit}"
    line1 = f"{1 + int(chance() * 240)} {street}"
    if premise == "DWELLING" and chance() < 0.25:
        line1 = f"Flat {1 + int(chance() * 40)}, {line1}"
    return {
        "location_ref": ref,
        "uprn": str(100_000_000_000 + int(chance() * 900_000_000)),
        "line1": line1,
        "line4": town,
        "postcode": postcode,
        "premise_type": premise,
    }
