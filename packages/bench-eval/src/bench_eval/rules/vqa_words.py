"""Words that VQA scores treat alike: numbers, articles and contractions, as the official evaluation script has them.

The tables are data of `vqaEval.py` of https://github.com/GT-Vision-Lab/VQA, under the BSD 2-Clause licence:

Copyright (c) 2014, Aishwarya Agrawal. All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following
   disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
   disclaimer in the documentation and/or other materials provided with the distribution.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT OWNER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF
THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""

from __future__ import annotations

ARTICLES = frozenset({"a", "an", "the"})
"""Dropped."""
_ZERO_TO_TEN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBERS = {"none": "0"} | {word: str(value) for value, word in enumerate(_ZERO_TO_TEN)}
"""Word -> digits; none counts as 0."""
# The form with apostrophes, then what becomes it. Keys with a capital never fire, since texts are lower-cased before,
# and one entry takes an apostrophe away: both as published.
_CONTRACTIONS = """
ain't: aint; aren't: arent; can't: cant; could've: couldve; couldn't: couldnt;
couldn't've: couldn'tve couldnt've; didn't: didnt; doesn't: doesnt; don't: dont; hadn't: hadnt;
hadn't've: hadnt've hadn'tve; hasn't: hasnt; haven't: havent; he'd: hed; he'd've: hed've he'dve; he's: hes;
how'd: howd; how'll: howll; how's: hows; I'd've: Id've I'dve; I'm: Im; I've: Ive; isn't: isnt; it'd: itd;
it'd've: itd've it'dve; it'll: itll; let's: let's; ma'am: maam; mightn't: mightnt;
mightn't've: mightnt've mightn'tve; might've: mightve; mustn't: mustnt; must've: mustve; needn't: neednt;
not've: notve; o'clock: oclock; oughtn't: oughtnt; 'ow's'at: ow's'at 'ows'at 'ow'sat; shan't: shant;
she'd've: shed've she'dve; she's: she's; should've: shouldve; shouldn't: shouldnt;
shouldn't've: shouldnt've shouldn'tve; somebodyd: somebody'd; somebody'd've: somebodyd've somebody'dve;
somebody'll: somebodyll; somebody's: somebodys; someone'd: someoned; someone'd've: someoned've someone'dve;
someone'll: someonell; someone's: someones; something'd: somethingd; something'd've: somethingd've something'dve;
something'll: somethingll; that's: thats; there'd: thered; there'd've: thered've there'dve; there're: therere;
there's: theres; they'd: theyd; they'd've: theyd've they'dve; they'll: theyll; they're: theyre; they've: theyve;
'twas: twas; wasn't: wasnt; we'd've: wed've we'dve; we've: weve; weren't: werent; what'll: whatll;
what're: whatre; what's: whats; what've: whatve; when's: whens; where'd: whered; where's: wheres;
where've: whereve; who'd: whod; who'd've: whod've who'dve; who'll: wholl; who's: whos; who've: whove;
why'll: whyll; why're: whyre; why's: whys; won't: wont; would've: wouldve; wouldn't: wouldnt;
wouldn't've: wouldnt've wouldn'tve; y'all: yall; y'all'll: yall'll y'allll;
y'all'd've: yall'd've y'alld've y'all'dve; you'd: youd; you'd've: youd've you'dve; you'll: youll; you're: youre;
you've: youve
"""
CONTRACTIONS = {
    variant: form.strip()
    for entry in _CONTRACTIONS.split(";")
    for form, variants in [entry.split(":")]
    for variant in variants.split()
}
"""Word -> the same with its apostrophes; 120 entries."""
