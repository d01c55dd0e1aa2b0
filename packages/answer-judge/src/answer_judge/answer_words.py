"""Words that end an answer, may stand before it, or are none: the vocabulary of `answer_phrases`."""

from __future__ import annotations

_AFTER_A_COMMA = """
as because since so given due which that who whose where based considering but while although though with for in
on used likely made located possibly suggested indicated it this they the there commonly typically providing
creating showing especially particularly not rather however covered partially just even if when along potentially
perhaps maybe leading supporting also otherwise i we you and then thus hence
"""
_AFTER_A_NOUN = """
as because since given due which that who whom whose where based considering but while although though than rather
instead in on at with without behind under near next from for by to into over above below between beside inside
within among around through during after before is are was were has have had can could may might would will being
used located covered placed standing sitting wearing holding riding taking drinking obscured occluded hidden
surrounded filled seen shown when if it itself themselves himself herself they we i he she you like such present
positioned making responsible heavily currently already together alone further indicates suggests partially
potentially possibly perhaps maybe commonly typically often not
"""
_LEADS = """
a an the some another his her their its my our this these those either both just simply only also really actually
likely probably most more possibly potentially indeed be of
"""
_MEASURES = """
kind type sort form piece part portion image picture photo photograph view example variety cluster slice set pair
group bunch couple collection pile stack row number opening section case instance
"""
_NO_ANSWERS = """
drawn reached shown given taken not no none never impossible unclear unknown uncertain difficult hard challenging
important possible necessary essential due because based heavily partially fully completely mostly likely unlikely
plausible reasonable common commonly also that what which there here clear worth crucial safe still so very too
quite in on at by from for with to being made used covered hidden occluded obscured blocked visible supported
determined deduced suggested often usually typically placed located associated surrounded able unable sure certain
evident obvious apparent considered seen shown only just more less most anything something nothing everything
someone somebody it this they these those as if when while where how why who whose and or but however helpful
logical natural logically difficult present absent inferred assumed concluded identified known playing holding
standing sitting wearing designed intended meant further uncommon surprising blurry probable any same consistent
similar related relevant open up down out off unique many several few speculative intentional unintentional
anybody nobody undetermined ambiguous okay ok sorry sure hello whatever
"""
_EMPTY_NOUNS = """
object item thing things objects items answer place image scene block blocks gray grey one ones reason result case
part way kind type fact assumption clue example question conclusion person-in-question same other others shape
size color colour feature similarity inference shot focus subject explanation choice possibility interpretation
guess
"""
_PARTICIPLE_NOUNS = """
setting painting building clothing ring wing king string spring thing ceiling railing wedding icing frosting stuffing
dressing pudding earring evening morning lightning crossing parking swimming dining living sibling duckling
seedling serving filling topping drawing carving clearing landing opening bedding awning lettering writing
covering skiing surfing snowboarding skateboarding shopping fishing sewing warning cooking racing washing vending
baking cutting frying sled shed seed weed feed reed breed speed bread steed bobsled dogsled hundred wooded stained
bunked sacred skinned hooded stuffed fried baked grilled mashed scrambled roasted toasted iced framed
"""
_NOUNS_IN_LY = """
family fly butterfly dragonfly firefly lily jelly belly bully ally rally assembly supply doily anomaly monopoly holly
trolly homily gully teddy
"""
_PREDICATES = """
red green blue yellow orange-colored purple brown black white dark bright big small large little huge tiny tall short
long wide narrow round square rectangular oval flat old new wet dry empty full broken dirty clean colorful delicious
beautiful interesting nice good bad right wrong correct incorrect true false real fake distinct different high low and
"""
_PLACES = """
airport kitchen bathroom bedroom restroom restaurant cafe café office classroom library museum gym stadium hotel
hospital school store supermarket market bakery station terminal garage farm zoo park garden beach desert forest
parking-lot playground
"""
_MODIFIERS = """
tennis baseball basketball soccer football badminton volleyball hockey golf softball cricket rugby traffic electric
gas electronic digital manual wooden plastic metal metallic ceramic paper leather concrete male female public private
commercial residential domestic wild red green blue yellow purple brown black white gray pink big small large little
young old adult baby passenger freight cargo
"""

AFTER_A_COMMA, AFTER_A_NOUN = _AFTER_A_COMMA.split(), _AFTER_A_NOUN.split()
"""Words before which an answer ends."""
LEADS, MEASURES = _LEADS.split(), _MEASURES.split()
"""Words that stand before an answer: determiners and adverbs; `pair` and others before `of`."""
NO_ANSWERS, EMPTY_NOUNS = frozenset(_NO_ANSWERS.split()), frozenset(_EMPTY_NOUNS.split())
"""Words with which no answer begins; nouns with which none ends."""
PARTICIPLE_NOUNS, NOUNS_IN_LY = frozenset(_PARTICIPLE_NOUNS.split()), frozenset(_NOUNS_IN_LY.split())
"""Nouns and adjectives that end like participles; nouns that end like adverbs."""
PREDICATES = frozenset(_PREDICATES.split())
"""Adjectives that alone say what a thing is like, not what it is."""
PLACES = _PLACES.split()
"""A `kitchen area` is a kitchen."""
MODIFIERS = frozenset(_MODIFIERS.split())
"""Words that need a noun after them: `a tennis or badminton racket` names two rackets."""
