"""Names of people, of any culture and script: what they sound like, when two are alike, when a text is plainly a name.

Two readers with opposite wishes use this module. Protection matches *loosely*: `similar` errs on the side of saying
that two spellings are one name. Release matches *strictly*: `plainly_a_name` errs on the side of saying no (spec 6.16).

A recorded name becomes a tuple of parts by `parts`; what is known of one part (its Latin forms, its sound, the class of
variants it belongs to) is worked out once and cached, because this is the busiest code of the `tag` stage.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from itertools import chain, pairwise
from operator import methodcaller

from anyascii import anyascii
from rapidfuzz.distance import OSA, Indel

from pipelines.tagging import readings, variants

#: At most so many parts of one recorded name are compared: the first ones and the last ones.
MOST_PARTS = 6
#: A text longer than this is no name; only its beginning is read.
MOST_LETTERS = 200


def listed(text: str) -> frozenset[str]:
    """The words of a list written as prose."""
    return frozenset(text.split())


# --- words that are no part of a name -------------------------------------------------------------------------------

#: Words that say nobody knows the name. They are never part of an identity.
_NOBODY = listed("""unknown unk unkn unkwn unknwn unknow female male nk nka notknown unnamed anonymous anon tbc tbd tba fnu lnu null
    newborn unborn infant unidentified withheld refused declined redacted occupant placeholder unspecified undisclosed
    inconnu inconnue desconocido desconocida desconhecido desconhecida unbekannt unbekannte sconosciuto sconosciuta
    nieznany nieznana neznamy necunoscut necunoscuta bilinmiyor bilinmeyen nepoznat nepoznata
    неизвестно неизвестный неизвестная невідомо невідомий невідома неизвестен مجهول مجهولة نامعلوم نامشخص
    אלמוני אלמונית अज्ञात অজ্ঞাত 不明 不详 不詳 未知 未詳 불명 미상 άγνωστος αγνωστος άγνωστη αγνωστη""")
#: Words that say so only when nothing else is there: some people are really called this.
_NOBODY_ALONE = listed("""na nil none no name names surname forename forenames firstname lastname given not stated recorded provided known
    available applicable disclosed supplied yet baby child man woman boy girl adult person lady gentleman juvenile test
    x xx xxx uk mr mrs ms miss sir madam doe""")
#: Forms of address and generation: dropped from an identity, and a sign that a text is not plainly a name.
_TITLES = listed("mr mrs ms miss mx dr prof professor rev revd sir dame madam jr snr jnr esq haji hajji hajj al-haj")
#: Words of remarks: who someone is to somebody, or what an officer thinks of him. Never dropped silently from a release.
_REMARKS = listed("""wife husband spouse partner expartner exwife exhusband girlfriend boyfriend fiance fiancee mother father mum dad
    mummy daddy daughter brother sister stepfather stepmother stepson stepdaughter stepbrother stepsister uncle aunt
    auntie grandmother grandfather grandson granddaughter grandma grandad niece nephew cousin inlaw relative relation
    relationship guardian carer parent widow widower neighbour neighbor lodger tenant landlord employer employee
    colleague friend flatmate housemate sibling twin dependant dependent sponsor
    victim victims complainant complainants complainer complaintant aggrieved injured ip witness witnesses suspect
    suspects offender offenders perpetrator perp accused defendant nominal subject detainee prisoner arrested charged
    convicted wanted bailed informant reporter caller reporting reported allegation alleged allegedly
    dv da dva dvpn dvpo hba fgm fm ms nrm marac idva dash ipv vawg domestic violence violent abuse abused abuser abusive
    assault assaulted assailant harasser stalker stalking rape rapist coercive controlling refuge refugee asylum shelter
    immigrant migrant illegal overstayer trafficked trafficker trafficking slavery visa deported
    of the and or with from see same above below also aka alias aliases known formerly previously nee née née maiden
    married divorced separated deceased dead late missing address lives living resident staying care c/o at re ref
    warning marker flag caution confirmed unconfirmed possible possibly probable maybe believed claims claimed thought
    spelling spelt spelled sp sic goes called stated states says said_to query check duplicate dup do_not not never
    identity id pnc dob age aged years old yrs phone tel email adult male female person unknown
    esposa esposo marido mujer viuda viudo hijo hija hermana hermano madre padre novio novia víctima victima testigo
    épouse epouse époux epoux mari femme veuve veuf mère pere père soeur sœur frère frere fille fils victime témoin temoin
    ehefrau ehemann frau herr witwe witwer mutter vater tochter sohn schwester bruder opfer zeuge zeugin geb geborene
    moglie marito vedova madre padre sorella fratello figlia figlio vittima testimone
    mulher viúva viuva filha filho irmã irmã irmão irma irmao vítima testemunha
    żona zona mąż maz matka ojciec siostra córka corka ofiara świadek swiadek partnerka
    soția sotia soțul sotul mama tata victima martor sora fratele fiica
    карısı karısı karisi kocası kocasi eşi esi annesi babası babasi mağdur magdur kızı
    жена муж мать отец сестра брат дочь сын потерпевшая потерпевший пострадавшая пострадавший жертва свидетель вдова
    дружина чоловік потерпіла потерпілий свідок мати батько
    زوجة زوج زوجته أم والدة والد أخت أخ ابنة ضحية شاهد شاهدة مشتكية مشتكي أرملة
    همسر شوهر قربانی شاهد مادر پدر خواهر برادر دختر بیوی خاوند بیوہ بیٹی متاثرہ
    पत्नी पति पीड़ित पीड़िता गवाह माता पिता बहन भाई स्त्री স্ত্রী স্বামী ভিকটিম সাক্ষী মাতা পিতা ਪਤਨੀ ਪਤੀ ਪੀੜਤ
    妻 妻子 太太 丈夫 老公 老婆 受害者 受害人 证人 證人 母亲 父亲 夫人 被害者 目撃者 아내 남편 피해자 목격자
    σύζυγος συζυγος θύμα θυμα μάρτυρας μαρτυρας אשתו בעלה קורבן עד נפגעת""") | frozenset({"ex"})
#: Remark words that are also somebody's real name or a real particle: a remark only beside another word of that kind.
_REMARK_OR_NAME = listed(
    "ms ip sp re id da fm do_not at or said_to frau mari sora maz zona irma esi mama tata zeuge late old marker not care twin"
)

# --- particles --------------------------------------------------------------------------------------------------------

#: Small words that records write, join or drop at will. Dropped unless they end the recorded name.
_PARTICLES = listed("""al el ul ur ud ad as ar an ash az ath ed es il us bin ibn ben bint binti binte bte ould wuld uld walad oglu ogly
    oglou qizi kyzy kizi gizi abu abou abi umm um de del della dello delle degli dei di da dal dalla das do dos du des
    d la las los le les lo y e i van von vom zu zur der den ter ten te vander vanden af av till thi ap ferch nic
    wa wal so dela delos""")
#: In front of the rest of a word: the Arabic article (assimilated too) and its kind, joined on.
_ARTICLE = re.compile(r"^(?:al|el|ul)(?=[bcdfghjklmnpqrstvwxyz][a-z]{2})")
_PREFIX = re.compile(r"^(?:dela|delos|delas|abou|abu|vander|vanden|vande|ten(?=[bhkv]))(?=[a-z]{4})")
#: Somali spelling: long vowels are doubled, x is h and c is no sound that others write.
_SOMALI = re.compile(r"^(?=.*(?:aa|ii|uu))(?:.*x|.*c(?![hklr]))")
_SOMALI_C = re.compile(r"c(?![hklr])")
_ABD = re.compile(r"^(?:abd|abt|apt)(?:[aeiou]{1,2}(?:l|r|s|z|d|n|t)?l?)?(?=[a-z]{4})")
_ABDULLAH = re.compile(r"^abd[aeou]l+a(?:h|y|e|i|j|$)")
_ABD_ALONE = listed("abd abdul abdel abdal abdol abdool abdoul abdur abdus abdu abdou abdelal abt")
#: The same as a word of its own, in any script.
_ABD_WRITTEN = listed(
    "abd abdul abdel abdal abdol abdoul abdur abdus abdu عبد আব্দুল আবদুল अब्दुल ਅਬਦੁਲ અબ્દુલ அப்துல் абдул"
) | {unicodedata.normalize("NFC", unicodedata.normalize("NFKC", word)) for word in ("അബ്ദുൽ", "అబ్దుల్", "අබ්දුල්")}
_ULLAH = re.compile(r"^([a-z]{2,}?)(?:h?[aeou]?(?:ull?ah|oull?ah|oll?ah|ull?a|all?ah|oulla))$")
_UDDIN = re.compile(r"^([a-z]{2,}?)(?:[aeiou]{1,2}d{1,2}[aeiou]{1,2}ne?|ed+in+e?|oud+ine?)$")
_RAHMAN = re.compile(r"^([a-z]{2,}?)[uo]r(r[ae]h+m[aou]+n)$")
_UR = re.compile(r"^([a-z]{3,})[uo]r$")

#: One syllable of a Chinese, Korean or Vietnamese name in Latin letters. Two of them, with or without a joint, are one
#: given name (Mei-ling, Ji An).
_SYLLABLE = re.compile(
    r"^(?:ts|tz|hs|zh|ch|sh|ng|kw|gw|kh|ph|th|tr|gi|qu|kk|tt|ss|jj|[bpmfdtnlgkhjqxrzcsywv])?h?"
    r"(?:iao|iau|uai|uei|yeo|yoo|woo|eui|weo|ia|ie|iu|io|ua|ui|uo|ue|ai|ei|ao|au|ou|eo|eu|oe|ae|oo|ee|ya|ye|yo|yu|wa|wo|wi|we|a|e|i|o|u|y)"
    r"(?:ng|nh|ch|n|m|k|t|p|l|r|h|w|c|rh)?$"
)

#: Honorifics that serve as surnames, and the half-names of compounds: they agree with one another but prove little.
_FAINT = listed("begum begam begom bibi khatun khatoon khatum khanam khanom khanum bano banu abd ullah uddin")

# --- letters ----------------------------------------------------------------------------------------------------------

_LETTERS = str.maketrans(
    {
        "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "æ": "ae", "œ": "oe", "ħ": "h", "ə": "a",
        "ŋ": "ng", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ĸ": "k", "ŀ": "l", "ç": "ch", "ş": "sh", "ș": "sh", "š": "sh", "ś": "sh",
        "č": "ch", "ć": "ch", "ž": "zh", "ż": "zh", "ź": "zh", "ţ": "ts", "ț": "ts", "ñ": "n", "ğ": "gh", "ģ": "g",
    }
)  # fmt: skip
_MARKS = re.compile(r"[\u0300-\u036f\u0483-\u0489]+")
_QUOTES = re.compile("['’‘`´ʻʼʿʾ′\"“”\u02b9\u02bc\u05f3]")
#: Zero and one where a reader of scanned paper saw no letter.
_DIGIT_IN_WORD = re.compile(r"[01](?=[^\W\d_])|(?<=[^\W\d_])[01]")
_BRACKETED = re.compile(r"[(\[{<][^)\]}>]*[)\]}>]?")
#: Everything but letters and the marks that belong to letters (`\\w` leaves vowel signs out).
_NO_LETTER = re.compile(
    r"(?:[^\w\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0780-\u07bf\u0900-\u0963\u0971-\u0dff"
    r"\u0e00-\u0fff\u1000-\u109f\u1780-\u17d3\u200c\u200d]|[\d_])+"
)

#: One table serves all Indic blocks that follow the same layout: the offset in the block gives the letter.
_INDIC_BASES = (0x0900, 0x0980, 0x0A00, 0x0A80, 0x0B00, 0x0B80, 0x0C00, 0x0C80, 0x0D00)
_INDIC_SERIES = "k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l l v sh sh s h"
_INDIC_WITH_DOT = "k kh g z r rh f y"
_INDIC_CONSONANTS = dict(zip(range(0x15, 0x3A), _INDIC_SERIES.split(), strict=True))
_INDIC_CONSONANTS |= dict(zip(range(0x58, 0x60), _INDIC_WITH_DOT.split(), strict=True))
_INDIC_VOWELS = {
    0x05: "a", 0x06: "a", 0x07: "i", 0x08: "i", 0x09: "u", 0x0A: "u", 0x0B: "ri", 0x0D: "e", 0x0E: "e", 0x0F: "e",
    0x10: "ai", 0x11: "o", 0x12: "o", 0x13: "o", 0x14: "au", 0x60: "ri",
}  # fmt: skip
_INDIC_SIGNS = {
    0x3E: "a", 0x3F: "i", 0x40: "i", 0x41: "u", 0x42: "u", 0x43: "ri", 0x44: "ri", 0x45: "e", 0x46: "e", 0x47: "e",
    0x48: "ai", 0x49: "o", 0x4A: "o", 0x4B: "o", 0x4C: "au", 0x56: "ai", 0x57: "au",
}  # fmt: skip
_INDIC_NUKTA = {"k": "q", "kh": "kh", "g": "gh", "j": "z", "ph": "f", "d": "r", "dh": "rh", "y": "y"}
_INDIC_ODD = {
    "ৎ": "t",
    "ৰ": "r",
    "ৱ": "w",
    "ੰ": "n",
    "ੱ": "",
    "ੲ": "i",
    "ੳ": "u",
    "ൺ": "n",
    "ൻ": "n",
    "ർ": "r",
    "ൽ": "l",
    "ൾ": "l",
    "ൿ": "k",
}

#: Arabic letters, as consonants. Capitals may be sounded or not: A, W and Y are long vowels and glides, E is silent or a t.
_ARABIC = {
    "ا": "A", "أ": "A", "إ": "A", "آ": "A", "ٱ": "A", "ى": "A", "ء": "", "ؤ": "W", "ئ": "Y", "ب": "b", "پ": "p", "ت": "t",
    "ٹ": "t", "ث": "s", "ج": "j", "چ": "S", "ح": "h", "خ": "H", "د": "d", "ڈ": "d", "ذ": "z", "ر": "r", "ڑ": "r", "ز": "z",
    "ژ": "S", "س": "s", "ش": "S", "ص": "s", "ض": "z", "ط": "t", "ظ": "z", "ع": "A", "غ": "G", "ف": "f", "ڤ": "v", "ق": "q",
    "ک": "k", "ك": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "ں": "n", "و": "W", "ه": "h", "ہ": "h", "ھ": "h", "ة": "E",
    "ۀ": "h", "ي": "Y", "ی": "Y", "ې": "Y", "ے": "Y", "ۆ": "W", "ێ": "Y", "ە": "h", "ۇ": "W", "ۈ": "W", "ڭ": "n",
    "ړ": "r", "ټ": "t", "ډ": "d", "ځ": "z", "څ": "s", "ښ": "S", "ږ": "g", "ګ": "g", "ڼ": "n", "ۍ": "Y", "ڕ": "r", "ڵ": "l",
}  # fmt: skip
_HEBREW = {
    "א": "A", "ב": "b", "ג": "g", "ד": "d", "ה": "h", "ו": "W", "ז": "z", "ח": "h", "ט": "t", "י": "Y", "כ": "k", "ך": "k",
    "ל": "l", "מ": "m", "ם": "m", "נ": "n", "ן": "n", "ס": "s", "ע": "A", "פ": "p", "ף": "f", "צ": "S", "ץ": "S", "ק": "k",
    "ר": "r", "ש": "S", "ת": "t", "ײ": "Y", "װ": "W",
}  # fmt: skip

# --- sounds -----------------------------------------------------------------------------------------------------------


def _change(pattern: str, sound: str) -> Callable[[str], str]:
    """What writes a sound in place of a spelling."""
    return methodcaller("replace", pattern, sound) if pattern.isalpha() else partial(re.compile(pattern).sub, sound)


#: Spelling to sound, in this order: beginnings of which one must be there (so that most rules cost nothing), spelling, sound.
#: Sounds use the letters of `_CLASS` and the three vowels a, i, u.
_SOUNDS: tuple[tuple[tuple[str, ...], Callable[[str], str]], ...] = tuple(
    (tuple(signs.split()) or ("",), _change(pattern, sound))
    for signs, pattern, sound in (
        ("sk ck hk", r"(?<=[a-z]{2})(?:s[ck]|c)h?k(?:aya|aia|aja|iy|yy|ij|ii|ij|yi|ay|i|y|a)$", "sk"),
        ("sk sc", r"(?<=[a-z]{2})s[kc](?:aya|aia|aja|iy|yy|ij|ii|yi|ay|i|y|a)$", "sk"),
        ("of ow ov ef ew ev", r"(?<=[a-z])(?:o|e|yo)(?:ff|w|v|f)(?:a|i)?$", "uv"),
        ("in", r"(?<=[a-z]{3})in[ae]?$", "in"),
        ("vic vit wic wit vyc", r"(?<=[a-z]{2})(?:wicz|witz|vitz|vitch|vich|vych|vicz|vic|wich|wits|vits)h?$", "vich"),
        ("opo opu", r"(?<=[a-z]{2})(?:opoulos|opoylos|opulos|opoulou|opoylou|opulou)$", "upul"),
        ("zad", r"(?<=[a-z]{2})(?:zadeh|zada|zade|zadah)$", "zad"),
        ("dze", r"(?<=[a-z]{2})(?:dze|dzé)$", "dz"),
        ("skiene skaite", r"(?<=[a-z]{3}sk)(?:iene|aite)$", "as"),
        ("iute iene ius", r"vi(?:ch|c)i(?:ute|ene|us)$", "vich"),
        ("gya", r"^(a?)gy(?=a)", r"\1j"),
        ("woo", r"(?<=[a-z])woo$", "u"),
        ("ht hl hm hn hp", r"^h(?=[tlmnp])", ""),
        ("sy", r"^sy(?=[aou])", "sh"),
        ("tj tx", r"tj|tx", "ch"),
        ("sch", r"sch", "sh"),
        ("shch stch szcz", r"shch|stch|szcz", "sh"),
        ("tch tsch", r"tsch|tch", "ch"),
        ("dzh dj dsch xh", r"dzh|dj|dsch|xh", "j"),
        ("cz cs", r"cz|cs(?=[aeiou])", "ch"),
        ("sz hs", r"sz|hs(?=[aeiu])", "s"),
        ("zs rz", r"zs|rz", "zh"),
        ("ts tz", r"^ts|tz|ts", "s"),
        ("mc", r"^mc(?=[^aeiou])", "mak"),
        ("mac", r"^mac(?=[b-df-hj-np-tv-z])", "mak"),
        ("ck", r"ck", "k"),
        ("kh", r"kh", "h"),
        ("gh", r"gh(?=[tn]|$)", ""),
        ("gh", r"gh", "g"),
        ("ph", r"ph", "f"),
        ("bh", r"bh", "b"),
        ("dh", r"dh", "d"),
        ("jh", r"jh", "j"),
        ("th", r"th", "t"),
        ("rh", r"rh", "r"),
        ("lh", r"lh", "l"),
        ("nh", r"nh", "n"),
        ("wh", r"wh", "w"),
        ("ou", r"^ou(?=[aei])", "v"),
        ("hua", r"^hu(?=a)", "v"),
        ("gn ny", r"gn|ny(?=[aeiou])", "n"),
        ("ng", r"ng(?=$|[^aeiou])", "n"),
        ("nb np", r"n(?=[bp])", "m"),
        ("x q", r"^x(?=[iu])|^q(?=i[aneu])", "s"),
        ("x", r"^x(?=[aoe])", "h"),
        ("x", r"x", "ks"),
        ("qu", r"qu(?=[ei])", "k"),
        ("q", r"q", "k"),
        ("c", r"c(?=[eiy])", "s"),
        ("ch sh zh", r"ch|sh|zh", "S"),
        ("c", r"c", "k"),
        ("w", r"w", "v"),
        ("ye je ie", r"^(?:ye|je|ie)", "i"),
        ("yu ju iu", r"^yu|^ju(?=[^aeiou])|^iu", "iu"),
        ("ya ia", r"^ya|^ia", "ia"),
        ("j", r"(?<=[aeiou])j(?=$|[^aeiou])|(?<=[bcdfgklmprstvz])j(?=[aeou])", "i"),
        ("h", r"h(?=$)|(?<=.)h", ""),
        ("oo ou oe ue eu eo", r"oo|ou|oe|ue|eu|eo", "u"),
        ("ee ie ei ey ea", r"ee|ie|ei|ey|ea", "i"),
        ("aa ae ah", r"aa|ae|ah", "a"),
        ("ai ay", r"ai|ay", "i"),
        ("au ow aw", r"au|ow|aw", "au"),
        ("e y", r"[ey]", "i"),
        ("o", r"o", "u"),
        ("", r"(.)\1+", r"\1"),
        ("z", r"z", "s"),
        ("p", r"p(?=$|[^aiu])", "b"),
    )
)  # fmt: skip
_VOWELS = re.compile(r"[aiu]+")
#: Consonants by what the ear and the clerk confuse. Vowels, h and y say nothing here.
_CLASS = {
    "b": "P", "p": "P", "f": "P", "v": "P", "w": "P", "t": "T", "d": "T", "k": "K", "g": "K", "q": "K", "s": "S", "z": "S",
    "S": "S", "c": "S", "j": "S", "x": "S", "m": "M", "n": "N", "l": "L", "r": "R",
}  # fmt: skip
_START = dict(zip("bpfvwtdkcqgszSxjmnlr", "bfffftdkkkgssSsjmnlr", strict=True))
_CLASS_OF_ABJAD = _CLASS | {"G": "K", "H": "", "h": ""}
_FIRST = {"c": "k", "q": "k", "y": "i", "j": "i", "w": "v", "z": "s", "e": "i", "o": "u", "p": "f"}


@lru_cache(maxsize=50_000)
def sound_of(latin: str) -> str:
    """What a Latin spelling sounds like, remembered."""
    return _sound(latin)


_DOUBLED = re.compile(r"([^aeiou])\1+")


def _sound(latin: str) -> str:
    """What a Latin spelling sounds like, roughly and in no language in particular."""
    latin = _DOUBLED.sub(r"\1", latin)
    for signs, change in _SOUNDS:
        for sign in signs:
            if sign in latin:
                latin = change(latin)
                break
    return latin


def skeleton_of(sound: str) -> str:
    """The classes of the consonants of a sound, in order; a cluster of one class counts once."""
    out: list[str] = []
    before = ""
    for letter in sound:
        found = _CLASS.get(letter, "")
        if found and found != before:
            out.append(found)
        before = found
    return "".join(out)


_ROMANISATIONS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"hs|x|sh|ss", "s"),
        (r"zh|ch+|q|j|ts|tz|z|c|r(?=[aeiou])", "c"),
        (r"b|pp", "p"),
        (r"d|tt", "t"),
        (r"(?<!n)g|kk", "k"),
        (r"kw|ku(?=[aeo])", "k"),
        (r"erh|er", "r"),
        (r"ih|ieh|eh", "i"),
        (r"h(?=$|[^aeiouy])", ""),
        (r"oo|eu|ou|ong|eong|ung|u", "u"),
        (r"eo|uo|wo|o", "o"),
        (r"ee|yi|y|ey", "i"),
        (r"ien|ian|yen|yan|eon", "in"),
        (r"ie", "i"),
        (r"w", "u"),
        (r"ae|ai|e", "e"),
        (r"n+g*", "n"),
        (r"(.)\1+", r"\1"),
    )
)


@lru_cache(maxsize=20_000)
def _syllables(latin: str) -> str:
    """A romanised Chinese or Korean name in a form in which the usual systems agree."""
    for pattern, sound in _ROMANISATIONS:
        latin = pattern.sub(sound, latin)
    return latin


def _indic(text: str) -> str | None:
    """Latin letters for a text in an Indic script, or None when it is in no such script. Final inherent vowels are dropped."""
    out: list[str] = []
    seen = False
    open_consonant = False
    for before, letter in pairwise(chain([""], text)):
        code = ord(letter)
        base = next((b for b in _INDIC_BASES if b <= code < b + 0x80), None)
        if letter in _INDIC_ODD:
            out.append(_INDIC_ODD[letter])
            open_consonant, seen = False, True
            continue
        if base is None:
            if letter.isalpha():
                return None
            continue
        seen = True
        offset = code - base
        if offset in _INDIC_CONSONANTS:
            if open_consonant:
                out.append("a")
            sound = _INDIC_CONSONANTS[offset]
            if base == 0x0980 and offset == 0x2F:
                sound = "j"
            out.append(sound)
            open_consonant = True
        elif offset == 0x3C and out:
            out[-1] = "y" if before == "য" else _INDIC_NUKTA.get(out[-1], out[-1])
        elif offset in _INDIC_SIGNS:
            out.append(_INDIC_SIGNS[offset])
            open_consonant = False
        elif offset == 0x4D:
            open_consonant = False
        else:
            if open_consonant:
                out.append("a")
            open_consonant = False
            if offset in _INDIC_VOWELS:
                out.append(_INDIC_VOWELS[offset])
            elif offset in (0x01, 0x02):
                out.append("n")
            elif offset == 0x03:
                out.append("h")
    return "".join(out) if seen else None


def _sinhala(text: str) -> str:
    """Latin letters for a text in Sinhala, whose block does not follow the layout of the others."""
    out: list[str] = []
    open_consonant = False
    for letter in text:
        code = ord(letter)
        if 0x0D9A <= code <= 0x0DC6:
            out.append(("a" if open_consonant else "") + anyascii(letter).lower())
            open_consonant = True
        elif code in (0x0D82, 0x0D83):
            out.append(("a" if open_consonant else "") + ("n" if code == 0x0D82 else "h"))
            open_consonant = False
        elif letter.isalpha() or 0x0DCA <= code <= 0x0DDF or code in (0x0DF2, 0x0DF3):
            # a vowel, or a sign in place of the consonant's own vowel; the sign that takes it away has no letters
            out.append("" if code == 0x0DCA else anyascii(letter).lower())
            open_consonant = False
    return re.sub(r"[^a-z]", "", "".join(out))


#: A Thai letter under this mark, with its vowel, is not spoken.
_THAI_SILENT = re.compile("[\u0e01-\u0e2e][\u0e34\u0e38]?\u0e4c")
_THAI_FINALS = str.maketrans("จฉชซศษสฎดฐฑฒถทธญณรลฬ", "ตตตตตตตตตตตตตตตนนนนน")


def _thai(text: str) -> tuple[str, ...]:
    """Latin letters for a Thai text: as its end is spoken, and as it is written."""
    spoken = _THAI_SILENT.sub("", text)
    spoken = spoken[:1] + spoken[1:].replace("ญ", "น")
    ends = spoken[:-1] + spoken[-1:].translate(_THAI_FINALS)
    return tuple(dict.fromkeys(re.sub(r"[^a-z]", "", anyascii(form).lower()) or "-" for form in (ends, spoken)))


#: Burmese spellings of which anyascii gives the letters and not the sound.
_BURMESE = (
    (re.compile("[\u1036\u1037\u1038]"), ""), (re.compile("ောင်|ေါင်"), "aung"), (re.compile("ော်|ော|ေါ်|ေါ"), "aw"),
    (re.compile("ိုင်"), "aing"), (re.compile("ို"), "o"), (re.compile("ိန်|ိမ်"), "ein"), (re.compile("ုန်|ုံ"), "on"),
    (re.compile("ွန်"), "un"), (re.compile("င်"), "in"), (re.compile("ယ်"), "e"), (re.compile("ျ|ြ"), "y"),
    (re.compile("သ"), "th"), (re.compile("^အ"), ""),
)  # fmt: skip


def _burmese(text: str) -> str:
    for pattern, latin in _BURMESE:
        text = pattern.sub(latin, text)
    return re.sub(r"[^a-z]", "", anyascii(text).lower()) or "-"


def _abjad(text: str) -> str | None:
    """Consonants for a text in Arabic or Hebrew script, or None when it is in neither. A, W and Y may be vowels."""
    out = [_ARABIC.get(letter) or _HEBREW.get(letter) for letter in text if letter.isalpha() and letter != "ء"]
    if not out or any(letter is None for letter in out):
        return None
    return "".join(letter for letter in out if letter)


def _abjad_skeletons(consonants: str) -> tuple[str, ...]:
    """The consonant skeletons a vowel-less spelling may stand for."""
    readings_of_w = ("", "v") if "W" in consonants else ("",)
    endings = ("", "t") if consonants.endswith("E") else ("",)
    found = []
    for w in readings_of_w:
        for ending in endings:
            text = consonants.replace("A", "").replace("Y", "").replace("W", w) + ending
            found.append("".join(_CLASS_OF_ABJAD.get(letter, "") for letter in text))
    return tuple(dict.fromkeys(found))


class Part:
    """What is known of one part of a name. Made once per spelling and cached; compare with `agreement`."""

    __slots__ = (
        "classes",
        "eastern",
        "faint",
        "forms",
        "heard",
        "initial",
        "keys",
        "labels",
        "shapes",
        "skeletons",
        "sounds",
        "starts",
        "syllable",
        "text",
        "vowelless",
    )

    #: The part as recorded, folded; unique for an equal spelling.
    text: str
    #: Latin spellings it may have. Several for scripts that can be read in more than one way.
    forms: tuple[str, ...]
    #: What the forms sound like.
    sounds: tuple[str, ...]
    #: Sounds with each run of vowels as a dot.
    shapes: tuple[str, ...]
    #: Consonant classes in order.
    skeletons: tuple[str, ...]
    #: The skeletons, and what they are if a ch is throaty.
    heard: tuple[str, ...]
    #: Beginning of the skeletons: what blocking uses.
    keys: tuple[str, ...]
    #: How it begins: a group of first sounds, one sign for any vowel.
    starts: tuple[str, ...]
    #: The key and the start when there is one of each, as there almost always is.
    labels: tuple[str, str] | None
    #: Lines of the table of variants on which it stands.
    classes: frozenset[int]
    #: Whether the script leaves vowels out or we read them with doubt.
    vowelless: bool
    #: Whether it is written in Chinese characters or Hangul, so that several romanisations are usual.
    eastern: bool
    #: Whether it may be one romanised syllable of a Chinese or Korean name.
    syllable: bool
    #: Whether agreement on this part says little.
    faint: bool
    #: The first sound, when the part is an initial.
    initial: str

    def __init__(self, text: str) -> None:
        self.text = text
        self.vowelless = False
        self.eastern = not text.isascii() and ("\u4e00" <= text[0] <= "\u9fff" or "\uac00" <= text[0] <= "\ud7a3")
        self.syllable = syllable(text)
        forms: tuple[str, ...]
        skeletons: tuple[str, ...] = ()
        if text.isascii():
            forms = (text,)
        else:
            forms, skeletons, self.vowelless = _read(text)
        classes: frozenset[int] = _CLASSES.get(text, _NO_CLASS)
        for form in forms:
            if form in _CLASSES:
                classes = classes | _CLASSES[form]
        self.classes = classes
        self.faint = any(form in _FAINT for form in forms)
        bare = dict.fromkeys(forms)
        for form in forms:
            for pattern in (_ARTICLE, _PREFIX):
                cut = pattern.sub("", form)
                if cut != form:
                    bare[cut] = None
                    self.classes = self.classes | _CLASSES.get(cut, _NO_CLASS)
            if form.isascii() and _SOMALI.search(form):
                cut = _SOMALI_C.sub("", form.replace("x", "h"))
                bare[cut] = None
                self.classes = self.classes | _CLASSES.get(re.sub(r"([aiu])\1", r"\1", cut), _NO_CLASS)
        self.forms = tuple(bare)
        if len(self.forms) == 1:
            self.sounds = (sound_of(self.forms[0]),)
            self.shapes = (shape_of(self.sounds[0]),)
            skeletons = skeletons or (skeleton_of(self.sounds[0]),)
        else:
            self.sounds = tuple(dict.fromkeys([sound_of(form) for form in self.forms]))
            self.shapes = tuple(dict.fromkeys([shape_of(sound) for sound in self.sounds]))
            skeletons = skeletons or tuple(dict.fromkeys([skeleton_of(sound) for sound in self.sounds]))
        self.skeletons = self.heard = skeletons
        # German, Polish and Israeli ch is the kh of others
        throaty = [skeleton_of(sound_of(form.replace("ch", "h"))) for form in self.forms if "ch" in form]
        if throaty:
            self.heard = tuple(dict.fromkeys((*skeletons, *throaty)))
        if self.classes:
            # every spelling of a known name has one key, whatever it sounds like
            known = [_CLASS_KEYS[line] for line in sorted(self.classes)[:2]]
            self.keys = tuple(dict.fromkeys((*known, *(s[:6] for s in skeletons[:3])) if self.eastern else known))
        else:
            last = skeleton_of(sound_of(self.forms[-1])) if len(self.forms) > 1 and text.isascii() else ""
            self.keys = (last[:6],) if last else tuple(dict.fromkeys(s[:6] for s in skeletons[:4]))
        heard = (
            [_CLASS_SOUNDS[line] for line in sorted(self.classes)[:2]]
            if self.classes and not self.eastern
            else self.sounds
        )
        self.starts = tuple(dict.fromkeys(_START.get(sound[:1], ".") for sound in heard[:4]))
        single = len(self.keys) == 1 == len(self.starts)
        self.labels = (self.keys[0], self.starts[0]) if single else None
        first = self.forms[0][:1]
        self.initial = _FIRST.get(first, first) if len(self.forms[0]) == 1 and text.isascii() else ""

    def begins_with(self, initial: str) -> bool:
        """Whether an initial may stand for this part."""
        return any(_FIRST.get(form[:1], form[:1]) == initial for form in self.forms)


def _final(syllable_of_hangul: str) -> str:
    """A final consonant of Korean as it is usually written in passports."""
    last = {"g": "k", "d": "t", "b": "p"}.get(syllable_of_hangul[-1:], "")
    if not last or syllable_of_hangul.endswith("ng"):
        return syllable_of_hangul
    return syllable_of_hangul[:-1] + last


def _read(text: str) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Latin forms, consonant skeletons (empty: derive them from the forms) and vowel doubt of a non-ASCII part."""
    consonants = _abjad(text)
    if consonants is not None:
        latin = consonants.replace("E", "h").lower()
        return (latin,), _abjad_skeletons(consonants), True
    indic = _indic(text)
    if indic is not None:
        return (indic,), (), True
    if any("\u4e00" <= letter <= "\u9fff" for letter in text):
        return readings.of(text, anyascii(text).lower()), (), False
    script = _script(text[0])
    if script == "HANGUL":
        spelt = "".join(_final(anyascii(letter).lower()) for letter in text)
        return (re.sub(r"[^a-z]", "", spelt) or "-",), (), False
    if script == "ETHIOPIC":
        # a letter of the sixth order has no vowel or a short one: heard between consonants
        spelt = "".join(
            anyascii(letter).lower() + ("i" if ord(letter) % 8 == 5 and letter not in "ይው" else "")
            for letter in text[:-1]
        )
        return (re.sub(r"[^a-z]", "", spelt + anyascii(text[-1:]).lower()) or "-",), (), True
    if script == "SINHALA":
        return (_sinhala(text) or "-",), (), True
    if script == "THAI":
        return _thai(text), (), True
    if script == "MYANMAR":
        return (_burmese(text),), (), True
    latin = re.sub(r"[^a-z]", "", anyascii(text).lower()) or "-"
    if script == "GREEK":
        latin = (
            latin.replace("oy", "ou").replace("mp", "b").replace("nt", "d")
            if latin.startswith(("mp", "nt"))
            else latin.replace("oy", "ou")
        )
    if script == "GEORGIAN" and latin.endswith("i") and len(latin) > 4:
        # the ending of the nominative, which romanised records often drop
        return (latin, latin[:-1]), (), False
    return (latin,), (), script in ("KHMER", "LAO", "TIBETAN", "SYRIAC")


