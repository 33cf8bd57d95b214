"""How names written in Chinese characters may be read: Chinese, Japanese and Korean readings of common characters.

The same characters are read differently in each language, and records romanise by the language of the person. All
readings are possible, so all are compared; one that agrees is enough.
"""

from __future__ import annotations

from itertools import islice, product

from anyascii import anyascii

#: At most so many readings of one written name are compared.
MOST_READINGS = 32

#: Whole names whose reading is not that of their characters.
_WHOLE_TABLE = """
佐藤 sato; 咲茉 ema emi; 陽葵 himari hinata hina; 澪 mio rei; 詩 uta; 暖 dan haru; 心結 miyu; 伊藤 ito; 加藤 kato; 斎藤 saito; 斉藤 saito; 齋藤 saito; 工藤 kudo; 近藤 kondo; 遠藤 endo; 後藤 goto; 安藤 ando; 内藤
naito; 須藤 sudo; 武藤 muto; 進藤 shindo; 渡辺 watanabe; 渡邊 watanabe; 渡部 watanabe; 服部 hattori; 長谷川 hasegawa; 小野 ono;
小野寺 onodera; 五十嵐 igarashi; 東海林 shoji; 大和 yamato; 大翔 hiroto haruto; 陽翔 haruto; 悠真 yuma haruma; 湊 minato; 大谷
otani oya; 新井 arai; 荒井 arai; 金子 kaneko; 菊地 kikuchi; 菊池 kikuchi; 上田 ueda; 上野 ueno; 河野 kono kawano; 小山 koyama
oyama; 小島 kojima; 児島 kojima; 児玉 kodama; 中島 nakajima nakashima; 福島 fukushima; 松尾 matsuo; 本田 honda; 本間 honma
homma; 飯田 iida; 飯塚 iizuka; 新田 nitta; 東 azuma higashi; 神田 kanda; 神谷 kamiya; 神戸 kobe; 日向 hinata hyuga; 向井 mukai;
三浦 miura; 三宅 miyake; 星野 hoshino; 土屋 tsuchiya; 土井 doi; 服 hatto; 黒田 kuroda; 吉川 yoshikawa; 田村 tamura; 熊谷 kumagai;
早川 hayakawa; 望月 mochizuki; 水野 mizuno; 樋口 higuchi; 秋山 akiyama; 川口 kawaguchi; 岩崎 iwasaki; 柴田 shibata; 桜井
sakurai; 櫻井 sakurai; 木下 kinoshita; 野口 noguchi; 佐々木 sasaki; 佐野 sano; 菅原 sugawara; 菅野 sugano kanno; 千葉 chiba; 岩田
iwata; 大塚 otsuka; 松井 matsui; 小川 ogawa; 小林 kobayashi; 小池 koike; 小松 komatsu; 小田 oda; 小西 konishi; 小泉 koizumi; 小沢
ozawa; 小澤 ozawa; 岡本 okamoto; 今井 imai; 高木 takagi; 安田 yasuda; 安部 abe; 阿部 abe; 西村 nishimura; 太田 ota; 大田 ota; 大野
ono; 大西 onishi; 大橋 ohashi; 大島 oshima; 大久保 okubo; 久保 kubo; 久保田 kubota; 紗良 sara; 翼 tsubasa; 莉子 riko; 陽菜 hina
haruna; 結愛 yua yuna; 心春 koharu; 結菜 yuna yuina; 美咲 misaki; 葵 aoi; 凛 rin; 紬 tsumugi; 芽依 mei; 愛 ai; さくら sakura
"""
#: Readings of single characters in names, the commonest first.
_SINGLE_TABLE = """
田 ta da; 中 naka; 山 yama; 本 moto; 川 kawa gawa; 河 kawa; 木 ki gi; 村 mura; 井 i; 上 ue kami; 下 shita; 小 ko o; 大 o
dai hiro; 野 no; 原 hara wara; 藤 to do fuji; 佐 sa; 伊 i; 加 ka; 斎 sai; 齋 sai; 斉 sai; 高 taka ko; 橋 hashi bashi; 鈴
suzu rin; 渡 wata; 辺 nabe be; 邊 nabe be; 石 ishi; 松 matsu; 林 hayashi bayashi; 清 kiyo shi sei; 水 mizu mi; 池 ike;
森 mori; 阿 a; 部 be; 岡 oka; 前 mae; 長 naga osa; 谷 tani ya; 近 kon; 後 go; 遠 en; 青 ao; 坂 saka; 西 nishi; 東 higashi
azuma; 北 kita; 南 minami; 福 fuku; 島 shima jima; 嶋 shima; 太 ta o; 金 kane kin; 竹 take; 内 uchi; 宮 miya; 崎 saki
zaki; 﨑 saki zaki; 酒 saka; 杉 sugi; 丸 maru; 今 ima; 新 shin nii ara; 平 hira taira hei; 古 furu; 菅 suga kan; 菊
kiku; 桜 sakura; 櫻 sakura; 久 hisa ku; 保 ho yasu; 工 ku; 安 an yasu; 武 take; 千 chi; 葉 ha ba yo; 岩 iwa; 柴 shiba; 増
masu; 浅 asa; 矢 ya; 片 kata; 横 yoko; 関 seki; 飯 ii; 土 tsuchi do; 屋 ya; 吉 yoshi kichi; 尾 o; 市 ichi; 須 su; 星 hoshi
sei; 永 naga ei; 馬 ma ba; 場 ba; 沢 sawa zawa; 澤 sawa zawa; 滝 taki; 成 nari sei; 荒 ara; 服 hat; 三 mi san; 浦 ura; 口
guchi kuchi; 望 mochi nozomi; 月 zuki tsuki; 五 go; 嵐 arashi; 熊 kuma; 秋 aki; 川 kawa gawa; 堀 hori; 塚 tsuka zuka; 樋
hi; 篠 shino; 栗 kuri; 根 ne; 津 tsu; 白 shira shiro; 黒 kuro; 桑 kuwa; 和 kazu wa; 泉 izumi; 富 tomi; 都 miyako to; 志
shi; 早 haya; 鎌 kama; 倉 kura; 細 hoso; 梅 ume; 牧 maki; 相 ai; 馬 ma; 達 datsu tatsu; 辻 tsuji; 神 kami kan; 戸 to do; 島
shima; 足 ashi; 立 tachi dachi; 八 ya hachi; 重 shige; 雄 o yu; 夫 o; 男 o; 郎 ro; 一 kazu ichi hajime; 二 ji; 次 ji
tsugu; 健 ken takeshi; 剛 go tsuyoshi takeshi; 誠 makoto; 翔 sho kakeru to; 蓮 ren; 陽 yo haru hi; 悠 yu haruka; 斗
to; 人 to hito; 大 hiro dai o; 輝 ki teru akira; 樹 ki itsuki; 颯 so hayate; 湊 minato; 朝 asa; 陸 riku; 律 ritsu; 蒼 ao
so aoi; 碧 ao aoi; 凪 nagi na; 新 arata shin; 晴 haru; 暖 haru; 空 sora; 海 umi kai; 結 yu yui; 衣 i e; 愛 ai mana a; 美
mi; 咲 saki sa; 花 hana ka; 華 hana ka; 菜 na; 奈 na; 莉 ri; 里 ri sato; 梨 ri na; 理 ri; 子 ko; 恵 megumi kei e; 惠 kei
e; 智 tomo satoshi; 知 tomo; 由 yu yoshi; 友 tomo; 佑 yu; 祐 yu; 優 yu yuu; 裕 yu hiro; 幸 yuki sachi ko; 雪 yuki; 香 ka
kaori; 織 ori; 紗 sa; 沙 sa; 彩 aya a; 綾 aya; 葵 aoi; 芽 me; 依 i e; 桃 momo; 音 oto ne on; 乃 no; 心 koko kokoro mi; 春
haru; 希 ki nozomi; 真 ma shin makoto; 直 nao; 道 michi; 明 aki akira; 秀 hide; 英 hide e; 文 fumi aya; 正 masa; 昭 aki;
浩 hiro ko; 洋 yo hiro; 博 hiro; 弘 hiro; 隆 taka ryu; 孝 taka; 貴 taka ki; 義 yoshi; 良 yoshi ryo; 純 jun; 淳 jun; 順
jun; 潤 jun; 勝 masa katsu; 敏 toshi; 俊 toshi shun; 利 toshi; 哲 tetsu; 司 ji tsukasa shi; 介 suke; 助 suke; 輔 suke; 也
ya; 哉 ya; 生 o ki; 実 mi minoru; 彦 hiko; 勇 yu isamu; 学 manabu; 修 shu osamu; 徹 toru; 聡 satoshi; 茂 shigeru; 進
susumu; 豊 yutaka; 稔 minoru; 久 hisa; 代 yo; 江 e; 世 yo; 枝 e; 絵 e; 加 ka; 歩 ayu ayumi; 麻 ma asa; 舞 mai; 萌 moe; 遥
haruka haru; 楓 kaede; 凛 rin; 琴 koto; 詩 uta shi; 朱 aka; 音 ne; 陽 haru hi; 向 hina; 日 hi hina; 翼 tsubasa; 龍 ryu
tatsu; 竜 ryu; 虎 tora; 太 ta; 朗 ro; 暉 ki; 葉 ha yo; 瑛 ei; 玲 rei; 怜 rei; 礼 rei; 零 rei; 瑞 mizu; 穂 ho; 帆 ho; 那 na; 瑠
ru; 留 ru; 流 ru; 琉 ryu ru; 羅 ra; 々 ; 飛 asu; 士 shi ji; 治 ji haru; 吾 go; 悟 satoru; 守 mamoru; 昇 noboru; 宏 hiro; 寛
hiro; 泰 yasu; 康 yasu; 靖 yasu; 恭 kyo yasu; 京 kyo; 響 hibiki kyo; 圭 kei; 慶 kei; 啓 kei; 敬 kei taka; 景 kei; 光
hikari mitsu ko; 満 mitsu; 充 mitsu; 弥 ya mi; 未 mi; 来 ku rai; 美 mi; 羽 ha wa u; 右 yu u; 左 sa; 仁 jin hito; 信 nobu
shin; 伸 nobu shin; 延 nobu; 宣 nobu; 忠 tada; 匡 masa; 政 masa; 将 masa sho; 昌 masa; 雅 masa miyabi; 祥 sho yoshi; 章
aki sho; 彰 aki sho; 晃 aki akira ko; 朋 tomo; 倫 tomo rin; 知 chi tomo; 千 chi; 佳 yoshi ka kei; 好 yoshi; 喜 yoshi
ki; 嘉 yoshi; 可 ka; 果 ka; 夏 natsu ka; 七 nana; 菫 sumire; 椿 tsubaki; 柚 yuzu yu; 杏 an anzu; 李 ri; 苺 ichigo; 茉 ma;
鈴 rin suzu; 笑 e emi; 絢 aya; 紬 tsumugi; 結 yu; 苗 nae; 蘭 ran; 藍 ai; 凜 rin; 律 ritsu; 湊 minato; 颯 so; 暁 akatsuki
aki; 朔 saku; 櫂 kai; 快 kai; 魁 kai; 権 gon; 小 ko; 笠 kasa; 畑 hata; 畠 hatake hata; 幡 hata; 浜 hama; 濱 hama; 沼 numa;
瀬 se; 瀧 taki; 宇 u; 梶 kaji; 桐 kiri; 柳 yanagi; 柏 kashiwa; 榎 enoki; 榊 sakaki; 樺 kaba; 萩 hagi; 荻 ogi; 菱 hishi; 蔦
tsuta; 藪 yabu; 鬼 oni; 鳥 tori; 鶴 tsuru; 鷹 taka; 亀 kame; 鹿 shika ka; 犬 inu; 猪 i ino; 鴨 kamo; 鈴 suzu; 砂 suna; 磯
iso; 奥 oku; 堤 tsutsumi; 塩 shio; 城 shiro jo ki; 境 sakai; 門 kado; 戸 to; 窪 kubo; 宅 take; 宍 shishi; 寺 tera; 庄 sho;
広 hiro; 廣 hiro; 弓 yumi; 徳 toku; 恩 on; 我 ga; 手 te; 折 ori; 持 mochi; 掛 kake; 曽 so; 曾 so; 有 ari yu; 服 hat hato; 梨
nashi; 深 fuka; 湯 yu; 溝 mizo; 澄 sumi; 熱 atsu; 父 chi; 猿 saru; 玉 tama; 田 ta da; 甲 ko; 矢 ya; 砲 ho; 神 kami; 稲 ina;
穴 ana; 笹 sasa; 米 yone; 糸 ito; 羽 ha; 苅 kari; 若 waka; 茶 cha; 草 kusa; 落 ochi; 薄 usu; 越 koshi; 赤 aka; 車 kuruma; 辰
tatsu; 邑 mura; 郷 go; 重 shige; 鎌 kama; 間 ma; 関 seki; 阪 saka; 隅 sumi; 雨 ame; 露 tsuyu; 面 men; 須 su; 飛 hi; 馬 ba; 駒
koma
"""


