"""Kinds of everyday things: a small table of our own, from the general word to what belongs under it."""

from __future__ import annotations

_KINDS = """
dog: poodle, beagle, labrador, golden retriever, retriever, german shepherd, terrier, bulldog, dachshund, husky,
  corgi, collie, chihuahua, pug, dalmatian, rottweiler, greyhound, spaniel, puppy, hound, schnauzer, pomeranian
cat: kitten, tabby, siamese, persian cat, tomcat, kitty
bird: sparrow, eagle, penguin, owl, pigeon, seagull, gull, duck, goose, swan, parrot, crow, robin, hawk, falcon,
  ostrich, flamingo, pelican, peacock, chicken, rooster, hen, turkey, stork, heron, woodpecker, hummingbird, raven,
  magpie, dove, finch, canary, toucan, cockatoo, parakeet, vulture
fish: salmon, trout, goldfish, tuna, shark, cod, herring, carp, catfish, swordfish, sardine, bass, koi, clownfish, eel
horse: pony, stallion, mare, foal, colt, mustang, racehorse
cow: bull, calf, heifer, ox
bear: grizzly, panda, polar bear, grizzly bear, cub
insect: bee, ant, fly, butterfly, beetle, mosquito, wasp, dragonfly, moth, grasshopper, ladybug, ladybird, cricket,
  cockroach
snake: python, cobra, viper, rattlesnake, boa
monkey: baboon, macaque, capuchin
flower: rose, tulip, daisy, sunflower, lily, orchid, daffodil, carnation, poppy, violet, dandelion, lavender,
  chrysanthemum, peony
tree: oak, pine, maple, birch, willow, palm, cedar, elm, fir, spruce, redwood, palm tree, pine tree, sequoia, cypress
fruit: apple, banana, pear, grape, strawberry, cherry, peach, plum, mango, pineapple, watermelon, melon, lemon, lime,
  kiwi, blueberry, raspberry, apricot, grapefruit, papaya, fig, pomegranate, coconut
vegetable: carrot, broccoli, potato, onion, cabbage, lettuce, spinach, cucumber, cauliflower, celery, asparagus,
  eggplant, zucchini, radish, turnip, leek, pea, corn
car: sedan, hatchback, convertible, suv, taxi, limousine, jeep, coupe, minivan, station wagon, sports car, race car,
  police car
truck: pickup, pickup truck, dump truck, fire truck, tow truck, semi, semi truck, tanker, garbage truck
boat: canoe, kayak, sailboat, ferry, yacht, speedboat, raft, gondola, dinghy, motorboat, rowboat, fishing boat, barge
plane: jet, airliner, biplane, glider, seaplane, fighter jet, jumbo jet
bike: mountain bike, tandem, bmx, road bike
computer: laptop, desktop, notebook, tablet computer, pc, macbook
phone: iphone, smartphone, cell phone, landline, payphone
chair: armchair, rocking chair, recliner, deck chair, lawn chair, wheelchair, highchair, throne
table: coffee table, dining table, picnic table
bed: bunk bed, four-poster
shoe: sneaker, sandal, loafer, slipper, high heel, clog, moccasin, trainer, flip flop
hat: cap, baseball cap, beanie, fedora, bonnet, sombrero, cowboy hat, top hat, beret
shirt: t-shirt, blouse, polo shirt, dress shirt, tank top, jersey
coat: raincoat, overcoat, parka, trench coat
bag: backpack, handbag, tote, duffel bag, briefcase, satchel
ball: football, basketball, baseball, tennis ball, soccer ball, volleyball, golf ball, beach ball, softball
bread: baguette, toast, bagel, bun, roll, loaf, sourdough, croissant, pita, naan
cake: cupcake, cheesecake, birthday cake, wedding cake, sponge cake, brownie
meat: beef, pork, chicken, ham, bacon, steak, sausage, lamb, turkey, veal
coffee: espresso, cappuccino, latte, americano, mocha, macchiato
drink: coffee, tea, juice, water, milk, soda, beer, wine, lemonade, cocktail, smoothie, espresso
woman: grandmother, mother, waitress, actress, queen, princess, bride, businesswoman, policewoman, saleswoman, nun,
  wife
man: grandfather, father, waiter, king, prince, groom, businessman, policeman, fireman, gentleman, salesman, monk,
  husband
child: boy, girl, toddler, kid, schoolboy, schoolgirl, preschooler
person: man, woman, boy, girl, child, baby, nurse, doctor, teacher, driver, player, rider, skier, surfer, chef,
  worker, tourist, soldier, cyclist, pedestrian, farmer, police officer, firefighter, skateboarder, snowboarder,
  passenger, student, athlete
animal: dog, cat, bird, horse, cow, sheep, goat, pig, bear, elephant, giraffe, zebra, lion, tiger, monkey, rabbit,
  fish, snake, deer, fox, wolf, camel, kangaroo, penguin, owl, duck, mouse, squirrel, turtle, frog, panda, koala,
  donkey
vehicle: car, truck, bus, motorcycle, bike, train, van, tram, taxi, ambulance, tractor, scooter, boat, plane,
  helicopter, ship
building: house, church, skyscraper, barn, castle, tower, school, hospital, hotel, mosque, temple, cathedral, factory,
  cottage, palace
furniture: chair, table, sofa, bed, desk, dresser, bookcase, cabinet, wardrobe, stool, bench, armchair, nightstand
food: pizza, burger, sandwich, bread, cake, pasta, rice, salad, soup, hot dog, cheese, fruit, vegetable, meat, taco,
  sushi, noodle, banana
clothing: shirt, pants, jacket, dress, skirt, sweater, coat, hat, sock, shoe, jeans, tie, scarf, glove, suit, shorts,
  t-shirt
instrument: guitar, piano, violin, drum, flute, trumpet, saxophone, cello, clarinet, harp, accordion, trombone, banjo,
  ukulele
tool: hammer, screwdriver, saw, drill, wrench, pliers, shovel, rake, axe, chisel
sport: tennis, soccer, baseball, basketball, football, golf, hockey, skiing, surfing, swimming, cricket, rugby,
  volleyball
game: chess, checkers, poker, monopoly, video game, board game, card game
red: crimson, scarlet, maroon, burgundy, ruby
blue: navy, navy blue, turquoise, sky blue, royal blue, azure, cobalt, light blue, dark blue, indigo
green: lime green, olive, emerald, dark green, light green, mint green
purple: violet, lavender, mauve, lilac
sign: stop sign, road sign, street sign, neon sign, billboard
toy: teddy bear, doll, lego, rocking horse, toy car, rubber duck, stuffed animal, yo-yo
road: highway, street, avenue, lane, motorway, boulevard
watch: wristwatch, smartwatch, pocket watch
light: lamp, street light, flashlight, chandelier, lantern
book: novel, textbook, dictionary, cookbook, bible
"""


def _table() -> dict[str, str]:
    lines = _KINDS.replace("\n  ", " ").strip().splitlines()
    return {general: kinds.replace(", ", ",") for general, _, kinds in (line.partition(": ") for line in lines)}


EVERYDAY_KINDS: dict[str, str] = _table()
"""General word to the kinds of it, by commas."""