_NO_CLASS: frozenset[int] = frozenset()
_CLASSES: dict[str, frozenset[int]] = {}
_CLASS_KEYS: list[str] = []
_CLASS_SOUNDS: list[str] = []


def _fold_word(word: str) -> str:
    """One word without case, accents and marks; Latin letters with a stroke or a tail become plain ones."""
    word = unicodedata.normalize("NFKC", word).casefold()
    if word.isascii():
        return word
    word = (
        unicodedata.normalize("NFC", unicodedata.normalize("NFD", word).replace("\u0307", "")) if "i̇" in word else word
    )
    word = word.translate(_LETTERS)
    word = _MARKS.sub("", unicodedata.normalize("NFD", word))
    # Hebrew points, Arabic vowel marks, joiners
    word = "".join(
        c
        for c in word
        if not ("\u0591" <= c <= "\u05c7" or "\u064b" <= c <= "\u065f" or c in "\u0670\u0640\u200c\u200d")
    )
    return unicodedata.normalize("NFC", word).replace("ё", "е")


def _load() -> None:
    lines = [
        tuple(dict.fromkeys(_fold_word(word).replace("'", "") for word in line.split())) for line in variants.NAMES
    ]
    found: dict[str, set[int]] = {}
    for number, line in enumerate(lines):
        for word in line:
            found.setdefault(word, set()).add(number)
    _CLASSES.update({word: frozenset(numbers) for word, numbers in found.items()})
    _CLASS_SOUNDS.extend(_sound(line[0]) for line in lines)
    _CLASS_KEYS.extend(skeleton_of(_sound(line[0]))[:6] for line in lines)