_KOREAN_TABLE = """
金 kim; 李 lee; 朴 park; 崔 choi; 鄭 jung; 郑 jung; 姜 kang; 趙 cho; 赵 cho; 尹 yoon; 張 jang; 张 jang; 林 lim; 吳 oh; 吴 oh;
韓 han; 韩 han; 申 shin; 徐 seo; 權 kwon; 权 kwon; 黃 hwang; 黄 hwang; 安 ahn; 宋 song; 柳 ryu; 全 jeon; 洪 hong; 高 ko; 文
moon; 孫 son; 孙 son; 梁 yang; 裵 bae; 裴 bae; 白 baek; 曺 cho; 曹 cho; 許 heo; 许 heo; 南 nam; 沈 shim; 劉 yoo; 刘 yoo; 盧
noh; 卢 noh; 河 ha; 郭 kwak; 成 sung; 車 cha; 车 cha; 朱 joo; 禹 woo; 具 koo; 辛 shin; 任 lim; 羅 na; 罗 na; 田 jeon; 閔 min;
兪 yoo; 俞 yoo; 陳 jin; 陈 jin; 池 ji; 嚴 eom um; 元 won; 蔡 chae; 千 chun cheon; 方 bang; 楊 yang; 杨 yang; 孔 kong; 玄
hyun; 康 kang; 咸 ham; 卞 byun; 魯 noh; 廉 yeom; 邊 byun; 秋 choo; 都 do; 石 seok; 宣 sun; 薛 seol; 馬 ma; 马 ma; 吉 gil; 魏
wi; 表 pyo; 明 myung; 奇 ki; 房 bang; 潘 ban; 王 wang; 琴 keum; 玉 ok; 陸 yook; 印 in; 孟 maeng; 諸 je; 牟 mo; 蔣 jang; 南宮
namgung; 卓 tak; 鞠 kook; 余 yeo; 秦 jin; 魚 eo; 殷 eun; 片 pyun; 龍 yong
"""


