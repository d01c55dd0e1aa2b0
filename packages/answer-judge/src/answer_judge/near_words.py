"""Words that one letter inside them separates from other words; none of them is a typing error of another."""

from __future__ import annotations

_WORDS = """
accent accept action auction adapter adopter altitude attitude apartment appeal appear attach attack ballet ballot
bullet bather batter better bitter butter buster baster battle bottle beetle bearing beating boring baring beast
breast boast blanket blacken blacks blocks blooms brooms bother brother bought brought bowler bowlers bride bridge
broach brooch buckle bucket basket biscuit budget gadget button bottom cabbage cabin cactus campus camper canon cannon
canyon canton capital capitol captain curtain certain career carrier courier carpet carrot caret cartoon carton casket
castle cattle kettle cellar collar caller caster cluster center centaur chapel channel chapter charter charger changer
chance change charge cheater heater theater cheese choose chicken kitchen chopper choppers clever clover cloves closet
closest clothes cloths coaster counter costume custom cooker cocker cookie cooking cooling cooper copper copier corner
crooner counties countries county country course curse coarse cradle candle crater carter crowed crowned crowded
crusher crasher cursor dagger danger dancer decade decide decent descent desert dessert detector director dinner diner
dining diving driving dollar dolls drawer drawers drawing drowning dryer drier eraser easier easter eagle expert
export express empress farmer former father farther further feather fiddle middle riddle finder fender finger figure
filter fitter flames frames flight fright fight flower flour follower folder fodder forest finest forget forgot
fountain foundation fridge garage garbage garden gorge gorges general genera giants grants glasses grasses glosses
glider grinder goblet gobble goggles giggles golden gravel grovel travel grater greater guards gourds hammer hamper
hanger hunger hunter harbor harder harness hardness heading heating hearing hiking healer holder holster hopper hipper
horses houses hoses human hymn inland island insect inset jacket jackets jumper jumbler kitten knitter ladder lather
leather latter letter litter later lighter lantern lunch launch lawyer layer lesson lessen lighting lightning lizard
liquor locker looker locket lotion location lounge lunge marble marker masker master matter mother meadow melon metal
mental medal mission mansion mitten mutton monitor monster minster muster money monkey mortar motor motion notion
moving mowing muscle muffin museum napkin needle noodle nestle nickel necklace nozzle nuzzle office officer orange
orchard outer packed parked pocket packet picket painter pointer printer planter painting printing pointing pairing
palace place pallet palette pellet pillar piller paring parking packing parent patent parrot parsley partly party
pasture posture pastor poster patient planets plants planes plates places platter plotter player prayer playing
praying plaster police polite policy poodle puddle paddle peddle portal postal poison prison potter porter pouches
pooches powder power present prevent prices prizes princes prince price project protect protest puzzle muzzle quality
qualify quilter quitter rabbit rabbet racer raiser racket rocket ranger rafter rattle rifle ruffle raffle rider raider
rubber robber rudder ruler roller runner rummer saddle sailor saloon salon salmon sample simple sander sender sausage
savage scarlet scales scares school scroll scooter shooter scream stream screen scene seller settler server sewer
shadow shallow shampoo shelter shutter shatter shells shelves shirts shorts sheets shoots shower shovel shipping
shopping shutters silver sliver singer signer sinker single signal skater skating slipper slapper skipper snicker
sneaker smaller sparrow spinner splint sprint squad squid stable staple stadium statue status statute stature steamer
streamer sticker stocker striker stroller strider stripe strip stairs stars storm story storey stories stones stores
strange stranger stronger string strong strung stripes strikes sunset sunlit supper sweater sweeter swimmer slimmer
switch swatch tablet tables tales tanker tinker taper tapper temple temples tender tenders tennis tester toaster
thread threat throat tiger timber tinder toilet towel towels tower traces tracks tracts trucks trailer trainer traitor
trails trials trains trunks tracker trucker truffle traffic tractor trader trouser turkey turnip tunnel turtle tassel
vessel valley volley villager village violet violent waiter writer winter walker welder wonder wander wallet walnut
warmer washer watcher catcher water weight wright whale while throne thorn abbot beacon bacon liner linear strike
stroke purse pursue sprang spring district distract mister foster faster person parson remainder reminder rector
reactor moth mouth genius genus demon daemon angel angle reply replay corps corpus banker bunker haven heaven verse
versus venue venus witch watch grove groove nation princess pilot plot refugee refuge fellow follow fiction faction
friction fraction losses premise promise armor super witches watches window widow winner winder wizard wooden woolen
worker wreath wealth wrapper warper yellow
"""
NEAR_WORDS = frozenset(_WORDS.split())
"""The rule of `spelling.is_typo` needs no whole dictionary: both ends must agree, which leaves few more than these."""