_load()


@lru_cache(maxsize=50_000)
def part(text: str) -> Part:
    """What is known of one part (as `parts` gives them)."""
    return Part(text)


@lru_cache(maxsize=20_000)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "UNKNOWN")
    first = name.split(maxsplit=1)[0]
    return "JAPANESE" if first in ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC") else first


def _split_compound(word: str, following: str) -> tuple[str, ...]:
    """Take apart what some records join: Abdulrahman, Asadullah, Nooruddin, Ziaur (Rahman)."""
    if word in _CLASSES:
        return (word,)
    if word in _ABD_ALONE:
        return ("abd",)
    match = _RAHMAN.match(word)
    if match:
        return (match[1], "rahman")
    cut = word if _ABDULLAH.match(word) else _ABD.sub("", word)
    if cut != word:
        return ("abd", *_split_compound(cut, following))
    if word in ("ullah", "oullah", "ulla", "allah", "uddin", "udin", "eddin", "eddine", "aldin", "uldin"):
        return ("ullah",) if "l" in word and "d" not in word else ("uddin",)
    match = _ULLAH.match(word)
    if match and len(word) > 6:
        return (match[1], "ullah")
    match = _UDDIN.match(word)
    if match and len(word) > 7:
        return (match[1], "uddin")
    if following.startswith(("rahm", "rehm")):
        match = _UR.match(word)
        if match:
            return (match[1],)
    return (word,)


