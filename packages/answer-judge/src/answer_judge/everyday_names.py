"""A small table of our own: everyday nouns with several names, as a dictionary lists them."""

from __future__ import annotations

_GROUPS = """
phone, cell phone, cellphone, mobile phone, mobile, smartphone, smart phone, telephone
laptop, laptop computer, notebook computer
computer monitor, monitor, screen, computer screen, display screen
tv, television, television set, tv set, telly
remote, remote control
earphones, earbuds, earpieces
computer keyboard, keyboard
light bulb, lightbulb
flashlight, torch, pocket torch
fridge, refrigerator, icebox
stove, cooker, stovetop, kitchen stove
microwave, microwave oven
tap, faucet, water tap
sink, washbasin, basin
bin, trash can, garbage can, trash bin, rubbish bin, dustbin, waste bin, wastebasket, garbage bin
vacuum cleaner, vacuum, hoover
frying pan, skillet, frypan
tablecloth, table cloth
napkin, serviette
wine glass, wineglass
chopping board, cutting board
sofa, couch, settee, loveseat
armchair, easy chair
nightstand, night stand, bedside table
bookcase, bookshelf
wardrobe, clothes closet
crib, cot, baby bed
curtains, drapes
duvet, quilt, comforter
bathroom, restroom, toilet room, washroom, lavatory, public restroom
bathtub, bath, tub
mailbox, letterbox, letter box, post box
bike, bicycle, pushbike, cycle
motorcycle, motorbike
motorcyclist, motorcycle rider, motorbike rider, biker
cyclist, bicyclist, bike rider, bicycle rider
car, automobile, motorcar, auto
truck, lorry
pickup, pickup truck
plane, airplane, aeroplane, aircraft, jet plane, jet airplane
helicopter, chopper
ship, vessel
rowboat, rowing boat
sailboat, sailing boat
taxi, cab, taxicab
bulldozer, dozer
subway, underground railway, metro
tram, streetcar, trolley car
train track, railway track, railroad track, rail track, railway, railroad
train station, railway station, railroad station
train car, train carriage, railway carriage
locomotive, train engine, railway engine
license plate, licence plate, number plate, registration plate
windshield, windscreen
road sign, street sign, traffic sign
traffic light, stoplight, traffic signal, stop light
street light, streetlight, streetlamp, street lamp, lamppost, lamp post
crosswalk, zebra crossing, pedestrian crossing
fire hydrant, fireplug, hydrant
pavement, sidewalk, footpath
highway, motorway, freeway, expressway
gas station, petrol station, filling station
parking lot, car park, parking area
airport, aerodrome
store, shop
skyscraper, high rise, high-rise building
apartment building, apartment block, block of flats
movie theater, cinema
elevator, lift
stairs, staircase, stairway, steps
fence, fencing
lawn, grassy lawn, lawn area
grassy field, grass field, field of grass, grassland, meadow
forest, wood, woods, woodland, wooded area
rock, stone
sea, ocean
beach, seashore, seaside
sunset, setting sun, sundown
sunrise, sunup
fall, autumn
child, kid, young child, small child
baby, infant
girl, young girl, little girl, small girl
boy, young boy, little boy, small boy
man, male, gentleman, guy, male person, adult man
woman, female, lady, female person, adult woman
mother, mom, mum
father, dad
grandmother, grandma
grandfather, grandpa
police officer, policeman, policewoman, cop
firefighter, fireman
mail carrier, mailman, postman
doctor, physician
waiter, waitress
chef, cook
tourist, sightseer
audience, spectators
soccer player, footballer
skateboarder, skater
hitter, batter
doughnut, donut
burger, hamburger
french fries, fries
cookie, biscuit
candy, sweets
soda, soft drink, pop
corn, maize
eggplant, aubergine
zucchini, courgette
cilantro, coriander
shrimp, prawn
ketchup, catsup, tomato ketchup
mayonnaise, mayo
popsicle, ice lolly
movie, film, motion picture
photo, photograph, picture
painting, painted picture
match, game, sports match
tennis match, tennis game, game of tennis
soccer, football, soccer game
ping pong, table tennis
frisbee, flying disc
racket, racquet
baseball glove, baseball mitt, catcher's mitt
seesaw, teeter-totter, teeterboard
merry-go-round, carousel
t-shirt, tee shirt, tee
pants, trousers
sweater, jumper, pullover
glasses, eyeglasses, spectacles
sunglasses, dark glasses, shades
sneakers, trainers, running shoes
swimsuit, bathing suit, swimming costume
tie, necktie
handbag, purse
backpack, rucksack, knapsack
wristwatch, watch
diaper, nappy
leash, dog leash, pet leash, lead
bunny, rabbit
dog, doggy, puppy dog
cat, kitty, pussycat, house cat
cow, cattle
donkey, ass
rooster, cockerel
hippo, hippopotamus
rhino, rhinoceros
ladybug, ladybird
teddy bear, teddy
candle, wax candle
scissors, pair of scissors
adhesive tape, sticky tape
eraser, rubber eraser
gray, grey
color, colour
center, centre
theater, theatre
tire, tyre
curb, kerb
harbor, harbour
jewelry, jewellery
pajamas, pyjamas
yogurt, yoghurt
mustache, moustache
ax, axe
plow, plough
whiskey, whisky
omelet, omelette
traveler, traveller
sulfur, sulphur
mold, mould
armor, armour
"""

EVERYDAY_ALIASES: tuple[tuple[str, ...], ...] = tuple(tuple(line.split(", ")) for line in _GROUPS.strip().split("\n"))
"""Groups of names for one thing, any spelling; British and American ones among them."""