def _table(text: str) -> dict[str, list[str]]:
    """Readings by text; a text may stand more than once."""
    found: dict[str, list[str]] = {}
    for entry in text.replace("\n", " ").split(";"):
        written, *read = entry.split()
        known = found.setdefault(written, [])
        known.extend(one for one in read if one not in known)
    return found


_WHOLE = _table(_WHOLE_TABLE)
_SINGLE = _table(_SINGLE_TABLE)
_KOREAN = _table(_KOREAN_TABLE)
#: Kana stand between characters in many names.
_KANA = {chr(code): anyascii(chr(code)).lower() for code in (*range(0x3041, 0x3097), *range(0x30A1, 0x30F7))}


def _unrepeated(text: str) -> str:
    """The text with 々 replaced by the character it repeats."""
    return "".join(text[index - 1] if letter == "々" and index else letter for index, letter in enumerate(text))


def of(text: str, mandarin: str) -> tuple[str, ...]:
    """Latin readings of a name part in Chinese characters (kana may be mixed in).

    Args:
        text: one part, such as a surname.
        mandarin: its Mandarin reading in lower case.
    """
    found = dict.fromkeys(["".join(c for c in mandarin if c.isalpha())])
    found.update(dict.fromkeys(_WHOLE.get(text, ())))
    found.update(dict.fromkeys(_KOREAN.get(text, ())))
    choices = [_SINGLE.get(letter) or [_KANA.get(letter, "")] for letter in _unrepeated(text)]
    if all(choice[0] for choice in choices):
        found.update(dict.fromkeys("".join(choice) for choice in islice(product(*choices), MOST_READINGS)))
    return tuple(found)