def _han(words: list[str], alone: bool) -> list[str]:
    """Split a whole Chinese or Korean name written without a space into surname and given name."""
    if not alone or len(words) != 1 or not 3 <= len(words[0]) <= 4:
        return words
    word = words[0]
    if all("\uac00" <= c <= "\ud7a3" for c in word) or all("\u4e00" <= c <= "\u9fff" for c in word):
        cut = 2 if len(word) == 4 else 1
        return [word[:cut], word[cut:]]
    return words


@lru_cache(maxsize=50_000)
def parts(text: str, alone: bool = False) -> tuple[str, ...]:
    """The parts of one recorded text (a surname, or one given name), folded, without particles, titles and remarks.

    `alone` says that the text is the whole recorded name. A text that names nobody has no parts.
    """
    if text.isalpha() and text.isascii():
        word = text[:MOST_LETTERS].lower()
        if word in _NOBODY or word in _TITLES:
            return ()
        return ("abd",) if word in _ABD_WRITTEN else _split_compound(word, "")
    text = _QUOTES.sub("", unicodedata.normalize("NFKC", text[:MOST_LETTERS]))
    if "0" in text or "1" in text:
        text = _DIGIT_IN_WORD.sub(lambda match: "o" if match[0] == "0" else "l", text)
    bare = _BRACKETED.sub(" ", text)
    words = [_fold_word(word) for word in _NO_LETTER.split(bare if bare.strip() else text) if word]
    words = [word for word in words if word and word not in _NOBODY and word not in _TITLES]
    if len(words) > 1:
        words = [word for word in words if word not in _REMARKS or word in _REMARK_OR_NAME]
    words = _han(words, alone)
    kept: list[str] = []
    last = len(words) - 1
    for index, word in enumerate(words):
        following = words[index + 1] if index < last else ""
        if word == "o" and following and len(following) > 3 and following.isascii():
            words[index + 1] = "o" + following
            continue
        if word in ("mc", "mac") and following:
            words[index + 1] = "mc" + following
            continue
        if index < last and word in _PARTICLES:
            continue
        if word.startswith("ال") and len(word) > 4:
            word = word[2:]  # noqa: PLW2901 - the article, which Latin spellings write, join or drop
        if word in _ABD_WRITTEN:
            kept.append("abd")
            continue
        kept.extend(_split_compound(word, following) if word.isascii() else (word,))
    if len(kept) > MOST_PARTS:
        kept = kept[:3] + kept[-3:]
    return tuple(kept)


