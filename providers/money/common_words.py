"""English words so common that each is one token, with the space before it, in every vocabulary in use.

Byte-pair vocabularies hold 32,000 to 260,000 pieces, made from text that is mostly English and code: the first
two thousand words of English are whole pieces in all of them. Left out is what is merely common in this product
(latency, rollback, timeout, deployment): small vocabularies break those. Should one here be two pieces somewhere,
the rules for all other words leave room for it (`tokens`). Held to three vocabularies on 2026-11-21: cl100k_base,
o200k_base and the one that Anthropic published have a token of its own for each of these words.
"""

_LIST = """
a able about above accept access according account across act action actions active activity actual actually
add added adding addition additional address after again against age ago agree air all allow allowed allows
almost alone along already also although always am among amount an analysis and annual another answer answers
any anyone anything appear appears application applications applied apply approach are area areas argument
around as ask asked asking at attack attempt attention author authority available average avoid aware away
back background bad balance base based basic basis be became because become becomes been before began begin
beginning behavior behind being believe below benefit benefits best better between beyond big bit block board
body book both bottom box break bring brought build building built business but buy by
call called calling calls came can cannot capital car care carry case cases catch cause caused causes center
central certain certainly chance change changed changes changing character characters charge check choice
choose clear clearly client close closed code collection color column come comes coming command comment
commit common community companies company compare compared complete completed completely complex condition
conditions connect connected connection connections consider considered contact contain contains content
context continue contract contrast contribution control copy correct correctly cost costs could count country
couple course court cover covered create created creates creating critical cross culture current currently
customer customers cut
damage data database date dates day days dead deal death decide decided decision decisions deep default
define defined definition degree delete demand depend depends described description design designed despite
detail details determine developed development did difference differences different difficult direct
direction directly discussion distance distribution do document documents does doing done door doubt down
draw drive drop dropped due during
each earlier early easily easy economic edge edit education effect effective effects effort efforts eight
either element elements else email empty enable end ended ends energy engine engineering enough ensure enter
entire entirely entry environment equal equipment error errors especially even event events ever every
everyone everything evidence exact exactly example examples except existing exists expect expected
experience explain explained express extent extra
face fact factor factors facts fail failed failure fall false family far fast faster feature features feel
few field fields fight figure file files fill final finally financial find finding fine finish first fit five
fix fixed flow focus follow followed following follows food for force foreign form formal format former
forms forward found four frame free frequently from front full fully function functions fund further future
gain game games gave general generally generate generated get gets getting give given gives giving global go
goal goes going gone good got government great greater green ground group groups growing growth guess guide
had half hand handle hands happen happened happens hard has have having he head health hear heard heart
heavy held help helps her here high higher highest him himself his history hit hold holds home hope host hot
hour hours house how however human
idea ideas identify if image images impact important impossible improve in include included includes
including increase increased increases indeed independent index individual industry influence information
initial input inside instance instead interest interesting interface internal international into introduced
investment involved is issue issues it item items its itself
job jobs join joined just keep keeping keeps kept key keys kind knew know knowledge known
label lack land language large larger largest last late later latest law lead leader leading leads learn
learning least leave leaves leaving led left legal less let letter letters level levels library lie life
light like likely limit limited limits line lines link links list listed little live lived lives living load
local location long longer look looked looking looks lose loss lost lot low lower
machine made main mainly maintain major make makes making man manage management manager many map mark market
markets master match material matter matters maximum may maybe me mean meaning means meant measure measures
media meet meeting member members memory mention mentioned message messages method methods middle might
military million mind minimum minute minutes miss missing mode model models modern moment money month months
more morning most mother mouth move moved movement moves moving much multiple music must my
name named names nation national natural nature near nearly necessary need needed needs negative network
never new news next nice night no node nodes none nor normal not note notes nothing notice now number numbers
object objects obtain obtained obvious occur occurred of off offer offered office official often oil old on
once one ones online only open opened operating operation operations opportunity option options or order
orders original other others otherwise our out output outside over overall own
page pages paid pain paper parent part particular particularly parties parts party pass passed passing past
path pattern pay people per percent performance perhaps period person personal physical pick picture piece
place placed plan planning plans play played players please plus point points policy political poor popular
population port position positive possible possibly post potential power powerful practice present press
pressure previous price prices primary principle print prior private probably problem problems procedure
process processes produce produced product production products professional program programs progress
project projects proper properly properties property protect protection provide provided provides providing
public published purpose push put
quality query question questions queue quick quickly quite
race raise raised range rate rates rather reach reached read reading ready real reality really reason
reasonable reasons receive received recent recently record records red reduce reduced reference regular
related relation relationship release released relevant remain remains remember remove removed repeat replace
replaced reply report reported reports represent request requests require required requires research reset
resolution resource resources respect response responsible rest restart result results return returned
returns review rich right rights rise risk role room root round row rows rule rules run running runs
safe safety said same save saved saw say saying says scale schedule school science scope score screen script
search second seconds secret section security see seem seems seen select selected send sense sent separate
series serious serve server servers service services session set sets setting settings seven several share
shared she short shot should show showed showing shown shows side sign significant similar simple simply
since single site situation six size skills slow slowly small so social society software solution some
someone something sometimes soon sorry sort sound source sources space speak special specific speed spend
spent split stable stack staff stage stand standard standards start started starting starts state states
statement status stay step steps still stock stop stopped store stories story strategy stream street strength
string strong structure study stuff style subject success successful such suddenly suggest suggested support
sure surface switch system systems
table take taken takes taking talk target task tasks team technical technology tell ten term terms test
testing tests text than thank that the their them themselves then theory there therefore these they thing
things think thinking third this those though thought thread threads three through throughout throw thus
time times title to today together told too took tool tools top total touch toward towards track trade
traffic training transaction transfer travel treatment tree trial tried tries trouble true trust truth try
trying turn turned turns two type types typically
under understand understanding unique unit units unless until up update updated updates upon us usage use
used useful user users uses using usually
valid value values variable variables various version versions very via video view views volume
wait waiting walk wall want wanted wants war warning was watch water way ways we weak web week weeks weight
well went were what whatever when where whether which while white who whole whom whose why wide will win
window windows wish with within without woman women word words work worked workers working works world worse
worst worth would write writes writing written wrong wrote
year years yes yet you young your yourself
zero
"""
COMMON = frozenset(_LIST.split())
