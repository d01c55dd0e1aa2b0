"""Classes of everyday words that decide whether one phrase names the same thing as another."""

from __future__ import annotations

_COLOR_WORDS = """
black white red green blue yellow orange purple pink brown gray silver golden beige
"""
COLORS = frozenset(_COLOR_WORDS.split())

_OPEN_WORDS = """
big small large little tiny huge massive tall short long wide old young new adult baby round square flat wooden metal
plastic glass colorful bright dark dirty clean wet dry broken empty full several multiple many various other typical
regular single common similar certain particular unique human professional male female urban busy public partially
hidden beautiful colored heavy light striped blurry distant nearby stone paper rubber cardboard 1 2 3 4 5 6 7 8 9 10
"""
OPEN = COLORS | frozenset(_OPEN_WORDS.split())
"""May stand before any noun without making it another thing."""

_PRIVATIVE_WORDS = """
toy fake model stuffed imaginary artificial former miniature pretend mock cartoon lego origami virtual
sculpted non pseudo gingerbread plush ex replica counterfeit holographic fictional so-called wannabe
"""
PRIVATIVE = frozenset(_PRIVATIVE_WORDS.split())
"""Before a noun these mean that it is none."""

_MATERIALS_WORDS = """
wooden wood plastic metal stone marble bronze rubber paper cardboard glass clay chocolate concrete snow ice sand iron
steel brass foam felt cloth fabric sugar wire tin wax balloon inflatable painted drawn knitted crocheted ceramic
porcelain
"""
MATERIALS = frozenset(_MATERIALS_WORDS.split())
"""Before a living thing these make a figure of it; before an artefact they tell what it is made of."""

_FRAGILE_WORDS = """
paper cardboard chocolate rubber ice snow sand clay foam felt cloth sugar balloon wax knitted crocheted drawn
"""
FRAGILE = frozenset(_FRAGILE_WORDS.split())
"""Before a vehicle, too, these make a figure of it."""

_LIVING_WORDS = """
dog cat bird horse cow sheep goat pig duck goose chicken rooster lion tiger bear elephant giraffe zebra monkey rabbit
bunny doggy mouse rat fox wolf deer moose kangaroo koala panda penguin owl eagle parrot swan fish shark whale dolphin
turtle frog snake lizard crocodile dinosaur butterfly bee ant spider snail crab octopus squirrel hedgehog camel donkey
pony puppy kitten man woman boy girl child person baby people king queen angel flower rose tulip tree palm cactus
plant banana apple orange pear lemon grape strawberry pumpkin carrot tomato potato broccoli mushroom fruit vegetable
animal soldier
"""
LIVING = frozenset(_LIVING_WORDS.split())
"""Heads that no figure of them is."""

_VEHICLES_WORDS = """
car plane train boat ship bus truck airplane tank rocket bike motorcycle helicopter
"""
VEHICLES = frozenset(_VEHICLES_WORDS.split())
"""Heads that no fragile figure of them is."""

_NEGATIONS_WORDS = """
not no never neither nor non without cannot hardly isn't aren't wasn't don't doesn't can't nothing none isnt arent
wasnt dont doesnt cant ain't won't wouldn't couldn't shouldn't barely scarcely except excluding unlike absent lacking
lack nobody
"""
NEGATIONS = frozenset(_NEGATIONS_WORDS.split())
"""Words that deny what they stand beside."""

_OPPOSITES = """
left/right man/woman boy/girl open/closed day/night top/bottom up/down front/back north/south/east/west hot/cold
summer/winter/spring/autumn male/female indoor/outdoor indoors/outdoors inside/outside empty/full bride/groom
king/queen brother/sister mother/father son/daughter upper/lower morning/evening/afternoon sunrise/sunset
old/young/new big/small large/small large/tiny big/little big/tiny wet/dry standing/sitting/lying entrance/exit
ascending/descending happy/sad above/below over/under true/false on/off early/late fast/slow high/low thick/thin
strong/weak rich/poor clean/dirty light/dark heavy/light hard/soft long/short tall/short wide/narrow near/far
before/after first/last start/end beginning/end push/pull enter/leave winner/loser buyer/seller teacher/student
husband/wife uncle/aunt prince/princess actor/actress waiter/waitress grandmother/grandfather arrival/departure
input/output increase/decrease increasing/decreasing forward/backward clockwise/counterclockwise vertical/horizontal
odd/even positive/negative north/west south/east always/never asleep/awake alive/dead cooked/raw ripe/unripe
smiling/frowning sunny/rainy/cloudy/snowy daytime/nighttime breakfast/lunch/dinner floor/ceiling ally/enemy
friend/enemy bitter/sweet major/minor maximum/minimum
"""
OPPOSITES = (*(frozenset(group.split("/")) for group in _OPPOSITES.split()), COLORS)
"""Two words of one group exclude each other."""

_OTHER_THINGS = """
hot dog, corn dog, prairie dog, sea dog, rubber duck, sitting duck, teddy bear, gummy bear, koala bear, sea lion,
sea horse, sea cow, rocking horse, hobby horse, clothes horse, saw horse, pommel horse, trojan horse, guinea pig,
star fish, jelly fish, cray fish, cuttle fish, silver fish, computer mouse, wireless mouse, optical mouse,
baseball bat, cricket bat, snow man, gingerbread man, bean bag, egg plant, ice cream, shaving cream, sun cream,
sea cucumber, sea urchin, sea star, rock star, pop star, movie star, egg nog, lady bird, dragon fly, butter fly,
fire fly, horse fly, crane fly, gingerbread house, bird house, dog house, doll house, ware house, green house,
light house, butter cup, cup cake, pan cake, pine apple, horse radish, peanut butter, apple butter, cocoa butter,
cotton candy, brake shoe, water melon, bear claw, tooth fairy, monkey wrench, alligator clip, piggy bank, river bank,
blood bank, power bank, water bed, river bed, flower bed, truck bed, couch potato, easter egg, night club, golf club,
fish tank, gas tank, fan belt, seat belt, table tennis, fire engine, search engine, key board, clip board, snow board,
skate board, surf board, cup board, card board, straw berry
"""
OTHER_THINGS = frozenset(_OTHER_THINGS.replace("\n", " ").strip().split(", "))
"""Two words of which the second, alone, is another thing: a hot dog is no dog."""