def syllable(text: str) -> bool:
    """Whether a part may be one syllable of a Chinese, Korean or Vietnamese name."""
    return 1 < len(text) <= 6 and text.isascii() and _SYLLABLE.match(text) is not None


_LONE_VOWELS = frozenset("aeiou")
_HYPHENS = re.compile(r"\s*[-‐‑–]\s*")


@lru_cache(maxsize=50_000)
def given_parts(text: str, alone: bool = False) -> tuple[str, ...]:
    """`parts` of a given name, where two syllables with a hyphen (Mei-ling, Ji-an) are the one name they are."""
    if "-" in text or "‐" in text or "‑" in text:
        pieces = _HYPHENS.split(text)
        folded = [_fold_word(_QUOTES.sub("", piece)) for piece in pieces]
        if (
            len(pieces) == 2
            and all(syllable(piece) or piece in _LONE_VOWELS for piece in folded)
            and (folded[0] not in _PARTICLES or folded[0] in _LONE_VOWELS)
        ):
            return ("".join(folded),)
    return parts(text, alone)


@lru_cache(maxsize=50_000)
def whole(name: tuple[str, ...]) -> tuple[str, ...]:
    """The parts of a whole name, where a compound was split over its fields: given Ziaur, surname Rahman."""
    if "rahman" not in name and "rehman" not in name:
        return name
    return tuple(match[1] if (match := _UR.match(text)) and text not in _CLASSES else text for text in name)


