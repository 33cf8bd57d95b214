"""Spellings that are one name: the table behind loose name matching (spec 6.14).

One line is one name; its spellings are separated by spaces. A spelling may stand on several lines (Wong is the Cantonese
Wang and the Cantonese Huang). Two spellings that stand on lines, but on no line together, are different names, however
close their letters are: Hassan and Hussein are often brothers. Words are folded: lower case, no accents.

The table holds only what sound and spelling rules cannot know. It is no list of foreign names: anything that is not here
is compared by its sound and its letters, and the benchmark `bench/identity.py` shows that this treats cultures evenly.
"""

from __future__ import annotations

#: Names of many cultures. Cognates are joined only where records really mix them (passport and daily use).
NAMES = """
mohammed maxamed muhammad mohamed mohammad muhammed mohamad mohamet mohammod muhamed muhamad mehmet mehmed mehemmed mamadou mamadu magomed magomet mohd muhd md mohmed mahomed mahammad mokhamed mohammadou muhammadu محمد
mahmoud mahmud mahmood mehmood mehmud makhmud mahmut محمود
ahmed ahmad akhmed ahmet achmed achmad ahamed ahmadou amadou akhmad akhmat احمد أحمد
hamid hameed hamit khamid abdulhamid
hamad hamed hamada
hamza hamzah hamzeh khamza حمزه حمزة
hassan xasan hasan hassane khasan hasen حسن
hussain xuseen hussein husain husein husayn hossain hossein hosein hussayn hussin husseini hoossein khusein khusayn huseyin houssein hossen hosen hossin حسين حسین
ali cali aly alee علي علی
alia aliya aliyah aleya
omar cumar umar omer umer oumar عمر
amr amro
ammar amar
amir ameer emir amer
amira ameera emira
amin ameen emin
amina aminah ameena aamina amena amineh emina emine aminata aminatou آمنه امينة آمنة
yusuf yousef youssef yousuf yusef yosef yoosuf yussuf joseph josef jozef josip yousaf iosif usuf jusuf yusif yosif yuusuf youssouf iusuf yusup jusup ysuf يوسف
ibrahim ebrahim ibraheem abraham avraham ibragim ibrahima brahim avram abram ابراهيم إبراهيم
ismail ismael esmail ismaeel ishmael smail ismayil izmail esmaeil اسماعيل إسماعيل
isa issa eissa essa aissa isse عيسى
musa moussa mousa moosa moses moshe musse muse mose موسى
yahya yahia yehia yahiya iakhia يحيى
yaqub yacoub yakub yaqoob jacob jakub yaakov iakov yakov yaghoub yaghub يعقوب
dawud dawood daoud daud davud davood david dawit daoood dawod davoud daoudi داود
sulaiman suleiman suleyman solomon sulayman soleiman souleymane soleyman sulaymon sulejman shlomo salomon سليمان
uthman othman osman usman ousmane ottman osmon عثمان
abubakar abubakr abubaker aboubacar aboubakar bakr abubacar aboubaker
khalid khaled halid xalid kaleed khaalid خالد
walid waleed oualid valid velid وليد
said saeed saeid sayed sa'id saiid saed سعيد
sayyid syed sayed sayyed seyed seyyed saiyed sied sayid سيد
saad sa'd
saida saeeda saida saidah
jamal gamal cemal djamel jamel djamal jamaal dzhamal djemal xhemal جمال
jamila djamila cemile gamila jameela جميلة
karim kareem kerim kerem abdelkarim كريم
karima kareema
rashid rasheed rachid reshid rashed رشيد
rahim raheem rehim رحيم
rahman rehman rahmaan rachman rakhman rehmaan rohman رحمن الرحمن
tariq tarek tarik tareq tarique طارق
faisal faysal feisal faycal faiçal فيصل
fatima fatma fatemeh fathima fatimah fatoumata fatimata fatemah fatme fatimeh fatou fadma faatima فاطمة فاطمه
aisha caasha caisha aysha ayesha aicha aishah ayse aischa aysa aissatou aisatu aischa asha aiysha aesha aiche عائشة عايشة عائشه
khadija khadijah hadija khadijeh khadeeja kadija hatice khadidja khadiza kadiatou khatija hadiza khadiya خديجة خدیجه
zainab zaynab zeinab zeynep zineb zaineb zenab zeynab zainabu زينب زینب
maryam mariam miriam maryem meryem miryam maryan mariama marjam mariyam مريم
noor nour nur noura noora nura نور
fadumo faadumo fadumah fatumo
huda hoda houda
layla leila laila leyla layla lejla leyli ليلى
salma selma
salim saleem selim salem سليم سالم
salam salaam
samir sameer semir samer سمير
samira sameera semira
sharif shareef cherif charif sherif serif chérif شريف
shaikh sheikh shaykh sheik cheikh sheykh sheekh شيخ
abdi cabdi abdy
abdullah cabdullahi cabdulahi abdallah abdulla abdalla abdoulaye abdulahi abdullahi abdollah abdoullah abdellah عبدالله عبدالله
chaudhry chaudhary chowdhury choudhury choudhry chaudhari chaudhuri chowdry choudhary chaudry choudry
qureshi quraishi koreishi quraishy kureshi qureishi qoraishi قريشي
siddiqui siddique siddiqi siddiq sidiqi siddiquee sadiqi
ansari ansary
akhtar akhter aktar akter
begum begam begom bibi khatun khatoon khatum khanam khanom khanum bano banu
singh sing sinh
kaur kour cour
sharma sarma
das dass
patel pattel
mukherjee mukhopadhyay mukerji mukharji
banerjee bandyopadhyay banerji banarjee
chatterjee chattopadhyay chaterji chatterji
lakshmi laxmi lakhmi luxmi
vishnu bishnu
vijay bijay bijoy
krishna krishnan kishan krishno
thapa tapa
nguyen nguyễn nugyen ngyuen nguyn
john johan johann jan ioan ion juan jean giovanni ivan joao johannes ioannis yiannis giannis yannis hovhannes yohannes yahya jovan
jon jonathan jonny
maria mariya marija mariia marie mary mariah marya mariea marja
mario marius
marta martha
alexander aleksandr alexandr aleksander oleksandr alexandre alejandro alessandro aleksandar sasha alex alexandros alexandru alexandar iskander iskandar aliaksandr sander
alexandra aleksandra oleksandra alejandra alessandra
alexei alexey aleksei aleksey oleksiy oleksii aleksi
andrew andrei andrey andriy andrii andrej andrzej andre andreas andres andrea anders ondrej
anna ana hanna hana anne ann annah hannah ganna
dmitri dmitry dmitriy dmytro dimitri dimitry dimitrij dmitrii dima dimitar dimitrios
elena yelena jelena olena helena helen elene ielena alena eleni
elizabeth elisabeth yelizaveta elizaveta elisabeta isabel elżbieta elzbieta erzsebet lizaveta yelisaveta
eugene evgeny yevgeny evgeni evgenii yevgeniy evgeniy yevhen evhen ievgen jevgenij eugen eugenio yauheni
evgenia yevgeniya evgeniya eugenia yevheniia yevheniya ievgeniia
george jorj georgi georgiy giorgi georgios yiorgos giorgos jorge gheorghe jerzy juraj yuri yuriy iurii yury jiri györgy gyorgy gevorg georg jurij yurii
gregory grigori grigory hryhoriy grigor grigoriy hrihorij gregor grzegorz grigorios
igor ihor
julia yulia iuliia yuliya julija iulia giulia yuliia jula
james jim jaime jacques iago diego
katherine catherine ekaterina yekaterina kateryna katarina katarzyna catarina katerina caterina kathryn katrina catalina ecaterina kathrine aikaterini
michael mikhail michal miguel michel mihai mihail mykhailo mykhaylo michele michail mikael mikhael mikayel mihaly mikaeel mihailo mike mikael
nicholas nikolai nikolay mykola nicolae nicolas nikola nikolaos nikolaj nikolas nicola miklos mikola niko
natalia natalya nataliya natalie nataliia natalija natasha
oleg oleh
olga olha volha
paul pavel pavlo pablo paulo paolo pawel pavol pal pavlos
peter petr petro pedro pyotr piotr pietro petros petru petar pierre peteris
sergei sergey serhiy serhii sergii sergiy sergej sergio siarhei sergiu serge
sophia sofia sofiya zofia sofie sophie sofija
stephen steven stefan stepan stephan istvan esteban stefanos stevan szczepan etienne ștefan
svetlana svitlana
tatiana tatyana tetiana tetyana tatjana
theodore fyodor fedor fedir theodoros todor teodor
vladimir volodymyr wladimir vladimer uladzimir
vasily vasyl vassily vasili vasiliy vasile vasilis vassilis basil vasilios wasyl
victor viktor wiktor
viktoria victoria viktoriya viktoriia viktorija wiktoria
william wilhelm guillermo guillaume willem vilhelm guilherme
xenia kseniya ksenia oksana aksana kseniia oxana
yuri yuriy iurii yury jurij yurii
eva ewa yeva ieva hawa havva hawwa hava
samuel samuil shmuel
isaac isaak yitzhak yitzchok yitzchak itzchak ishaq itzhak izaak ishak isak yitskhok
cohen kohen cohn kagan kahn katz כהן
levi levy halevi לוי
mizrahi mizrachi מזרחי
peretz perez פרץ
biton bitton ביטון
friedman fridman freedman פרידמן
azoulay azulay azulai azoulai אזולאי
agbaria igbaria aghbaria
li lee lei ly rhee yi rii lie
li le
chen chan tan tran chin tjan ting chern chinn
wang wong ong vang heng
huang eng ung wong ng hwang ooi wee vong wee oei hoang wang
zhang chang cheung cheong teo jang chong tjong teoh
liu lau low lew liew lau loe lieu
yang yeung yeong young ieong njo
zhao chao chiu jao teo tio
wu ng goh woo ngo
zhou chow chou chau jow chew
xu hsu tsui hui koh shu choi
sun suen soon swen
zhu chu choo
hu hoo woo oh
guo kuo kwok kok quek koay
lin lam lim ling
he ho hoh
gao kao ko
luo lo law loh lou
zheng cheng chang tay teh chung
liang leung leong neo niu
xie hsieh tse chia cheah tze
song soong sung
tang tong teng
deng teng tang
han hon
feng fung foong pang
cao tsao tso cho chow
peng pang phang
zeng tseng tsang chan chang
xiao hsiao siu siew shaw
tian tien tin
dong tung
pan poon pun phua
yuan yuen
cai coi chhoa tsua tsai choi choy chua choa tsoi
jiang chiang keung kiang
yu yue yee
du tu to
ye yeh yip ip yap
cheng ching
su soo so
wei ngai wai
lu lou lo loo
ding ting
ren jen yam
shen sheng shum sim
yao yiu yeo
fu foo
zhong chung
qiu chiu yau khoo hew
hou how
qian chien tsien chin
shi shih see si
kim gim ghim 김
lee yi rhee rhie ri ree 이 리
park bak pak bark 박
choi choe chwe choy 최
jung jeong chung cheong joung chong 정
kang gang 강
cho jo joe 조
yoon yun youn 윤
jang chang 장
lim im rim yim 임 림
oh o 오
seo suh so sur 서
shin sin shinn 신
kwon gwon kweon 권
ahn an 안
hwang whang 황
ryu yoo yu you ryoo liu 유 류
hong 홍
moon mun 문
noh no roh rho 노 로
ko go goh 고
bae pae bai 배
baek paik baik back 백
heo hur huh her 허
shim sim 심
joo ju chu 주
woo wu u 우
koo gu ku goo 구
son sohn 손
jeon chun jun cheon chon jeun 전 천
min 민
nam 남
cha tcha 차
kwak gwak 곽
sung seong 성
sato satoh satou
ito itoh itou
kato katoh katou
kondo kondoh kondou
goto gotoh gotou
saito saitoh saitou
ono oono ohno
ota oota ohta
endo endoh endou
yuko yuuko
yuki yuuki
sho shou shoh
so sou soh sow
ryo ryou ryoh
tesfaye tesfai tesfaie
haile hayle hailu
mehari mehary
tekle teklay
berhane birhane
okafor okafo
chukwu chuku
olufemi femi
oluwaseun seun
oluwatobi tobi
chinedu nedu
ngozi ngozichukwu
kwame kwami
mbaye mbay
ndiaye njie ndiay
diallo jallow jalloh diallou
toure touray
traore taraore
ba bah
sow so
keita keyta
nikolaou nikolau
papadopoulos papadopulos papadopoulou papadhopoulos
khan chan kan qan xan خان
shah schah syah
nasreen nasrin nesrin nasrine nasreene nosrin nasarin نسرین نسرين
parveen parvin perveen perwin parbin
shaheen shahin sahin
sultana soltana
huseynov guseinov huseinov gusseinov huseynova guseinova
mammadov mamedov memmedov mamedova mammadova mamedovi
aliyev aliev alijev aliyeva alieva
hryhorenko grigorenko
hrytsenko gritsenko hrycenko gricenko
hovhannisyan oganesyan hovannisian ovanesyan
harutyunyan arutyunyan
hakobyan akopyan hagopian
wojciech voytek wojtek
lukasz lucas luke luka lukas luca lukash
tomasz thomas tomas tamas toma
matthew mateusz matteo mateo matej matei matthias mathieu
mark marek marco marcos markus marc marko
francis francisco francesco franciszek ferenc frantisek
christopher krzysztof cristobal kristof christoph hristo
christina kristina cristina krystyna khrystyna
barbara varvara barbare
susan susanna zuzana zuzanna suzanne
joan joanna johanna joana ioana iwona
theresa teresa tereza
agnes agnieszka ines
beata beatrice beatriz
xhoana joana
gjergj george
mahdi mehdi mahdy mehdy mahadi مهدی مهدي
kamal kemal kamel kameel kamaal كمال کمال
shirin shireen shereen sheereen sirin شیرین شيرين
gurmeet gurmit
harmeet harmit
baljit baljeet
manjit manjeet
luis luiz louis lewis luigi ludovic
luisa louisa luiza louise
inna
gita geeta githa
sita seeta sitha
rao rau ravu row
hirsi xirsi
sean shaun shawn shaughn seaghan
geoffrey jeffrey jeffery jeffry geoff jeff godfrey
rhys reece rees reese rhyse
ciwan jwan jiwan juwan
gowda gauda gouda gaud
""".strip().splitlines()