# --- comparison -------------------------------------------------------------------------------------------------------

#: How well two parts agree.
NOT, INITIAL, ALIKE, SAME = 0, 1, 2, 3


#: How many letters may be wrong in a word of this length (seven and more are alike): a short name with another letter is
#: another name.
_LETTERS_ALLOWED = (0, 0, 0, 0, 1, 1, 1, 2)


#: Two longer spellings with so small a share of letters in common (in order) are never one name.
_FEW_LETTERS = 0.42


@lru_cache(maxsize=100_000)
def agreement(one: str, other: str) -> int:
    """How well two parts agree: NOT, INITIAL, ALIKE (misspelt by a letter or two) or SAME (equal, or sounding so)."""
    if one == other:
        return SAME
    if one.isascii() and other.isascii() and len(one) > 1 < len(other):
        # decided without working out what either sounds like, which is most of the time
        known, known_too = _CLASSES.get(one), _CLASSES.get(other)
        if known and known_too:
            return NOT if known.isdisjoint(known_too) else SAME
        if (
            len(one) + len(other) > 8
            and Indel.normalized_similarity(one, other, score_cutoff=_FEW_LETTERS) < _FEW_LETTERS
        ):
            return NOT
    a, b = part(one), part(other)
    if a.initial or b.initial:
        if a.initial and b.initial:
            return INITIAL if a.initial == b.initial else NOT
        agrees = b.begins_with(a.initial) if a.initial else a.begins_with(b.initial)
        return INITIAL if agrees else NOT
    if a.classes and b.classes:
        return SAME if a.classes & b.classes else NOT
    if a.vowelless or b.vowelless:
        return _agreement_of_consonants(a, b)
    if (a.eastern or b.eastern) and not {_syllables(form) for form in a.forms}.isdisjoint(
        _syllables(form) for form in b.forms
    ):
        return SAME
    if a.syllable and b.syllable and a.text[0] not in "aeiou" and _syllables(a.text) == _syllables(b.text):
        return ALIKE
    if len(a.sounds) == 1 == len(b.sounds) == len(a.forms) == len(b.forms):
        return _alike(a.sounds[0], b.sounds[0], a.shapes[0], b.shapes[0], a.forms[0], b.forms[0])
    best = NOT
    for form in a.forms:
        for other_form in b.forms:
            sound, other_sound = sound_of(form), sound_of(other_form)
            shape, other_shape = _VOWELS.sub(".", sound), _VOWELS.sub(".", other_sound)
            best = max(best, _alike(sound, other_sound, shape, other_shape, form, other_form))
            if best == SAME:
                return best
    return best


def _alike(sound: str, other_sound: str, shape: str, other_shape: str, form: str, other_form: str) -> int:
    """Agreement of two Latin spellings by sound, then by letters."""
    if sound == other_sound:
        return SAME
    if shape == other_shape and len(shape.replace(".", "")) >= 3:
        return SAME
    if max(len(form), len(other_form)) <= 4 and _START.get(sound[:1], ".") != _START.get(other_sound[:1], "."):
        # so short a name that begins otherwise is another one (Gita, Sita; Dean, Jean)
        return NOT
    if _few_apart(sound.replace("S", "s"), other_sound.replace("S", "s")) or _few_apart(form, other_form):
        return ALIKE
    if "rn" in form or "rn" in other_form or "cl" in form or "cl" in other_form:
        # what a reader of scanned paper takes for another letter
        return ALIKE if _few_apart(scanned(form), scanned(other_form)) else NOT
    return NOT


def scanned(form: str) -> str:
    """A spelling with what a reader of scanned paper takes for another letter in one form."""
    return form.replace("rn", "m").replace("cl", "d")


def shape_of(sound: str) -> str:
    """A sound with each run of vowels as a dot."""
    return _VOWELS.sub(".", sound)


def letters_allowed(length: int) -> int:
    """How many letters may be wrong in a word, by the length of the longer one of two."""
    return _LETTERS_ALLOWED[min(length, 7)]


def _few_apart(one: str, other: str) -> bool:
    """Whether so few letters differ as may be wrong in words of this length."""
    length, other_length = len(one), len(other)
    allowed = letters_allowed(max(length, other_length))
    return (
        allowed > 0
        and abs(length - other_length) <= allowed
        and OSA.distance(one, other, score_cutoff=allowed) <= allowed
    )


def _agreement_of_consonants(a: Part, b: Part) -> int:
    """Agreement when at least one side is written without (certain) vowels."""
    if not set(a.forms).isdisjoint(b.forms):
        return SAME
    for skeleton in a.heard:
        for other in b.heard:
            if skeleton == other:
                if len(skeleton) >= 2:
                    return SAME
                return ALIKE if max(len(a.forms[0]), len(b.forms[0])) <= 6 else NOT
    for skeleton in a.heard:
        for other in b.heard:
            if min(len(skeleton), len(other)) >= 3 and OSA.distance(skeleton, other, score_cutoff=1) <= 1:
                return ALIKE
    return NOT


def _agree(one: str, other: str) -> int:
    """`agreement` of two parts in any order."""
    if one == other:
        return SAME
    return agreement(one, other) if one < other else agreement(other, one)


def _grid(name: Sequence[str], other: Sequence[str]) -> list[list[int]]:
    """How well each part of a name agrees with each part of another."""
    return [[_agree(one, word) for word in other] for one in name]


def _assign(grid: Sequence[Sequence[int]]) -> tuple[int, ...] | None:
    """The best one-to-one agreement of every part of the shorter name with a part of the longer one, or None.

    Args:
        grid: a row for each part of the shorter name.
    """
    if not all(any(row) for row in grid):
        return None
    best: tuple[int, ...] | None = None
    best_total = 0
    used = [False] * len(grid[0])
    chosen: list[int] = []

    def search(index: int, total: int) -> None:
        nonlocal best, best_total
        if index == len(grid):
            if total > best_total:
                best, best_total = tuple(chosen), total
            return
        if total + SAME * (len(grid) - index) <= best_total:
            return
        row = grid[index]
        for column in range(len(row)):
            if row[column] and not used[column]:
                used[column] = True
                chosen.append(row[column])
                search(index + 1, total + row[column])
                chosen.pop()
                used[column] = False

    search(0, 0)
    return best


def _judge(short: Sequence[str], long: Sequence[str], grid: Sequence[Sequence[int]]) -> int:
    """What the agreement of two names of two parts or more amounts to, as `likeness` says it."""
    found = _assign(grid)
    return 0 if found is None else _weigh(short, long, found)


def _weigh(short: Sequence[str], long: Sequence[str], found: Sequence[int]) -> int:
    """What the agreement of each part of the shorter name amounts to, as `likeness` says it."""
    full = sum(1 for one, quality in zip(short, found, strict=True) if quality == SAME and not part(one).faint)
    alike = sum(1 for quality in found if quality >= ALIKE)
    if full >= 2:
        return 2
    if full == 1:
        whole_name = len(short) == len(long) == 2 and min(found) == SAME and sorted(short) == sorted(long)
        return 2 if whole_name else 1
    # nothing agrees in full: two misspelt parts may be one name, one misspelt part and an initial may not
    return int(alike >= 2 and len(short) == alike and min(len(part(one).forms[0]) for one in short) >= 3)


def _joins(name: Sequence[str], other: Sequence[str], grid: Sequence[Sequence[int]]) -> Iterable[tuple[str, ...]]:
    """The name with two neighbours written as one word (Mei Hua, Meihua), where the other name has such a word.

    Args:
        name: parts of a name.
        other: parts of another name.
        grid: how each part of the name agrees with each of the other.
    """
    # what is beside the joined word has to agree as before
    beside = min(len(name) - 1, len(other)) - 1
    agree = [any(row) for row in grid]
    for index in range(len(name) - 1):
        if sum(agree) - agree[index] - agree[index + 1] < beside:
            continue
        first, second = name[index], name[index + 1]
        length = len(first) + len(second)
        for word in other:
            if (
                (word[0] == first[0] and -2 <= len(word) - length <= 2) or not word.isascii() or not first.isascii()
            ) and _agree(first + second, word) >= ALIKE:
                yield (*name[:index], first + second, *name[index + 2 :])
                break


def likeness(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How alike two recorded names are: 0 not, 1 similar, 2 similar with two parts in full agreement. Symmetric.

    Args:
        one: parts of a recorded name in any order.
        other: parts of another recorded name in any order.
    """
    if len(one) == 2 == len(other):
        return _likeness_of_two(one, other)
    short, long = _by_length(one, other)
    if not short:
        return 0
    if len(short) == 1:
        # a single name is compared with a single name only, and must be the same: a lone shared name is no identity
        return int(
            len(long) == 1 and len(short[0]) > 1 and agreement(short[0], long[0]) == SAME and not part(short[0]).faint
        )
    grid = _grid(short, long)
    best = _judge(short, long, grid)
    if best == 2:
        return best
    for joined in _joins(long, short, list(zip(*grid, strict=True))):
        pair = _by_length(short, joined)
        best = max(best, _judge(*pair, _grid(*pair)))
    if len(short) > 2:
        for joined in _joins(short, long, grid):
            pair = _by_length(long, joined)
            best = max(best, _judge(*pair, _grid(*pair)))
    return best


def _likeness_of_two(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """`likeness` of names of two parts each, which most are: the same answer without a search."""
    if other < one:
        one, other = other, one  # `_weigh` looks at the first: who is given first must make no difference
    (a, b), (c, d) = one, other
    best: tuple[int, ...] | None = None
    first = agreement(a, c) if a <= c else agreement(c, a)
    if first:
        second = agreement(b, d) if b <= d else agreement(d, b)
        if second:
            best = (first, second)
    if best != (SAME, SAME):
        first = agreement(a, d) if a <= d else agreement(d, a)
        if first:
            second = agreement(b, c) if b <= c else agreement(c, b)
            if second and (best is None or first + second > sum(best)):
                best = (first, second)
    return _weigh(one, other, best) if best else 0


def _by_length(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (one, other) if (len(one), one) <= (len(other), other) else (other, one)


def similar(a_names: Iterable[tuple[str, ...]], b_names: Iterable[tuple[str, ...]]) -> int:
    """The greatest likeness of any name of one person and any name of another: 0, 1 or 2 (see `likeness`)."""
    best = 0
    others = tuple(b_names)
    for one in a_names:
        for other in others:
            found = likeness(one, other)
            if found > best:
                best = found
                if best == 2:
                    return best
    return best


# --- strict reading ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=50_000)
def nobody(name: str) -> bool:
    """Whether a recorded text certainly names nobody. A text that might be a name (Na, Baby) is left to its company."""
    if name.isalpha() and name.isascii():
        word = name.lower()
        return word in _NOBODY or (len(word) > 2 and len(set(word)) == 1)
    text = unicodedata.normalize("NFKC", name).casefold()
    words = [_fold_word(word) for word in _NO_LETTER.split(_QUOTES.sub("", text)) if word]
    if not words or any(word in _NOBODY for word in words):
        return True
    joined = "".join(words)
    if len(words) > 1 and joined in ("na", "nk", "uk"):
        return True
    return len(joined) >= 3 and len(set(joined)) == 1 and joined.isascii()


@lru_cache(maxsize=50_000)
def placeholder(name: str) -> bool:
    """Whether a recorded text stands where nobody knew the name (UNKNOWN FEMALE, N/A, BABY, XXX). Empty counts.

    Strict: a text that is a placeholder somewhere and a name elsewhere (Na, Baby) counts.
    """
    if nobody(name):
        return True
    if name.isalpha() and name.isascii():
        return name.lower() in _NOBODY_ALONE
    text = unicodedata.normalize("NFKC", name).casefold()
    words = [_fold_word(word) for word in _NO_LETTER.split(_QUOTES.sub("", text)) if word]
    return all(word in _NOBODY_ALONE for word in words) or "".join(words) in _NOBODY


#: Letters that a name in this script may carry as marks (vowel signs), beside letters proper.
_MARKED_SCRIPTS = listed(
    "ARABIC HEBREW DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU KANNADA MALAYALAM SINHALA THAI LAO KHMER MYANMAR"
    " TIBETAN SYRIAC THAANA"
)
_LONGEST_NAME = 35


@lru_cache(maxsize=50_000)
def plainly_a_name(text: str) -> bool:
    """Whether a text may leave as a name by itself (spec 6.16). Strict: doubt is no.

    Yes only for letters of one script with single spaces, hyphens and apostrophes between them, up to 35 characters, that
    are no placeholder, no title and no remark about somebody.
    """
    if not text or len(text) > _LONGEST_NAME or unicodedata.normalize("NFC", text) != text:
        return False
    script = ""
    before = ""
    for letter in text:
        if letter in " -'’":
            # a joint stands between letters; ' may also end or follow a joint in no name we release by ourselves
            if not before or before in " -'’":
                return False
        else:
            category = unicodedata.category(letter)
            if category in ("Mn", "Mc"):
                if script not in _MARKED_SCRIPTS or not before or before in " -'’":
                    return False
            elif category not in ("Lu", "Ll", "Lo", "Lt") and letter != "々":
                return False
            found = script if category in ("Mn", "Mc") or letter == "々" else _script(letter)
            if found in (
                "UNKNOWN",
                "MODIFIER",
                "FULLWIDTH",
                "HALFWIDTH",
                "MATHEMATICAL",
                "FEMININE",
                "MASCULINE",
                "MICRO",
            ) or (script and found != script):
                return False
            script = found
        before = letter
    if before in " -'’" or not script or unicodedata.normalize("NFKC", text) != text:
        return False
    if placeholder(text):
        return False
    words = [word for word in re.split(r"[ \-]", text.casefold()) if word]
    for word in words:
        bare = _QUOTES.sub("", word)
        stem = re.sub(r"(?:'s|’s|s')$", "", word)
        forms = {word, bare, stem, _fold_word(bare), _fold_word(stem)}
        if forms & _TITLES or forms & _NOBODY:
            return False
        hits = forms & _REMARKS
        if hits and (hits - _REMARK_OR_NAME or len(words) > 2):
            return False
    folded = [_fold_word(_QUOTES.sub("", word)) for word in words]
    letters = sum(1 for c in text if c.isalpha())
    if script in ("LATIN", "CYRILLIC", "GREEK") and letters < 2:
        return False
    # "SMITH DA", "KHAN HBA": an abbreviation after the name
    return not (len(folded) > 1 and folded[-1] in ("da", "ms", "ip", "fm", "id", "re"))
